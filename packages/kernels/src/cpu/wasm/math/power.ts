/** @file pow and mod, which take float64: their errors would grow with the exponent and the quotient. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import * as double from "./double.ts";
import { scale, smallExpm1 } from "./exponential.ts";
import {
  abs,
  add,
  and,
  div,
  eq,
  type Formula,
  gt,
  lt,
  mul,
  ne,
  or,
  select,
  shiftLeft,
  signOf,
  trunc,
} from "./expression.ts";
import { guarded } from "./forms.ts";
import { split } from "./logarithm.ts";

/** log2((1 + s) / (1 - s)) / s over s^2 for |s| <= 0.172, to 4.3e-12. */
const log2Series = [
  2.885390081790082, 0.9617966733500911, 0.5770835832553608, 0.4116728273598161, 0.34072799757884537,
];

/** log2 of 2^n m. */
function log2(f: FunctionBuilder, n: Value, m: Value): Value {
  const s = f.let(double.div(double.sub(m, 1), double.add(m, 1)));
  const square = f.let(double.mul(s, s));
  return double.add(n, double.mul(s, double.polynomial(square, log2Series)));
}

/** x^y for positive finite x. */
function positivePower(f: FunctionBuilder, x: Value, y: Value): Value {
  const { n, m } = split(f, x);
  const [low, high] = double.onHalves(f, [n, m, y], (wideN, wideM, wideY) => {
    const product = double.mul(wideY!, log2(f, wideN!, wideM!));
    const power = f.let(double.clamp(product, -160, 160));
    const { bits, value } = double.round(f, power);
    return { bits, rest: double.mul(double.sub(power, value), Math.LN2) };
  });
  const rest = f.let(double.narrow(low.rest, high.rest));
  const exponent = f.let(shiftLeft(double.lowWords(low.bits, high.bits), 23));
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
  const isUndefined = or(select(isWhole, 0, isNegative), or(ne(x, x), ne(y, y)));
  const signed = or(or(magnitude, and(signOf(x), isOdd)), isUndefined);
  const isOne = or(or(eq(x, 1), eq(y, 0)), and(eq(x, -1), eq(abs(y), Infinity)));
  return select(isOne, 1, signed);
};

/** Quotients below 2^28 are exact enough in float64 that their whole parts are right. */
const isBounded: Formula = (_, x, y) => and(lt(abs(div(x, y)), 2 ** 28), lt(abs(y), Infinity));

const boundedMod: Formula = (f, x, y) => {
  const [low, high] = double.onHalves(f, [x, y], (dividend, divisor) => {
    const quotient = double.trunc(double.div(dividend!, divisor!));
    const rest = f.let(double.sub(dividend!, double.mul(quotient, divisor!)));
    return double.add(rest, and(double.lt(double.mul(rest, divisor!), 0), divisor!));
  });
  return double.narrow(low, high);
};

export const mod = guarded("mod", isBounded, boundedMod);
