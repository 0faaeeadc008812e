/** @file The templates of the simple recurrent layer in JavaScript. */
import type { TemplateRun } from "../../../ir/kernel.ts";
import { multiplyRow, multiplySlopes, multiplyState, stepBackOperands } from "./recurrent.ts";

export function runSimpleForward({ inputs, outputs, params }: TemplateRun): void {
  const [z, wh, h0, mask] = inputs as [Float32Array, Float32Array, Float32Array, Uint32Array];
  const [H] = outputs as [Float32Array];
  const [batch, steps] = params as unknown as [number, number];
  const units = h0.length / batch;
  const sums = new Float64Array(units);
  for (let b = 0; b < batch; b++) {
    let state = b * (steps + 1) * units;
    H.set(h0.subarray(b * units, (b + 1) * units), state);
    for (let t = 0; t < steps; t++, state += units) {
      multiplyState(H, state, wh, units, sums);
      const step = b * steps + t;
      for (let j = 0; j < units; j++) {
        const h = Math.tanh((z[step * units + j] as number) + (sums[j] as number));
        H[state + units + j] = mask[step] !== 0 ? h : (H[state + j] as number);
      }
    }
  }
}

export function runSimpleBackward({ inputs, outputs, params }: TemplateRun): void {
  const [wh, H, dH, mask] = inputs as [Float32Array, Float32Array, Float32Array, Uint32Array];
  const [dZ, dS] = outputs as [Float32Array, Float32Array];
  const [batch, steps] = params as unknown as [number, number];
  const units = dS.length / batch;
  const [slopes, fromNext, held] = [0, 1, 2].map(() => new Float64Array(units)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let b = 0; b < batch; b++) {
    fromNext.fill(0);
    held.fill(0);
    for (let t = steps - 1; t >= 0; t--) {
      const state = (b * (steps + 1) + t) * units;
      const step = b * steps + t;
      const isActive = mask[step] !== 0;
      for (let j = 0; j < units; j++) {
        const dh = (dH[state + units + j] as number) + (fromNext[j] as number) + (held[j] as number);
        const h = H[state + units + j] as number;
        slopes[j] = isActive ? dh * (1 - h * h) : 0;
        dZ[step * units + j] = slopes[j] as number;
        held[j] = isActive ? 0 : dh;
      }
      multiplySlopes(slopes, wh, fromNext);
    }
    for (let j = 0, first = b * (steps + 1) * units; j < units; j++) {
      dS[b * units + j] = (dH[first + j] as number) + (fromNext[j] as number) + (held[j] as number);
    }
  }
}

export function runSimpleStep({ inputs, outputs, params }: TemplateRun): void {
  const [z, h, wh, mask] = inputs as [Float32Array, Float32Array, Float32Array, Uint32Array];
  const [hAfter] = outputs as [Float32Array];
  const [batch, units] = params as unknown as [number, number];
  const sums = new Float64Array(units);
  for (let b = 0; b < batch; b++) {
    multiplyState(h, b * units, wh, units, sums);
    for (let j = 0, place = b * units; j < units; j++, place++) {
      const after = Math.tanh((z[place] as number) + (sums[j] as number));
      hAfter[place] = mask[b] !== 0 ? after : (h[place] as number);
    }
  }
}

export function runSimpleStepBack(run: TemplateRun): void {
  const {
    wh,
    next,
    held,
    saved: after,
    dH,
    mask,
    slopes: dZ,
    heldBefore,
    batch,
    units,
  } = stepBackOperands(run);
  const back = new Float64Array(units);
  for (let b = 0; b < batch; b++) {
    multiplyRow(next, b * units, units, wh, back);
    for (let j = 0, place = b * units; j < units; j++, place++) {
      const h = after[place] as number;
      const dh = (back[j] as number) + (held[place] as number) + (dH[place] as number);
      dZ[place] = mask[b] !== 0 ? dh * (1 - h * h) : 0;
      heldBefore[place] = mask[b] !== 0 ? 0 : dh;
    }
  }
}
