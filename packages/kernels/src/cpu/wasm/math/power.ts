/** @file pow and mod, which take float64: their errors would grow with the exponent and the quotient. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import { scale, smallExpm1 } from "./exponential.ts";
import {
  abs,
  add,
  and,
  div,
  double,
  eq,
  type Formula,
  gt,
  guarded,
  lowWords,
  lt,
  mul,
  narrow,
  ne,
  or,
  select,
  shiftLeft,
  signOf,
  trunc,
  widen,
} from "./expression.ts";
import { split } from "./logarithm.ts";

/** log2((1 + s) / (1 - s)) / s over s^2 for |s| <= 0.172, to 4.3e-12. */
const log2Series = [
  2.885390081790082, 0.9617966733500911, 0.5770835832553608, 0.4116728273598161, 0.34072799757884537,
];

const toInteger = 1.5 * 2 ** 52;

/** log2 of 2^n m. */
function log2(f: FunctionBuilder, n: Value, m: Value): Value {
  const s = f.let(double.div(double.sub(m, 1), double.add(m, 1)));
  const square = f.let(double.mul(s, s));
  return double.add(n, double.mul(s, double.polynomial(square, log2Series)));
}

/** x^y for positive finite x. */
function positivePower(f: FunctionBuilder, x: Value, y: Value): Value {
  const { n, m } = split(f, x);
  const [ns, ms, ys] = [n, m, y].map((value) => widen(f, value)) as [Value, Value][];
  const parts = [0, 1].map((i) => {
    const power = double.mul(ys![i]!, log2(f, ns![i]!, ms![i]!));
    const exponent = f.let(double.clamp(power, -160, 160));
    const sum = f.let(double.add(exponent, toInteger));
    return { sum, rest: double.mul(double.sub(exponent, double.sub(sum, toInteger)), Math.LN2) };
  });
  const [low, high] = parts as [(typeof parts)[0], (typeof parts)[0]];
  const rest = f.let(narrow([low.rest, high.rest]));
  const exponent = f.let(shiftLeft(lowWords([low.sum, high.sum]), 23));
  return scale(f, add(smallExpm1(rest), 1), exponent);
}

export const pow: Formula = (f, x, y) => {
  const size = f.let(abs(x));
  const isLimit = or(eq(size, 0), eq(size, Infinity));
  const limit = select(lt(y, 0), div(1, size), size);
  const magnitude = select(isLimit, limit, positivePower(f, size, y));
  const isWhole = f.let(eq(trunc(y), y));
  const half = f.let(mul(y, 0.5));
  const isOdd = and(isWhole, ne(trunc(half), half));
  const isNegative = and(lt(x, 0), gt(x, -Infinity));
  // All bits set are NaN.
  const undefinedMask = or(select(isWhole, 0, isNegative), or(ne(x, x), ne(y, y)));
  const signed = or(or(magnitude, and(signOf(x), isOdd)), undefinedMask);
  const isOne = or(or(eq(x, 1), eq(y, 0)), and(eq(x, -1), eq(abs(y), Infinity)));
  return select(isOne, 1, signed);
};

/** Quotients below 2^28 are exact enough in float64 that their whole parts are right. */
const isBounded: Formula = (_, x, y) => and(lt(abs(div(x, y)), 2 ** 28), lt(abs(y), Infinity));

const boundedMod: Formula = (f, x, y) => {
  const ys = widen(f, y);
  const rests = widen(f, x).map((wide, i) => {
    const divisor = ys[i]!;
    const quotient = double.trunc(double.div(wide, divisor));
    const rest = f.let(double.sub(wide, double.mul(quotient, divisor)));
    return double.add(rest, and(double.lt(double.mul(rest, divisor), 0), divisor));
  });
  return narrow(rests as [Value, Value]);
};

export const mod = guarded("mod", isBounded, boundedMod);
