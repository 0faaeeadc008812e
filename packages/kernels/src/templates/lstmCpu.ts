/** @file The LSTM templates in JavaScript. */
import type { TemplateRun } from "../ir/kernel.ts";
import { lstmGates, multiplySlopes, multiplyState } from "./recurrentCpu.ts";

export function runLstmForward({ inputs, outputs, params }: TemplateRun): void {
  const [z, wh, h0, c0, mask] = inputs as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Uint32Array,
  ];
  const [H, C, G] = outputs as [Float32Array, Float32Array, Float32Array];
  const [batch, steps] = params as unknown as [number, number];
  const units = h0.length / batch;
  const sums = new Float64Array(4 * units);
  for (let b = 0; b < batch; b++) {
    let state = b * (steps + 1) * units;
    H.set(h0.subarray(b * units, (b + 1) * units), state);
    C.set(c0.subarray(b * units, (b + 1) * units), state);
    for (let t = 0; t < steps; t++, state += units) {
      multiplyState(H, state, wh, units, sums);
      const isActive = mask[b * steps + t] !== 0;
      for (let j = 0, at = (b * steps + t) * 4 * units; j < units; j++, at++) {
        const [i, f, g, o] = lstmGates(z, at, sums, j, units, G);
        const before = C[state + j] as number;
        const c = f * before + i * g;
        C[state + units + j] = isActive ? c : before;
        H[state + units + j] = isActive ? o * Math.tanh(c) : (H[state + j] as number);
      }
    }
  }
}

export function runLstmBackward({ inputs, outputs, params }: TemplateRun): void {
  const [wh, C, G, dH, dC, mask] = inputs as [...Float32Array[], Uint32Array] as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Uint32Array,
  ];
  const [dZ, dS] = outputs as [Float32Array, Float32Array];
  const [batch, steps] = params as unknown as [number, number];
  const units = dS.length / (2 * batch);
  const slopes = new Float64Array(4 * units);
  const [fromNext, heldH, heldC] = [0, 1, 2].map(() => new Float64Array(units)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let b = 0; b < batch; b++) {
    for (const carry of [fromNext, heldH, heldC]) carry.fill(0);
    for (let t = steps - 1; t >= 0; t--) {
      const state = (b * (steps + 1) + t) * units;
      const isActive = mask[b * steps + t] !== 0;
      for (let j = 0, at = (b * steps + t) * 4 * units; j < units; j++, at++) {
        const after = state + units + j;
        const dh = (dH[after] as number) + (fromNext[j] as number) + (heldH[j] as number);
        const dc = (dC[after] as number) + (heldC[j] as number);
        const [i, f, g, o] = [0, 1, 2, 3].map((gate) => G[at + gate * units]) as [
          number,
          number,
          number,
          number,
        ];
        const c = Math.tanh(C[after] as number);
        const slope = dc + dh * o * (1 - c * c);
        const write = (gate: number, value: number) => {
          slopes[gate * units + j] = isActive ? value : 0;
          dZ[at + gate * units] = isActive ? value : 0;
        };
        write(0, slope * g * i * (1 - i));
        write(1, slope * (C[state + j] as number) * f * (1 - f));
        write(2, slope * i * (1 - g * g));
        write(3, dh * c * o * (1 - o));
        heldH[j] = isActive ? 0 : dh;
        heldC[j] = isActive ? slope * f : dc;
      }
      multiplySlopes(slopes, wh, fromNext);
    }
    for (let j = 0, first = b * (steps + 1) * units; j < units; j++) {
      dS[b * 2 * units + j] = (dH[first + j] as number) + (fromNext[j] as number) + (heldH[j] as number);
      dS[(b * 2 + 1) * units + j] = (dC[first + j] as number) + (heldC[j] as number);
    }
  }
}
