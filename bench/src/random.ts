// Equal numbers in every page: a small seeded generator for data and initial weights.

/** Mulberry32 by Tommy Ettinger: uniform numbers in [0, 1). */
export function seededUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Glorot's uniform initial weights: limit sqrt(6 / (rows + columns)). */
export function glorotUniform(
  rows: number,
  columns: number,
  uniform: () => number,
  length = rows * columns,
): Float32Array<ArrayBuffer> {
  const limit = Math.sqrt(6 / (rows + columns));
  return Float32Array.from({ length }, () => (2 * uniform() - 1) * limit);
}
