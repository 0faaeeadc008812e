/** A seeded order of rows: the same seed and epoch give the same batches. */

/** Numbers in [0, 1) from a 32-bit state (splitmix32). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296;
  };
}

/** A permutation of 0..count-1 (Fisher-Yates). */
export function permutation(count: number, seed: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  const next = randomSource(seed);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    const held = order[last] as number;
    order[last] = order[other] as number;
    order[other] = held;
  }
  return order;
}
