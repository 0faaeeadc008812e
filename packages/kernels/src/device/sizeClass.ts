/** @file Sizes of pooled buffers, as arithmetic alone. */

/** Above this size a pooled buffer fits exactly: a third of a large buffer is too much to waste. */
const exactAbove = 1 << 16;

/** `bytes` rounded up to a multiple of `step`. */
export function roundUp(bytes: number, step: number): number {
  return Math.ceil(bytes / step) * step;
}

/** Bytes that a value of `bytes` bytes occupies: whole vectors of four words, and never nothing. */
export function paddedBytes(bytes: number): number {
  return Math.max(16, roundUp(bytes, 16));
}

/**
 * Bytes of the GPU buffer behind an allocation: 256, 384, 512, 640, 768, 896, 1024, 1280, ... (four steps from a power of two to the next,
 * so at most a fifth is wasted) up to 64 KiB, then the next multiple of 256.
 */
export function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  if (bytes > exactAbove) return roundUp(bytes, 256);
  const power = 2 ** (Math.ceil(Math.log2(bytes)) - 1);
  return roundUp(bytes, Math.max(128, power / 4));
}
