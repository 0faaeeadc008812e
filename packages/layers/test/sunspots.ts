/** @file Windows of a series for forecasts of its next value. */
import type { Data } from "../src/index.ts";

export interface Windows {
  /** [n, steps, 1]. */
  readonly x: Data;
  readonly y: { readonly data: Float32Array<ArrayBuffer>; readonly shape: readonly number[] };
  /** The value before each target: the forecast that says nothing changes. */
  readonly last: Float32Array<ArrayBuffer>;
}

/** The series with mean 0 and spread 1 over its first `count` values. */
export function standardized(series: readonly number[], count: number) {
  const first = series.slice(0, count);
  const mean = first.reduce((sum, value) => sum + value, 0) / count;
  const spread = Math.sqrt(first.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
  return { values: Float32Array.from(series, (value) => (value - mean) / spread), spread };
}

/** Targets `from` to `to` of the series, each with the `steps` values before it. */
export function forecastWindows(values: Float32Array, steps: number, from: number, to: number): Windows {
  const count = to - from;
  const x = new Float32Array(count * steps);
  for (let i = 0; i < count; i++) x.set(values.subarray(from + i - steps, from + i), i * steps);
  return {
    x: { data: x, shape: [count, steps, 1] },
    y: { data: values.slice(from, to) as Float32Array<ArrayBuffer>, shape: [count, 1] },
    last: values.slice(from - 1, to - 1) as Float32Array<ArrayBuffer>,
  };
}

export function rootMeanSquare(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return Math.sqrt(sum / a.length);
}
