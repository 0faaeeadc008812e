/** @file Threefry 2x32 with 20 rounds (Salmon et al. 2011, as in JAX), on the host. */

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

const rotateLeft = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** The two words of block (counter0, counter1) under the key, as uint32. */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): readonly [number, number] {
  const keys = [key0, key1, key0 ^ key1 ^ 0x1bd11bda];
  let first = (counter0 + key0) | 0;
  let second = (counter1 + key1) | 0;
  for (let group = 0; group < 5; group++) {
    for (const by of rotations[(group & 1) as 0 | 1]) {
      first = (first + second) | 0;
      second = rotateLeft(second, by) ^ first;
    }
    first = (first + (keys[(group + 1) % 3] as number)) | 0;
    second = (second + (keys[(group + 2) % 3] as number) + group + 1) | 0;
  }
  return [first >>> 0, second >>> 0];
}
