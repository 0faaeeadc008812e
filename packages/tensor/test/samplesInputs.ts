/** @file Reproducible inputs of sample rows: seeded numbers, integers, truth values and well-separated numbers. */
import type { Dtype, RefArray } from "../src/graph/node.ts";
import { shapeOf } from "../src/graph/shape.ts";

/** Uniform numbers in [0, 1) from a linear congruential generator. */
export function generator(seed: number): () => number {
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

function filled(shape: readonly number[], dtype: Dtype, next: (i: number) => number): RefArray {
  const full = shapeOf(shape);
  return { shape: full, dtype, data: Float64Array.from({ length: full.size }, (_, i) => next(i)) };
}

/** float32 values, exact in float32, uniform in [low, high). */
export function uniform(shape: readonly number[], low = -2, high = 2, seed = 1): RefArray {
  const next = generator(seed);
  return filled(shape, "float32", () => Math.fround(low + (high - low) * next()));
}

/** Values 1/2 apart, `offset` from its multiples, in random order: no ties, no kinks near, also against another offset. */
export function separated(shape: readonly number[], seed = 1, offset = 0.125): RefArray {
  const next = generator(seed);
  const { size } = shapeOf(shape);
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return filled(shape, "float32", (i) => ((order[i] as number) - (size - 1) / 2) / 2 + offset);
}

export function integers(
  shape: readonly number[],
  low: number,
  high: number,
  dtype: Dtype = "int32",
  seed = 1,
): RefArray {
  const next = generator(seed);
  return filled(shape, dtype, () => Math.floor(low + (high - low) * next()));
}

export const booleans = (shape: readonly number[], seed = 1): RefArray => integers(shape, 0, 2, "bool", seed);

/** Given values. */
export const values = (
  shape: readonly number[],
  data: readonly number[],
  dtype: Dtype = "float32",
): RefArray =>
  filled(shape, dtype, (i) => (dtype === "float32" ? Math.fround(data[i] as number) : (data[i] as number)));

/** A symmetric positive definite matrix M M^T + I. */
export function positiveDefinite(size: number, seed = 1): RefArray {
  const m = uniform([size, size], -1, 1, seed).data;
  return filled([size, size], "float32", (i) => {
    const [row, column] = [Math.floor(i / size), i % size];
    let sum = row === column ? 1 : 0;
    for (let k = 0; k < size; k++) sum += (m[row * size + k] as number) * (m[column * size + k] as number);
    return Math.fround(sum);
  });
}
