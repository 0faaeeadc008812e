/** @file exp and its kin: x = n log(2) + r, a polynomial in r, and 2^n by the bits of its exponent. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import {
  add,
  addWords,
  andWords,
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

/** x = n log(2) + r: the bits of n in the place of an exponent, and exp(r) - 1. */
function reduce(f: FunctionBuilder, x: Value): { exponent: Value; expm1: Value } {
  const shifted = f.let(fma(x, Math.LOG2E, toInteger));
  const n = f.let(sub(shifted, toInteger));
  const r = f.let(fma(n, -log2Low, fma(n, -log2High, x)));
  return { exponent: f.let(shiftLeft(shifted, 23)), expm1: smallExpm1(r) };
}

/** x 2^n by two factors, as 2^n may be beyond the floats where the product is not. */
export function scale(f: FunctionBuilder, x: Value, exponent: Value): Value {
  const half = f.let(andWords(shiftRight(exponent, 1), -exponentUnit));
  return mul(mul(x, addWords(half, oneBits)), addWords(subWords(exponent, half), oneBits));
}

/** 2 exp(r) times 2^(n - 1), which is a float for all n up to 128 and 0 for n = -126: results below 2^-125 are 0. */
export const exp: Formula = (f, x) => {
  const { exponent, expm1 } = reduce(f, f.let(clamp(x, -87.6, 89)));
  return mul(fma(expm1, 2, 2), addWords(exponent, oneBits - exponentUnit));
};

/** exp(x) / 2, which is finite where sinh and cosh are. */
export const halfExp: Formula = (f, x) => {
  const { exponent, expm1 } = reduce(f, f.let(clamp(x, -104, 90)));
  return scale(f, add(expm1, 1), f.let(subWords(exponent, exponentUnit)));
};

/** (exp(x) - 1) / 4: the factor of the polynomial is a float for all n. */
const quarterExpm1: Formula = (f, x) => {
  const { exponent, expm1 } = reduce(f, f.let(clamp(x, -18, 89)));
  const factor = f.let(addWords(exponent, oneBits - 2 * exponentUnit));
  return fma(factor, expm1, sub(factor, 0.25));
};

export const expm1: Formula = (f, x) => withSign(mul(quarterExpm1(f, x), 4), x);

export const sigmoid: Formula = (f, x) => div(1, add(exp(f, f.let(mul(x, -1))), 1));

/** -t / (t + 2) where t = expm1(-2 |x|), whose relative precision near 0 carries over. */
export const tanh: Formula = (f, x) => {
  const quarter = f.let(quarterExpm1(f, f.let(mul(minusAbs(x), 2))));
  return withSign(div(quarter, add(quarter, 0.5)), x);
};
