/**
 * @file Tolerances of the generated kernels against float64, by operation. A relative error is taken against max(|expected|, floor):
 * below the floor the error is absolute.
 */

export interface Tolerance {
  readonly relative: number;
  readonly floor: number;
}

/** Two roundings of float32 (2^-23 each). */
const exact: Tolerance = { relative: 2.4e-7, floor: 1e-37 };

/** Operations that WGSL or the library compute with more than two roundings; each with its reason. */
const looser: Readonly<Record<string, Tolerance>> = {
  // WGSL allows 2.5 units in the last place for a division, 2 for inverseSqrt.
  div: { relative: 3e-7, floor: 1e-37 },
  reciprocal: { relative: 3e-7, floor: 1e-37 },
  rsqrt: { relative: 3e-7, floor: 1e-37 },
  sqrt: { relative: 3e-7, floor: 1e-37 },
  exp: { relative: 5e-7, floor: 1e-37 },
  expm1: { relative: 5e-7, floor: 1e-37 },
  log: { relative: 5e-7, floor: 1e-37 },
  log1p: { relative: 5e-7, floor: 1e-37 },
  // Range reduction in float32: absolute error near the zeros of the function.
  sin: { relative: 1e-6, floor: 1 },
  cos: { relative: 1e-6, floor: 1 },
  // sin / cos near its poles; tested for |x| < 1.5.
  tan: { relative: 2e-6, floor: 1e-3 },
  asin: { relative: 6e-7, floor: 1e-37 },
  acos: { relative: 6e-7, floor: 0.1 },
  atan: { relative: 5e-7, floor: 1e-37 },
  atan2: { relative: 6e-7, floor: 1e-37 },
  sinh: { relative: 1e-6, floor: 1e-37 },
  cosh: { relative: 1e-6, floor: 1e-37 },
  tanh: { relative: 8e-7, floor: 1e-37 },
  asinh: { relative: 1e-6, floor: 1e-37 },
  acosh: { relative: 1e-6, floor: 0.01 },
  atanh: { relative: 1e-6, floor: 1e-37 },
  sigmoid: { relative: 1e-6, floor: 1e-37 },
  softplus: { relative: 1e-6, floor: 1e-37 },
  erf: { relative: 8e-7, floor: 1e-37 },
  // x * x is rounded before the logarithm: up to 2^-24 / (1 - x^2) for |x| near 1, as in XLA.
  erfinv: { relative: 5e-6, floor: 1e-37 },
  // |y log2 x| up to 128 is rounded once: 128 * 2^-24 * ln 2 at the extremes of the exponent.
  pow: { relative: 6e-6, floor: 1e-37 },
  // The divisor is added to the remainder where the signs differ: one more rounding, of the larger of the two.
  mod: { relative: 6e-7, floor: 0.1 },
};

/** Sums of a stage: n roundings, of which the lanes and the tree keep all but about sqrt(n). */
export const reductionTolerance = 2e-6;

/** Of a gemm: relative to sqrt(k) for elements below 0.5 in size. */
export const gemmTolerance = 4e-7;

export function toleranceOf(op: string): Tolerance {
  return looser[op] ?? exact;
}
