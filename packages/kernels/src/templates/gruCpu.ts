/** @file The GRU templates in JavaScript. */
import type { TemplateRun } from "../ir/kernel.ts";
import { multiplySlopes, multiplyState, sigmoid } from "./recurrentCpu.ts";

export function runGruForward({ inputs, outputs, params }: TemplateRun): void {
  const [x, wh, br, h0, mask] = inputs as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Uint32Array,
  ];
  const [H, G] = outputs as [Float32Array, Float32Array];
  const [batch, steps] = params as unknown as [number, number];
  const units = h0.length / batch;
  const sums = new Float64Array(3 * units);
  for (let b = 0; b < batch; b++) {
    let state = b * (steps + 1) * units;
    H.set(h0.subarray(b * units, (b + 1) * units), state);
    for (let t = 0; t < steps; t++, state += units) {
      multiplyState(H, state, wh, units, sums);
      const step = b * steps + t;
      for (let j = 0; j < units; j++) {
        const recurrent = (gate: number) =>
          (sums[gate * units + j] as number) + (br[gate * units + j] as number);
        const given = (gate: number) => x[(step * 3 + gate) * units + j] as number;
        const z = sigmoid(given(0) + recurrent(0));
        const r = sigmoid(given(1) + recurrent(1));
        const candidate = Math.tanh(given(2) + r * recurrent(2));
        const at = step * 4 * units + j;
        G[at] = z;
        G[at + units] = r;
        G[at + 2 * units] = candidate;
        G[at + 3 * units] = recurrent(2);
        const before = H[state + j] as number;
        H[state + units + j] = mask[step] !== 0 ? z * before + (1 - z) * candidate : before;
      }
    }
  }
}

export function runGruBackward({ inputs, outputs, params }: TemplateRun): void {
  const [wh, H, G, dH, mask] = inputs as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Uint32Array,
  ];
  const [dX, dR, dS] = outputs as [Float32Array, Float32Array, Float32Array];
  const [batch, steps] = params as unknown as [number, number];
  const units = dS.length / batch;
  const slopes = new Float64Array(3 * units);
  const [fromNext, held] = [new Float64Array(units), new Float64Array(units)];
  for (let b = 0; b < batch; b++) {
    fromNext.fill(0);
    held.fill(0);
    for (let t = steps - 1; t >= 0; t--) {
      const state = (b * (steps + 1) + t) * units;
      const step = b * steps + t;
      const isActive = mask[step] !== 0;
      for (let j = 0; j < units; j++) {
        const dh = (dH[state + units + j] as number) + (fromNext[j] as number) + (held[j] as number);
        const at = step * 4 * units + j;
        const [z, r] = [G[at] as number, G[at + units] as number];
        const [candidate, recurrent] = [G[at + 2 * units] as number, G[at + 3 * units] as number];
        const slope = dh * (1 - z) * (1 - candidate * candidate);
        const write = (gate: number, given: number, back: number) => {
          dX[(step * 3 + gate) * units + j] = isActive ? given : 0;
          slopes[gate * units + j] = isActive ? back : 0;
        };
        const dz = dh * ((H[state + j] as number) - candidate) * z * (1 - z);
        const dr = slope * recurrent * r * (1 - r);
        write(0, dz, dz);
        write(1, dr, dr);
        write(2, slope, slope * r);
        dR[step * units + j] = isActive ? slope * r : 0;
        held[j] = isActive ? dh * z : dh;
      }
      multiplySlopes(slopes, wh, fromNext);
    }
    for (let j = 0, first = b * (steps + 1) * units; j < units; j++) {
      dS[b * units + j] = (dH[first + j] as number) + (fromNext[j] as number) + (held[j] as number);
    }
  }
}
