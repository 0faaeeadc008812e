/** @file Formulas over vectors of four floats: what they read like is what they compute. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import type { simd } from "../opcodes.ts";

/** A vector, or a number in all lanes. */
export type Term = Value | number;

/** A function of vectors; `f.let` keeps what is used twice. */
export type Formula = (f: FunctionBuilder, ...args: Value[]) => Value;

/** An instruction of all operands; `splat` makes vectors of numbers. */
export function instruction(name: keyof typeof simd, splat: (number: number) => Value) {
  return (...terms: Term[]): Value =>
    (f) => {
      for (const term of terms) (typeof term === "number" ? splat(term) : term)(f);
      f.simd(name);
    };
}

/** All lanes by one count. */
export function shift(name: "i32x4.shl" | "i32x4.shr_s" | "i32x4.shr_u") {
  return (x: Value, count: number): Value =>
    (f) => {
      x(f);
      f.i32(count);
      f.simd(name);
    };
}

export const constant = (number: number): Value => {
  return (f) => f.v128([number, number, number, number], false);
};
export const words = (number: number): Value => {
  return (f) => f.v128([number, number, number, number], true);
};
export const add = instruction("f32x4.add", constant);
export const sub = instruction("f32x4.sub", constant);
export const mul = instruction("f32x4.mul", constant);
export const div = instruction("f32x4.div", constant);
export const sqrt = instruction("f32x4.sqrt", constant);
export const abs = instruction("f32x4.abs", constant);
export const trunc = instruction("f32x4.trunc", constant);
/** With NaN where either is. */
export const min = instruction("f32x4.min", constant);
export const max = instruction("f32x4.max", constant);
const pmin = instruction("f32x4.pmin", constant);
const pmax = instruction("f32x4.pmax", constant);

export const eq = instruction("f32x4.eq", constant);
export const ne = instruction("f32x4.ne", constant);
export const lt = instruction("f32x4.lt", constant);
export const gt = instruction("f32x4.gt", constant);
export const and = instruction("v128.and", constant);
export const or = instruction("v128.or", constant);
export const xor = instruction("v128.xor", constant);

export const addWords = instruction("i32x4.add", words);
export const subWords = instruction("i32x4.sub", words);
export const andWords = instruction("v128.and", words);
export const wordsToFloats = instruction("f32x4.convert_i32x4_s", words);
export const shiftLeft = shift("i32x4.shl");
export const shiftRight = shift("i32x4.shr_s");
export const shiftRightUnsigned = shift("i32x4.shr_u");

/** x * y + z, in one rounding where the module may. */
export function fma(x: Term, y: Term, z: Term): Value {
  const [a, b, c] = [x, y, z].map((term) => (typeof term === "number" ? constant(term) : term));
  return (f) => f.multiplyAdd(a!, b!, c!);
}

/** c[0] + c[1] x + c[2] x^2 + ... */
export function polynomial(x: Value, coefficients: readonly number[]): Value {
  return horner(coefficients, (sum, c) => fma(sum, x, c));
}

/** x + x^3 (c[0] + c[1] x^2 + c[2] x^4 + ...), which keeps the relative precision near 0. */
export function oddPolynomial(f: FunctionBuilder, x: Value, coefficients: readonly number[]): Value {
  const square = f.let(mul(x, x));
  return fma(mul(x, square), polynomial(square, coefficients), x);
}

/** By Horner's rule: `step` multiplies the sum by x and adds the next coefficient. */
export function horner(coefficients: readonly number[], step: (sum: Term, c: number) => Term): Value {
  return coefficients.slice(0, -1).reduceRight<Term>(step, coefficients.at(-1)!) as Value;
}

/** x where the mask is set, else y. */
export function select(mask: Value, x: Term, y: Term): Value {
  return instruction("v128.bitselect", constant)(x, y, mask);
}

/** x, or `low` where that is greater; NaN stays. Unlike `max`, `pmax` is one instruction of an x64 processor. */
export function atLeast(x: Value, low: number): Value {
  // The first operand is what it gives where a comparison with NaN is false.
  return pmax(x, low);
}

/** x within [low, high]; NaN stays. */
export function clamp(x: Value, low: number, high: number): Value {
  return atLeast(pmin(x, high), low);
}

const signBit = words(-0x80000000);

/** -|x|. */
export function minusAbs(x: Value): Value {
  return or(x, signBit);
}

/** |x| with the sign of `sign`. */
export function withSign(x: Value, sign: Value): Value {
  return select(signBit, sign, x);
}

/** The sign bit of x alone. */
export function signOf(x: Value): Value {
  return and(x, signBit);
}
