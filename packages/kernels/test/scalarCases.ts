/** @file For every scalar operation on float32: arguments to test and the float64 reference. */

export interface ScalarCase {
  readonly op: string;
  /** Arguments, one array per operand, all of one length. */
  readonly inputs: readonly Float32Array[];
  reference(...args: number[]): number;
}

function between(low: number, high: number, count = 400): number[] {
  return Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}

/** Powers of ten from `low` to `high` in size, of both signs unless `positive`. */
function decades(low: number, high: number, positive = false): number[] {
  const sizes = between(Math.log10(low), Math.log10(high), 200).map((e) => 10 ** e);
  return positive ? sizes : [...sizes, ...sizes.map((x) => -x)];
}

const specials = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
const wide = [...between(-10, 10), ...decades(1e-7, 1e4), ...specials];
const near = [...between(-1, 1), ...decades(1e-8, 1), ...specials];
const positive = [...between(0.001, 10), ...decades(1e-30, 1e30, true), ...specials, -1];

/** Series and asymptotic form of the complementary error function in float64 (1e-15). */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  let term = size;
  let sum = size;
  for (let n = 1; n < 200; n++) {
    term *= (-size * size) / n;
    sum += term / (2 * n + 1);
  }
  // Cancellation from 3 on: there 1 - erf comes from the continued fraction.
  if (size < 3) return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  let fraction = size;
  for (let n = 80; n > 0; n--) fraction = size + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-size * size) / (fraction * Math.sqrt(Math.PI)));
}

function erfinv(y: number): number {
  if (Math.abs(y) >= 1 || Number.isNaN(y))
    return Math.abs(y) === 1 ? y * Number.POSITIVE_INFINITY : Number.NaN;
  let [low, high] = [-6, 6];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (erf(middle) < y) low = middle;
    else high = middle;
  }
  return Math.abs(y) < 1e-4 ? (y * Math.sqrt(Math.PI)) / 2 : (low + high) / 2;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The nearest float16, ties to even. */
export function nearestHalf(value: number): number {
  const x = Math.fround(value);
  if (!(Math.abs(x) < 65520)) return Number.isNaN(x) ? x : Math.sign(x) * Number.POSITIVE_INFINITY;
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(x)))) - 10);
  return x === 0 ? x : roundHalfEven(x / step) * step;
}

function unary(op: string, reference: (x: number) => number, inputs: readonly number[] = wide): ScalarCase {
  return { op, inputs: [Float32Array.from(inputs)], reference };
}

/** Every pair of two lists. */
function pairs(a: readonly number[], b: readonly number[]): Float32Array[] {
  return [Float32Array.from(a.flatMap((x) => b.map(() => x))), Float32Array.from(a.flatMap(() => b))];
}

function binary(op: string, reference: (x: number, y: number) => number, a = some, b = some): ScalarCase {
  return { op, inputs: pairs(a, b), reference };
}

const some = [...between(-7, 7, 29), 0.1, 1e-3, 1e10, ...specials];
const flag = (value: boolean) => Number(value);

function minMax(pick: (a: number, b: number) => number) {
  return (a: number, b: number) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : pick(a, b));
}

function pythonMod(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** C's pow: JavaScript gives NaN for 1 to an infinite or NaN power. */
function pow(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;
}

const divisors = between(-7, 7, 28).filter((x) => x !== 0);
const finite = between(-70, 70, 57);

export const scalarCases: readonly ScalarCase[] = [
  unary("exp", Math.exp, [...wide, ...between(-87, 88.5)]),
  unary("expm1", Math.expm1, [...wide, ...between(-30, 88)]),
  unary("log", Math.log, positive),
  unary("log1p", Math.log1p, [...near, ...positive]),
  unary("sqrt", Math.sqrt, positive),
  unary(
    "rsqrt",
    (x) => 1 / Math.sqrt(x),
    positive.filter((x) => !Object.is(x, -0)),
  ),
  unary("reciprocal", (x) => 1 / x, wide),
  unary("sin", Math.sin, [...wide, ...between(-9999, 9999)]),
  unary("cos", Math.cos, [...wide, ...between(-9999, 9999)]),
  unary("tan", Math.tan, [...between(-1.5, 1.5), ...decades(1e-7, 1)]),
  unary("asin", Math.asin, [...near, 1.5]),
  unary("acos", Math.acos, [...near, 1.5]),
  unary("atan", Math.atan),
  unary(
    "sinh",
    Math.sinh,
    [...wide, ...between(-88, 88)].filter((x) => !(Math.abs(x) > 88 && Number.isFinite(x))),
  ),
  unary(
    "cosh",
    Math.cosh,
    [...wide, ...between(-88, 88)].filter((x) => !(Math.abs(x) > 88 && Number.isFinite(x))),
  ),
  unary("tanh", Math.tanh),
  unary("asinh", Math.asinh, [...wide, ...decades(1e-7, 1e30)]),
  unary("acosh", Math.acosh, [...positive, ...between(1, 2)]),
  unary("atanh", Math.atanh, [...near.filter((x) => !(Math.abs(x) > 0.9999 && Math.abs(x) < 1)), 1.5]),
  unary(
    "sigmoid",
    (x) => 1 / (1 + Math.exp(-x)),
    [...wide, ...between(-87, 87)].filter(
      (x) => x > -87 || x === Number.NEGATIVE_INFINITY || Number.isNaN(x),
    ),
  ),
  unary(
    "softplus",
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    [...wide, ...between(-87, 87)].filter(
      (x) => x > -87 || x === Number.NEGATIVE_INFINITY || Number.isNaN(x),
    ),
  ),
  unary("erf", erf),
  unary("erfinv", erfinv, [
    ...between(-0.9999, 0.9999),
    0.99999,
    -0.999999,
    ...decades(1e-6, 1),
    ...specials.slice(0, 2),
    1,
    -1,
    Number.NaN,
  ]),
  unary("floor", Math.floor),
  unary("ceil", Math.ceil),
  unary("trunc", Math.trunc),
  unary("round", roundHalfEven, [...wide, ...between(-8, 8, 33)]),
  unary("half", nearestHalf, [
    ...wide,
    ...decades(1e-9, 1e6),
    65504,
    65519,
    65520,
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
  ]),
  unary("neg", (x) => -x),
  unary("abs", Math.abs),
  unary("sign", Math.sign),
  binary("add", (a, b) => a + b),
  binary("sub", (a, b) => a - b),
  binary("mul", (a, b) => a * b),
  binary("div", (a, b) => a / b),
  binary("floorDiv", (a, b) => Math.floor(Math.fround(a) / Math.fround(b)), finite, divisors),
  binary("mod", pythonMod, [...finite, 1e3, 4000.5], divisors),
  binary("max", minMax(Math.max)),
  binary("min", minMax(Math.min)),
  binary(
    "pow",
    pow,
    [...between(-4, 4, 33), 1e-3, 10, ...specials],
    [...between(-6, 6, 25), 0.1, 15, 30, ...specials],
  ),
  binary("atan2", Math.atan2),
  binary("eq", (a, b) => flag(a === b)),
  binary("ne", (a, b) => flag(a !== b)),
  binary("lt", (a, b) => flag(a < b)),
  binary("le", (a, b) => flag(a <= b)),
  binary("gt", (a, b) => flag(a > b)),
  binary("ge", (a, b) => flag(a >= b)),
  unary("isNan", (x) => flag(Number.isNaN(x))),
  unary("isInf", (x) => flag(Math.abs(x) === Number.POSITIVE_INFINITY)),
  unary("isFinite", (x) => flag(Number.isFinite(x))),
];
