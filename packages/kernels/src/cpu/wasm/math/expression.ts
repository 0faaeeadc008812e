/** @file Formulas over vectors of four floats: what they read like is what they compute. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import { lanewise } from "../math.ts";
import type { simd } from "../opcodes.ts";
import type { Lowering } from "../scalar.ts";

/** A vector, or a number in all lanes. */
export type Term = Value | number;

/** A function of vectors; `f.let` keeps what is used twice. */
export type Formula = (f: FunctionBuilder, ...args: Value[]) => Value;

function instruction(name: keyof typeof simd, splat: (number: number) => Value) {
  return (...terms: Term[]): Value =>
    (f) => {
      for (const term of terms) (typeof term === "number" ? splat(term) : term)(f);
      f.simd(name);
    };
}

function shift(name: "i32x4.shl" | "i32x4.shr_s") {
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
const doubles = (number: number): Value => {
  return (f) => {
    f.f64(number);
    f.simd("f64x2.splat");
  };
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

/** x * y + z, in one rounding where the module may. */
export function fma(x: Term, y: Term, z: Term): Value {
  return (f) => {
    if (f.module.relaxed) instruction("f32x4.relaxed_madd", constant)(x, y, z)(f);
    else add(mul(x, y), z)(f);
  };
}

/** c[0] + c[1] x + c[2] x^2 + ... */
export function polynomial(x: Value, coefficients: readonly number[]): Value {
  return horner(coefficients, (sum, c) => fma(sum, x, c));
}

function horner(coefficients: readonly number[], step: (sum: Term, c: number) => Term): Value {
  return coefficients.slice(0, -1).reduceRight<Term>(step, coefficients.at(-1)!) as Value;
}

/** x where the mask is set, else y. */
export function select(mask: Value, x: Term, y: Term): Value {
  return instruction("v128.bitselect", constant)(x, y, mask);
}

/** x within [low, high]; NaN stays, and it takes half of the time of `min` and `max`. */
export function clamp(x: Value, low: number, high: number): Value {
  // The second operand is what they give where a comparison with NaN is false.
  return pmax(pmin(x, high), low);
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

const doublePmin = instruction("f64x2.pmin", doubles);
const doublePmax = instruction("f64x2.pmax", doubles);

/** The same of two float64 numbers. */
export const double = {
  add: instruction("f64x2.add", doubles),
  sub: instruction("f64x2.sub", doubles),
  mul: instruction("f64x2.mul", doubles),
  div: instruction("f64x2.div", doubles),
  lt: instruction("f64x2.lt", doubles),
  trunc: instruction("f64x2.trunc", doubles),
  clamp: (x: Value, low: number, high: number) => doublePmax(doublePmin(x, high), low),
  polynomial: (x: Value, coefficients: readonly number[]) =>
    horner(coefficients, (sum, c) => double.add(double.mul(sum, x), c)),
};

function shuffle(x: Value, y: Value, firstBytes: readonly number[], width: number): Value {
  return (f) => {
    x(f);
    y(f);
    f.shuffle(firstBytes.flatMap((first) => Array.from({ length: width }, (_, i) => first + i)));
  };
}

/** The lower and the upper two lanes as float64 numbers. */
export function widen(f: FunctionBuilder, x: Value): [Value, Value] {
  const promote = instruction("f64x2.promote_low_f32x4", constant);
  return [f.let(promote(x)), f.let(promote(shuffle(x, x, [8, 8], 8)))];
}

/** Two and two float64 numbers as four floats. */
export function narrow([low, high]: readonly [Value, Value]): Value {
  const demote = instruction("f32x4.demote_f64x2_zero", constant);
  return shuffle(demote(low), demote(high), [0, 16], 8);
}

/** The lower words of two and two float64 numbers. */
export function lowWords([low, high]: readonly [Value, Value]): Value {
  return shuffle(low, high, [0, 8, 16, 24], 4);
}

/** A formula that stands in the kernel itself: short ones. */
export function inline(formula: Formula): Lowering {
  return (f, ...args) => formula(f, ...args)(f);
}

/** A formula as a function that all kernels of the module call. */
export function shared(name: string, formula: Formula): Lowering {
  return (f, ...args) => {
    const signature = { params: args.map(() => "v128" as const), results: ["v128" as const] };
    const index = f.module.helper(name, signature, (g) => formula(g, ...g.params.map(({ get }) => get))(g));
    for (const arg of args) arg(f);
    f.call(index);
  };
}

/** A formula where all lanes are within its bounds; else JavaScript's function, lane by lane. */
export function guarded(name: string, isBounded: Formula, formula: Formula): Formula {
  return (f, ...args) => {
    const all: Value = () => {
      isBounded(f, ...args)(f);
      f.simd("i32x4.all_true");
    };
    const outside = lanewise(name, args.length, 4, "f");
    return () =>
      f.if(
        all,
        () => formula(f, ...args)(f),
        () => outside(f, ...args),
        "v128",
      );
  };
}
