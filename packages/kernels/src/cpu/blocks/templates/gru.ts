/** @file The GRU templates in JavaScript. */
import type { TemplateRun } from "../../../ir/kernel.ts";
import {
  multiplyRow,
  multiplySlopes,
  multiplyState,
  type Numbers,
  sigmoid,
  stepBackOperands,
} from "./recurrent.ts";

/** The state of a unit after a step, of the state `before`; row `row` of G keeps z, r, the candidate, its recurrent part and the state before. */
function gruUnit(
  { x, bias, sums, G }: { x: Numbers; bias: Numbers; sums: Numbers; G: Numbers },
  row: number,
  unit: number,
  units: number,
  before: number,
): number {
  const given = (gate: number) =>
    (x[(row * 3 + gate) * units + unit] as number) + (bias[gate * units + unit] as number);
  const ofState = (gate: number) =>
    (sums[gate * units + unit] as number) + (bias[(3 + gate) * units + unit] as number);
  const z = sigmoid(given(0) + ofState(0));
  const r = sigmoid(given(1) + ofState(1));
  const recurrent = ofState(2);
  const candidate = Math.tanh(given(2) + r * recurrent);
  const at = row * 5 * units + unit;
  G[at] = z;
  G[at + units] = r;
  G[at + 2 * units] = candidate;
  G[at + 3 * units] = recurrent;
  G[at + 4 * units] = before;
  return z * before + (1 - z) * candidate;
}

/** Slopes of a unit at G[at], from the cotangent of its state after the step: of z, r, h for the input's product, and of h for the state's. */
function gruSlopes(
  G: Numbers,
  at: number,
  units: number,
  dh: number,
): { readonly slopes: readonly [z: number, r: number, h: number, ofState: number]; readonly past: number } {
  const [z, r, candidate, recurrent, before] = [0, 1, 2, 3, 4].map((part) => G[at + part * units]) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const slope = dh * (1 - z) * (1 - candidate * candidate);
  const dz = dh * (before - candidate) * z * (1 - z);
  return { slopes: [dz, slope * recurrent * r * (1 - r), slope, slope * r], past: dh * z };
}

/** Row `row` of dG: slopes z, r, h of the input's product, then those of the state's. */
function storeSlopes(
  dG: Numbers,
  row: number,
  unit: number,
  units: number,
  [z, r, h, ofState]: readonly [number, number, number, number],
): void {
  const at = row * 6 * units + unit;
  dG[at] = z;
  dG[at + units] = r;
  dG[at + 2 * units] = h;
  dG[at + 3 * units] = z;
  dG[at + 4 * units] = r;
  dG[at + 5 * units] = ofState;
}

const none = [0, 0, 0, 0] as const;

export function runGruForward({ inputs, outputs, params }: TemplateRun): void {
  const [x, wh, bias, h0, mask] = inputs as [
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
        const before = H[state + j] as number;
        const after = gruUnit({ x, bias, sums, G }, step, j, units, before);
        H[state + units + j] = mask[step] !== 0 ? after : before;
      }
    }
  }
}

export function runGruBackward({ inputs, outputs, params }: TemplateRun): void {
  const [wh, G, dH, mask] = inputs as [Float32Array, Float32Array, Float32Array, Uint32Array];
  const [dG, dS] = outputs as [Float32Array, Float32Array];
  const [batch, steps] = params as unknown as [number, number];
  const units = dS.length / batch;
  const ofProduct = new Float64Array(3 * units);
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
        const found = gruSlopes(G, step * 5 * units + j, units, dh);
        const slopes = isActive ? found.slopes : none;
        storeSlopes(dG, step, j, units, slopes);
        ofProduct[j] = slopes[0];
        ofProduct[units + j] = slopes[1];
        ofProduct[2 * units + j] = slopes[3];
        held[j] = isActive ? found.past : dh;
      }
      multiplySlopes(ofProduct, wh, fromNext);
    }
    for (let j = 0, first = b * (steps + 1) * units; j < units; j++) {
      dS[b * units + j] = (dH[first + j] as number) + (fromNext[j] as number) + (held[j] as number);
    }
  }
}

export function runGruStep({ inputs, outputs, params }: TemplateRun): void {
  const [x, h, wh, bias, mask] = inputs as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Uint32Array,
  ];
  const [hAfter, G] = outputs as [Float32Array, Float32Array];
  const [batch, units] = params as unknown as [number, number];
  const sums = new Float64Array(3 * units);
  for (let b = 0; b < batch; b++) {
    multiplyState(h, b * units, wh, units, sums);
    for (let j = 0; j < units; j++) {
      const before = h[b * units + j] as number;
      const after = gruUnit({ x, bias, sums, G }, b, j, units, before);
      hAfter[b * units + j] = mask[b] !== 0 ? after : before;
    }
  }
}

export function runGruStepBack(run: TemplateRun): void {
  const { wh, next, held, saved: G, dH, mask, slopes: dG, heldBefore, batch, units } = stepBackOperands(run);
  const back = new Float64Array(units);
  for (let b = 0; b < batch; b++) {
    multiplyRow(next, (b * 6 + 3) * units, 3 * units, wh, back);
    for (let j = 0; j < units; j++) {
      const place = b * units + j;
      const dh = (back[j] as number) + (held[place] as number) + (dH[place] as number);
      const found = gruSlopes(G, b * 5 * units + j, units, dh);
      const isActive = mask[b] !== 0;
      storeSlopes(dG, b, j, units, isActive ? found.slopes : none);
      heldBefore[place] = isActive ? found.past : dh;
    }
  }
}
