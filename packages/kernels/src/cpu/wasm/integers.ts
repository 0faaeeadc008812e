/** @file Integer expressions: addresses, counts and bounds. */
import type { Value } from "./assembler.ts";
import type { plain } from "./opcodes.ts";

export function int(value: number): Value {
  return (f) => f.i32(value);
}

export function binary(name: keyof typeof plain): (x: Value, y: Value) => Value {
  return (x, y) => (f) => {
    x(f);
    y(f);
    f.plain(name);
  };
}

export const add = binary("i32.add");
export const sub = binary("i32.sub");
export const mul = binary("i32.mul");
/** Of numbers that are not negative. */
export const div = binary("i32.div_u");
export const equal = binary("i32.eq");
export const shiftLeft = binary("i32.shl");

/** x + y * factor. */
export function addScaled(x: Value, y: Value, factor: number): Value {
  if (factor === 0) return x;
  return add(x, factor === 1 ? y : mul(y, int(factor)));
}

/** The one of two numbers for which the comparison holds; both are computed twice. */
function pick(comparison: "i32.lt_s" | "i32.gt_s"): (x: Value, y: Value) => Value {
  return (x, y) => (f) => {
    x(f);
    y(f);
    x(f);
    y(f);
    f.plain(comparison);
    f.plain("select");
  };
}

/** Of signed numbers. */
export const min = pick("i32.lt_s");
export const max = pick("i32.gt_s");

/** x / divisor, rounded up; x is not negative. */
export function ceilDiv(x: Value, divisor: number): Value {
  return (f) => {
    x(f);
    f.i32(divisor - 1);
    f.plain("i32.add");
    f.i32(divisor);
    f.plain("i32.div_u");
  };
}
