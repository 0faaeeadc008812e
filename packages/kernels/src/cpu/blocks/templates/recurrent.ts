/** @file What the recurrent templates share on the cpu: products of one row with the recurrent weights, accumulated in double precision. */
import type { TemplateRun } from "../../../ir/kernel.ts";

export type Numbers = Float32Array | Float64Array;

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** sums[n] = sum over k of state[from + k] * weights[k, n]. */
export function multiplyState(
  state: Float32Array,
  from: number,
  weights: Float32Array,
  units: number,
  sums: Float64Array,
): void {
  const columns = sums.length;
  sums.fill(0);
  for (let k = 0, at = 0; k < units; k++) {
    const factor = state[from + k] as number;
    for (let n = 0; n < columns; n++) sums[n] = (sums[n] as number) + factor * (weights[at++] as number);
  }
}

/** sums[k] = sum over n of slopes[n] * weights[k, n]. */
export function multiplySlopes(slopes: Float64Array, weights: Float32Array, sums: Float64Array): void {
  multiplyRow(slopes, 0, slopes.length, weights, sums);
}

/** sums[k] = sum over the n of `columns` of slopes[from + n] * weights[k, n]. */
export function multiplyRow(
  slopes: Numbers,
  from: number,
  columns: number,
  weights: Float32Array,
  sums: Float64Array,
): void {
  for (let k = 0, at = 0; k < sums.length; k++) {
    let sum = 0;
    for (let n = 0; n < columns; n++) sum += (slopes[from + n] as number) * (weights[at++] as number);
    sums[k] = sum;
  }
}

/** What a step back of any recurrence takes and gives. `saved`: what the forward step kept; `held`: the state's gradient from later steps. */
export function stepBackOperands({ inputs, outputs, params }: TemplateRun) {
  const [wh, next, held, saved, dH, mask] = inputs as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Uint32Array,
  ];
  const [slopes, heldBefore] = outputs as [Float32Array, Float32Array];
  const [batch, units] = params as unknown as [number, number];
  return { wh, next, held, saved, dH, mask, slopes, heldBefore, batch, units };
}
