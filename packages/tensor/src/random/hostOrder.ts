/** @file Random orders computed on the host, with the numbers the device would draw. */
import { threefry2x32 } from "../primitives/threefry.ts";

/** Sorting by 32-bit keys repeats until equal keys no longer show: ceil(3 ln(size) / ln(2^32 - 1)), as in JAX. */
export const shuffleRounds = (size: number): number =>
  Math.ceil((3 * Math.log(Math.max(1, size))) / Math.log(2 ** 32 - 1));

interface Keyed {
  readonly keys: Uint32Array;
  readonly order: Int32Array;
}

/** Moves `from` into `to`, stably by eight bits of the keys. */
function sortPass(from: Keyed, to: Keyed, shift: number): void {
  const starts = new Int32Array(257);
  for (let i = 0; i < from.keys.length; i++) starts[((from.keys[i]! >>> shift) & 255) + 1]!++;
  for (let digit = 1; digit < 257; digit++) starts[digit]! += starts[digit - 1]!;
  for (let i = 0; i < from.keys.length; i++) {
    const place = starts[(from.keys[i]! >>> shift) & 255]!++;
    to.order[place] = from.order[i]!;
    to.keys[place] = from.keys[i]!;
  }
}

/** Sorts stably by the keys: their bytes from the lowest to the highest. */
function sortByKeys(keyed: Keyed): void {
  const spare = { keys: new Uint32Array(keyed.keys.length), order: new Int32Array(keyed.keys.length) };
  for (const shift of [0, 16]) {
    sortPass(keyed, spare, shift);
    sortPass(spare, keyed, shift + 8);
  }
}

/**
 * For each vector along the middle axis of [outer, n, inner] the positions its shuffled elements come from; row-major, as the device's
 * `takeAlongAxis` reads them.
 */
export function hostOrder(
  key: readonly [number, number],
  [outer, n, inner]: readonly [number, number, number],
): Int32Array {
  const size = outer * n * inner;
  const order = new Int32Array(size);
  for (let i = 0; i < size; i++) order[i] = Math.floor(i / inner) % n;
  let next = key;
  for (let round = shuffleRounds(size); round > 0; round--) {
    const subkey = threefry2x32(...next, 0, 1);
    next = threefry2x32(...next, 0, 0);
    for (let vector = 0; vector < outer * inner; vector++) {
      const start = Math.floor(vector / inner) * n * inner + (vector % inner);
      sortVector(order, subkey, start, inner, n);
    }
  }
  return order;
}

function sortVector(
  order: Int32Array,
  [first, second]: readonly [number, number],
  start: number,
  stride: number,
  n: number,
): void {
  const vector = { keys: new Uint32Array(n), order: new Int32Array(n) };
  for (let i = 0; i < n; i++) {
    const words = threefry2x32(first, second, 0, start + i * stride);
    vector.keys[i] = words[0] ^ words[1];
    vector.order[i] = order[start + i * stride]!;
  }
  sortByKeys(vector);
  for (let i = 0; i < n; i++) order[start + i * stride] = vector.order[i]!;
}

/**
 * A random order of 0 ... n - 1, computed at once on the host; equal to `permutation(n, { seed })`.
 *
 * @param seed - An integer from 0 to 2^32 - 1, or the two words of a key.
 * @example
 * hostPermutation(0, 10); // [0, 1, 8, 5, 6, 4, 3, 2, 7, 9]
 */
export function hostPermutation(seed: number | readonly [number, number], n: number): Int32Array {
  return hostOrder(typeof seed === "number" ? [seed, 0] : seed, [1, n, 1]);
}
