/** @file Seeds of everything that was given none: one generator that `setRandomSeed` restarts. */

/** Weyl sequence with a multiplicative mix (mulberry32): 32 good bits a call, enough to seed the counter-based generators. */
function seedSequence(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (bits ^ (bits >>> 14)) >>> 0;
  };
}

let next: (() => number) | null = null;

/** A seed for something that was given none, in [0, 2^31). */
export function freshSeed(): number {
  next ??= seedSequence(Math.floor(Math.random() * 2 ** 32));
  return next() & 0x7fffffff;
}

/**
 * Makes everything that follows repeatable: initial weights, dropout masks, the order of batches.
 *
 * @param seed - A non-negative integer.
 * @example
 * utils.setRandomSeed(42);
 */
export function setRandomSeed(seed: number): void {
  next = seedSequence(seed);
}
