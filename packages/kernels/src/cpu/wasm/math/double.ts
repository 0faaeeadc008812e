/** @file Formulas over vectors of two float64 numbers: halves of vectors of floats. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import { constant, horner, instruction } from "./expression.ts";

const splat = (number: number): Value => {
  return (f) => {
    f.f64(number);
    f.simd("f64x2.splat");
  };
};

export const add = instruction("f64x2.add", splat);
export const sub = instruction("f64x2.sub", splat);
export const mul = instruction("f64x2.mul", splat);
export const div = instruction("f64x2.div", splat);
export const lt = instruction("f64x2.lt", splat);
export const trunc = instruction("f64x2.trunc", splat);
const pmin = instruction("f64x2.pmin", splat);
const pmax = instruction("f64x2.pmax", splat);

/** x within [low, high]; NaN stays. */
export function clamp(x: Value, low: number, high: number): Value {
  return pmax(pmin(x, high), low);
}

/** c[0] + c[1] x + c[2] x^2 + ... */
export function polynomial(x: Value, coefficients: readonly number[]): Value {
  return horner(coefficients, (sum, c) => add(mul(sum, x), c));
}

/** Adding it rounds to an integer, which the lowest bits of the sum hold. */
const toInteger = 1.5 * 2 ** 52;

/** The nearest integer: `bits` hold it as their lowest word, `value` is the number. */
export function round(f: FunctionBuilder, x: Value): { bits: Value; value: Value } {
  const bits = f.let(add(x, toInteger));
  return { bits, value: f.let(sub(bits, toInteger)) };
}

function shuffle(x: Value, y: Value, firstBytes: readonly number[], width: number): Value {
  return (f) => {
    x(f);
    y(f);
    f.shuffle(firstBytes.flatMap((first) => Array.from({ length: width }, (_, i) => first + i)));
  };
}

const promote = instruction("f64x2.promote_low_f32x4", constant);
const demote = instruction("f32x4.demote_f64x2_zero", constant);

/** A formula of the lower lanes of `args`, and the same of the upper ones. */
export function onHalves<T>(
  f: FunctionBuilder,
  args: readonly Value[],
  formula: (...halves: Value[]) => T,
): readonly [low: T, high: T] {
  const lower = args.map((x) => f.let(promote(x)));
  const upper = args.map((x) => f.let(promote(shuffle(x, x, [8, 8], 8))));
  return [formula(...lower), formula(...upper)];
}

/** Two and two float64 numbers as four floats. */
export function narrow(low: Value, high: Value): Value {
  return shuffle(demote(low), demote(high), [0, 16], 8);
}

/** The lower words of two and two float64 numbers. */
export function lowWords(low: Value, high: Value): Value {
  return shuffle(low, high, [0, 8, 16, 24], 4);
}
