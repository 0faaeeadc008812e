/** @file Double-precision special functions for the reference interpreter. */

/** erf for |x| < 3: 2/sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (1 3 5 ... (2n+1)); all terms have one sign, so nothing cancels. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** erfc for x >= 3 by its continued fraction e^(-x^2)/sqrt(pi) / (x + 1/2 / (x + 1 / (x + 3/2 / ...))). */
function erfcFraction(x: number): number {
  let tail = x;
  for (let n = 60; n > 0; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
}

/** Gauss error function, relative error about 1e-15. */
export function erf64(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) < 3) return x === 0 ? x : erfSeries(x);
  return Math.sign(x) * (1 - erfcFraction(Math.abs(x)));
}

/** Inverse error function: Winitzki's estimate, then Halley steps on erf. */
export function erfInverse64(y: number): number {
  if (!(Math.abs(y) < 1)) return Math.abs(y) === 1 ? y * Number.POSITIVE_INFINITY : Number.NaN;
  const logTerm = Math.log1p(-y * y);
  const half = 2 / (Math.PI * 0.147) + logTerm / 2;
  let x = Math.sign(y) * Math.sqrt(Math.sqrt(half * half - logTerm / 0.147) - half);
  for (let step = 0; step < 4; step++) {
    const error = (erf64(x) - y) / ((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x));
    x -= error / (1 + x * error);
  }
  return x;
}

/** Nearest integer; halves go to the even one. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** The nearest float16, ties to even. */
export function roundHalf(x: number): number {
  const size = Math.abs(x);
  if (!(size < 65520)) return size >= 65520 ? Math.sign(x) * Infinity : x;
  // A step of the binade, 2^-24 below 2^-14.
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(size))) - 10);
  return size === 0 ? x : roundHalfEven(x / step) * step;
}
