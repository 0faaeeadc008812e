/** @file Rounding of float32 to float16. */

/** 2^-14: below it float16 has steps of 2^-24. */
const smallestNormal = 0x38800000;
/** 65520, half a step above the largest: it and all above round to infinity. */
const firstInfinite = 0x477ff000;
const infinity = 0x7f800000;

/** The bits of the float32 `x`, whose own are `bits`, rounded to float16 (ties to even) and still a float32. */
export function roundedBits(x: number, bits: number, scratch: Float32Array, words: Int32Array): number {
  const size = bits & 0x7fffffff;
  const sign = bits & 0x80000000;
  if (size >= smallestNormal) {
    if (size > infinity) return bits;
    if (size >= firstInfinite) return sign | infinity;
    return sign | ((size + 0xfff + ((size >>> 13) & 1)) & ~0x1fff);
  }
  // The step of float32 at 0.5 is half a step of float32 at 1: 2^-24.
  scratch[0] = Math.fround(Math.abs(x) + 0.5) - 0.5;
  return sign | words[0]!;
}

/** The 16 bits of a float32 that is a float16: `bits` are its own. */
export function toWord(bits: number, x: number): number {
  const size = bits & 0x7fffffff;
  const sign = (bits >>> 16) & 0x8000;
  if (size > infinity) return sign | 0x7e00;
  if (size === infinity) return sign | 0x7c00;
  return sign | (size >= smallestNormal ? (size - 0x38000000) >>> 13 : Math.abs(x) * 0x1000000);
}

/** The float16 nearest to `x`, a float32. */
export function roundHalf(x: number): number {
  const { scratch, words } = scratchWord();
  scratch[0] = x;
  words[0] = roundedBits(x, words[0]!, scratch, words);
  return scratch[0];
}

/** A float32 and its bits. */
export function scratchWord(): { scratch: Float32Array; words: Int32Array } {
  const scratch = new Float32Array(1);
  return { scratch, words: new Int32Array(scratch.buffer) };
}
