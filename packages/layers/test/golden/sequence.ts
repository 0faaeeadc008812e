/** @file The exact input formula that the golden files share with tools/golden/common.py. */

/**
 * Float32 numbers in [-scale / 2, scale / 2): the upper 16 bits of a 32-bit multiplicative generator, exact in both languages.
 *
 * @example
 * const cotangent = sequence([5, 3], 52);
 */
export function sequence(shape: readonly number[], salt: number, scale = 2): Float32Array<ArrayBuffer> {
  let state = Math.imul(salt, 2654435761) >>> 0;
  return Float32Array.from({ length: shape.reduce((product, extent) => product * extent, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 16) / 65536 - 0.5) * scale;
  });
}
