/** @file Normal numbers on the host, those that the device would draw; for what is computed there, such as a decomposition. */
import { erfInverse64 } from "../primitives/special.ts";
import { threefry2x32 } from "../primitives/threefry.ts";

/** nextafter(-1, 0), as in `normalOf`. */
const aboveMinusOne = -(1 - 2 ** -24);

/**
 * Standard normals: the device's `normal` of the same key, within 1e-6.
 *
 * @param key - An integer seed, or the two words of a key.
 * @param count - How many.
 * @example
 * random.hostNormal(42, 6); // the numbers of random.normal([2, 3], { seed: 42 })
 */
export function hostNormal(
  key: number | readonly [number, number],
  count: number,
): Float32Array<ArrayBuffer> {
  const [first, second] = typeof key === "number" ? [key, 0] : key;
  return Float32Array.from({ length: count }, (_, i) => {
    const [a, b] = threefry2x32(first, second, 0, i);
    const unit = ((a ^ b) >>> 9) * 2 ** -23;
    return Math.SQRT2 * erfInverse64(Math.fround(unit * 2 + aboveMinusOne));
  });
}
