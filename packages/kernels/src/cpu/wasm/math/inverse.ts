/** @file Inverse trigonometric functions. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import {
  abs,
  add,
  and,
  constant,
  div,
  eq,
  type Formula,
  gt,
  lt,
  max,
  min,
  mul,
  ne,
  oddPolynomial,
  polynomial,
  select,
  shiftRight,
  sqrt,
  sub,
  withSign,
} from "./expression.ts";

/** What the float nearest to pi / 2 has above pi / 2. */
const excess = 4.371139e-8;

/** (atan(q) / q - 1) / q^2 over q <= 1, to 2.7e-9 of atan. */
const atanTail = [
  -0.333333, 0.19998534, -0.14264102, 0.10951506, -0.08401582, 0.05792723, -0.031148937, 0.0108996965,
  -0.0017904058,
];

/** (asin(w) / w - 1) / w^2 over w <= 1/2, to 4.9e-9 of asin. */
const asinTail = [0.16666752, 0.074953094, 0.04546915, 0.024184778, 0.042158306];

/** pi / 2 - x. */
function complement(x: Value): Value {
  return sub(Math.PI / 2, add(x, excess));
}

/** pi - x. */
function supplement(x: Value): Value {
  return sub(Math.PI, add(x, 2 * excess));
}

export const atan2: Formula = (f, y, x) => {
  const [height, width] = [f.let(abs(y)), f.let(abs(x))];
  const longer = f.let(max(height, width));
  const shorter = f.let(min(height, width));
  // Equal ones may both be 0, whose angle is 0, or infinite, whose angle is pi / 4.
  const ratio = f.let(select(eq(longer, shorter), and(ne(longer, 0), 1), div(shorter, longer)));
  const octant = f.let(oddPolynomial(f, ratio, atanTail));
  const quadrant = f.let(select(gt(height, width), complement(octant), octant));
  return withSign(select(shiftRight(x, 31), supplement(quadrant), quadrant), y);
};

export const atan: Formula = (f, x) => atan2(f, x, constant(1));

/**
 * asin(w) = w + tail, where w is |x| up to 1/2, and beyond sqrt((1 - |x|) / 2), whose asin is half of acos(|x|).
 */
function halfAngle(f: FunctionBuilder, x: Value): { isFar: Value; w: Value; tail: Value } {
  const size = f.let(abs(x));
  const isFar = f.let(gt(size, 0.5));
  const w = f.let(select(isFar, sqrt(mul(sub(1, size), 0.5)), size));
  const square = f.let(mul(w, w));
  return { isFar, w, tail: f.let(mul(mul(w, square), polynomial(square, asinTail))) };
}

export const asin: Formula = (f, x) => {
  const { isFar, w, tail } = halfAngle(f, x);
  const far = sub(sub(Math.PI / 2, add(w, w)), add(add(tail, tail), excess));
  return withSign(select(isFar, far, add(w, tail)), x);
};

export const acos: Formula = (f, x) => {
  const { isFar, w, tail } = halfAngle(f, x);
  const angle = f.let(add(w, tail));
  const twice = f.let(add(angle, angle));
  const far = select(lt(x, 0), supplement(twice), twice);
  return select(isFar, far, complement(withSign(angle, x)));
};
