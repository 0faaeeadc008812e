/** @file Scalar functions that JavaScript lacks, in float64. */

/** Chebyshev coefficients of erf(x) / x over x * x in [0, 1], fitted to 1e-15. */
const nearErf = [
  0.9754769393826541, -0.14226120510371357, 0.010035582187599743, -0.0005768764699765963,
  2.7419931252069263e-5, -1.1043175507721714e-6, 3.8488755391141716e-8, -1.180858230642734e-9,
  3.233411455250135e-11, -7.994993556081909e-13, 1.7819079545233762e-14, -6.938893903907228e-17,
  8.326672684688674e-17,
];

/** Chebyshev coefficients of erfc(x) * exp(x * x) over x in [1, 4], fitted to 1e-15. */
const farErf = [
  0.24442575284923568, -0.13589862891594603, 0.03563511414853493, -0.00888409861822244, 0.0021184239975531108,
  -0.0004853987640800351, 0.00010727375453769943, -2.2936634481858856e-5, 4.756874691558624e-6,
  -9.589944833850866e-7, 1.8829006876754095e-7, -3.606320650439976e-8, 6.747602079512638e-9,
  -1.2349071678435797e-9, 2.2131497502686504e-10, -3.8879462149754573e-11, 6.701228114081026e-12,
  -1.1342819045134789e-12, 1.8871883222804087e-13, -3.078440280468442e-14, 4.980391099529413e-15,
  -7.28583859910259e-16,
];

/** Sum of coefficients[k] * T_k(t) by Clenshaw's recurrence. */
function chebyshev(coefficients: readonly number[], t: number): number {
  let last = 0;
  let before = 0;
  for (let k = coefficients.length - 1; k > 0; k--) {
    const next = 2 * t * last - before + coefficients[k]!;
    before = last;
    last = next;
  }
  return t * last - before + coefficients[0]!;
}

/** Error function; beyond 4 it is within 2e-8 of 1, which float32 cannot tell. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size <= 1) return x * chebyshev(nearErf, 2 * x * x - 1);
  if (size < 4) return Math.sign(x) * (1 - Math.exp(-x * x) * chebyshev(farErf, (2 * size - 5) / 3));
  return Number.isNaN(x) ? x : Math.sign(x);
}

/**
 * Inverse error function: Winitzki's closed form (2e-3) and three Newton steps. The largest float32 below 1 gives 3.83, where erf
 * still has full precision.
 */
export function erfinv(y: number): number {
  if (Math.abs(y) >= 1) return Math.abs(y) === 1 ? y * Infinity : NaN;
  if (Number.isNaN(y) || y === 0) return y;
  const log = Math.log1p(-y * y);
  const half = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sign(y) * Math.sqrt(Math.sqrt(half * half - log / 0.147) - half);
  for (let i = 0; i < 3; i++) x -= ((erf(x) - y) * Math.sqrt(Math.PI) * Math.exp(x * x)) / 2;
  return x;
}

/** log(1 + exp(x)) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** The sign, 0 for both zeros; NaN stays. */
export function sign(x: number): number {
  return x > 0 ? 1 : x < 0 ? -1 : x === 0 ? 0 : x;
}

/** Nearest integer, halves to even. */
export function roundEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : Math.ceil(x);
  return below % 2 === 0 ? below : below + 1;
}

/** Python's floor division. */
export function floorDiv(x: number, y: number): number {
  return Math.floor(x / y);
}

/** Python's remainder: the sign of the divisor. */
export function mod(x: number, y: number): number {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

/** IEEE pow: 1 for base 1 and for (-1, +-Infinity), where JavaScript gives NaN. */
export function pow(x: number, y: number): number {
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  return x ** y;
}
