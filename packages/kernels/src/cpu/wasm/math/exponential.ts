/** @file exp and its kin: x = n log(2) + r, a polynomial in r, and 2^n by the bits of its exponent. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import {
  add,
  addWords,
  andWords,
  atLeast,
  clamp,
  div,
  type Formula,
  fma,
  minusAbs,
  mul,
  polynomial,
  shiftLeft,
  shiftRight,
  sub,
  subWords,
  withSign,
} from "./expression.ts";

/** log(2) as a number of 15 bits, whose product with n is exact, and the rest. */
export const log2High = 0.693145751953125;
export const log2Low = 1.42860677e-6;

/** Adding it rounds to an integer, which the lowest bits of the sum hold. */
const toInteger = 1.5 * 2 ** 23;

/** The bits of 1, and of 2^n over them: n of these. */
const oneBits = 0x3f800000;
const exponentUnit = 1 << 23;

/** (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2, to 1.4e-8 of expm1. */
const expTail = [0.49999997, 0.16666546, 0.041667435, 0.008366262, 0.0013870656];

/** exp(r) - 1 for |r| <= log(2) / 2. */
export function smallExpm1(r: Value): Value {
  return fma(mul(r, r), polynomial(r, expTail), r);
}

/** exp(r) 2 for |r| <= log(2) / 2, to 1e-7 of it: exactly 2 at 0. */
const twiceExp = [2, 1.9999994, 0.99998295, 0.33335277, 0.08379632, 0.016580544];

/**
 * sign x = n log(2) + r: the words of n + `bias` in the place of an exponent (where `bias` is 127, those of 2^n), and sign r.
 * A sign costs nothing here.
 */
function reduce(f: FunctionBuilder, x: Value, bias: number, sign: 1 | -1): { exponent: Value; r: Value } {
  const shifted = f.let(fma(x, sign * Math.LOG2E, toInteger + bias));
  const n = f.let(sub(shifted, toInteger + bias));
  const r = f.let(fma(n, -sign * log2Low, fma(n, -sign * log2High, x)));
  return { exponent: f.let(shiftLeft(shifted, 23)), r };
}

/** x 2^n by two factors, as 2^n may be beyond the floats where the product is not. */
export function scale(f: FunctionBuilder, x: Value, exponent: Value): Value {
  const half = f.let(andWords(shiftRight(exponent, 1), -exponentUnit));
  return mul(mul(x, addWords(half, oneBits)), addWords(subWords(exponent, half), oneBits));
}

/** 2 exp(r) times 2^(n - 1), which is a float for all n up to 128 and 0 for n = -126: results below 2^-125 are 0. */
function clampedExp(f: FunctionBuilder, x: Value, sign: 1 | -1 = 1): Value {
  const { exponent, r } = reduce(f, f.let(x), 126, sign);
  const coefficients = twiceExp.map((coefficient, power) => coefficient * sign ** power);
  return mul(polynomial(r, coefficients), exponent);
}

const [least, most] = [-87.6, 89];

export const exp: Formula = (f, x) => clampedExp(f, clamp(x, least, most));

/** exp of numbers that are at most 0. */
export const expOfNegative: Formula = (f, x) => clampedExp(f, atLeast(x, least));

/** exp(x) / 2, which is finite where sinh and cosh are. */
export const halfExp: Formula = (f, x) => {
  const { exponent, r } = reduce(f, f.let(clamp(x, -104, 90)), -1, 1);
  return scale(f, add(smallExpm1(r), 1), exponent);
};

/** (exp(x) - 1) / 4: the factor of the polynomial is a float for all n. */
function quarterExpm1(f: FunctionBuilder, x: Value): Value {
  const { exponent, r } = reduce(f, f.let(x), 125, 1);
  return fma(exponent, smallExpm1(r), sub(exponent, 0.25));
}

export const expm1: Formula = (f, x) => withSign(mul(quarterExpm1(f, clamp(x, -18, most)), 4), x);

export const sigmoid: Formula = (f, x) => div(1, add(clampedExp(f, clamp(x, -most, -least), -1), 1));

/** -t / (t + 2) where t = expm1(-2 |x|), whose relative precision near 0 carries over. */
export const tanh: Formula = (f, x) => {
  const quarter = f.let(quarterExpm1(f, atLeast(mul(minusAbs(x), 2), -18)));
  return withSign(div(quarter, add(quarter, 0.5)), x);
};
