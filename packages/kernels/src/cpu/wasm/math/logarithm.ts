/** @file log and its kin: x = 2^n m with m around 1, and a polynomial in m - 1. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import { expOfNegative, log2High, log2Low } from "./exponential.ts";
import {
  add,
  and,
  div,
  eq,
  type Formula,
  fma,
  lt,
  max,
  minusAbs,
  mul,
  or,
  polynomial,
  select,
  shiftLeft,
  shiftRight,
  sub,
  subWords,
  withSign,
  wordsToFloats,
} from "./expression.ts";

const smallestNormal = 2 ** -126;
const sqrtHalfBits = 0x3f3504f3;

/** (log(1 + g) - g + g^2 / 2) / g^3 for 1 + g within [sqrt(1/2), sqrt(2)], to 5.9e-9 of log. */
const logTail = [
  0.3333333, -0.2500082, 0.20001243, -0.1662341, 0.1420154, -0.1315955, 0.12762485, -0.076369405,
];

/** A positive x as 2^n m with m within [sqrt(1/2), sqrt(2)]; subnormal numbers are made normal first. */
export function split(f: FunctionBuilder, x: Value): { n: Value; m: Value } {
  const isSmall = f.let(lt(x, smallestNormal));
  const bits = f.let(select(isSmall, mul(x, 2 ** 23), x));
  const exponent = f.let(shiftRight(subWords(bits, sqrtHalfBits), 23));
  const n = f.let(sub(wordsToFloats(exponent), and(isSmall, 23)));
  return { n, m: f.let(subWords(bits, shiftLeft(exponent, 23))) };
}

/** log(x) + correction for a positive finite x, where the correction is small. */
function finiteLog(f: FunctionBuilder, x: Value, correction?: Value): Value {
  const { n, m } = split(f, x);
  const g = f.let(sub(m, 1));
  const square = f.let(mul(g, g));
  const tail = fma(n, log2Low, mul(mul(g, square), polynomial(g, logTail)));
  const small = fma(square, -0.5, correction ? add(tail, correction) : tail);
  return fma(n, log2High, add(small, g));
}

/** Infinity and NaN are their own logarithms; that of 0 is -Infinity, and those of negative numbers are NaN: all bits set. */
function extended(x: Value, finite: Value): Value {
  return select(eq(x, 0), -Infinity, or(lt(x, 0), select(lt(x, Infinity), finite, x)));
}

export const log: Formula = (f, x) => extended(x, finiteLog(f, x));

/** 1 + x, and the logarithm of it with what it lost by rounding. */
function finiteLog1p(f: FunctionBuilder, x: Value): { sum: Value; log: Value } {
  const sum = f.let(add(x, 1));
  return { sum, log: finiteLog(f, sum, div(sub(x, sub(sum, 1)), sum)) };
}

export const log1p: Formula = (f, x) => {
  const { sum, log } = finiteLog1p(f, x);
  return withSign(extended(sum, log), x);
};

/** log(1 + exp(x)) without overflow. */
export const softplus: Formula = (f, x) =>
  add(max(x, 0), finiteLog1p(f, f.let(expOfNegative(f, f.let(minusAbs(x))))).log);
