/** @file Hyperbolic functions and their inverses. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import { halfExp } from "./exponential.ts";
import {
  abs,
  add,
  and,
  div,
  type Formula,
  gt,
  lt,
  mul,
  oddPolynomial,
  or,
  select,
  sqrt,
  sub,
  withSign,
} from "./expression.ts";
import { log1p } from "./logarithm.ts";

/** (sinh(x) / x - 1) / x^2 over x^2 <= 1, to 3e-10 of sinh. */
const sinhTail = [0.16666667, 0.0083333105, 0.00019842896, 2.7822132e-6];

/** Beyond it 1 + x^2 is x^2, and log(2 x) is what the inverses are. */
const large = 1e6;

export const cosh: Formula = (f, x) => {
  const half = f.let(halfExp(f, f.let(abs(x))));
  return add(half, div(0.25, half));
};

export const sinh: Formula = (f, x) => {
  const half = f.let(halfExp(f, f.let(abs(x))));
  const near = oddPolynomial(f, x, sinhTail);
  return select(lt(abs(x), 1), near, withSign(sub(half, div(0.25, half)), x));
};

/** log(1 + small), or log(2 x) where x is large. */
function inverse(f: FunctionBuilder, x: Value, small: Value): Value {
  const isLarge = f.let(gt(x, large));
  return add(log1p(f, f.let(select(isLarge, x, small))), and(isLarge, Math.LN2));
}

export const asinh: Formula = (f, x) => {
  const size = f.let(abs(x));
  const square = f.let(mul(x, x));
  const small = add(size, div(square, add(sqrt(add(square, 1)), 1)));
  return withSign(inverse(f, size, small), x);
};

export const acosh: Formula = (f, x) => {
  const above = f.let(sub(x, 1));
  const small = add(above, sqrt(mul(above, add(above, 2))));
  // All bits set are NaN.
  return or(inverse(f, x, small), lt(x, 1));
};

export const atanh: Formula = (f, x) => {
  const size = f.let(abs(x));
  const twice = f.let(add(size, size));
  const ratio = f.let(add(twice, div(mul(twice, size), sub(1, size))));
  return or(withSign(mul(log1p(f, ratio), 0.5), x), gt(size, 1));
};
