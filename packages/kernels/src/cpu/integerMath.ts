/** @file Scalar functions of integers that JavaScript lacks. Division by 0 gives the dividend, its remainder 0, as in WGSL. */

export function divide(x: number, y: number): number {
  return y === 0 ? x : x / y;
}

export function rest(x: number, y: number): number {
  return y === 0 ? 0 : x % y;
}

/** Python's remainder: the sign of the divisor. */
export function modulo(x: number, y: number): number {
  const left = rest(x, y);
  return left !== 0 && left < 0 !== y < 0 ? left + y : left;
}

/** Power by squaring, wrapping; a negative exponent gives the truncated reciprocal. */
export function power(base: number, exponent: number): number {
  if (exponent < 0) return base === 1 ? 1 : base === -1 ? (exponent & 1 ? -1 : 1) : 0;
  let result = 1;
  for (let square = base, left = exponent; left !== 0; left >>>= 1) {
    if (left & 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}
