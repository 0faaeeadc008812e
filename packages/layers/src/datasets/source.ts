/** @file A small seeded source of random numbers for data sets, apart from the device's Threefry. */

/** Numbers that depend on the seed and the order of the calls alone. */
export interface RandomSource {
  /** The next number in [0, 1), a multiple of 2^-32. */
  uniform(): number;
  /** The next standard normal number. */
  normal(): number;
  /** The numbers 0 ... count - 1 in random order. */
  order(count: number): Uint32Array;
}

/**
 * A source on mulberry32 (T. Ettinger, public domain): 32 bits of state, a period of 2^32, ample for made-up data.
 * `seed` is an integer; its low 32 bits count.
 */
export function randomSource(seed: number): RandomSource {
  let state = seed >>> 0;
  function uniform(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
  // Box-Muller; 1 - uniform() lies in (0, 1], so the logarithm is finite.
  function normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  }
  function order(count: number): Uint32Array {
    const rows = Uint32Array.from({ length: count }, (_, row) => row);
    for (let last = count - 1; last > 0; last--) {
      const other = Math.floor(uniform() * (last + 1));
      const kept = rows[last]!;
      rows[last] = rows[other]!;
      rows[other] = kept;
    }
    return rows;
  }
  return { uniform, normal, order };
}
