/** @file The table of scalar operations for WebAssembly: four lanes at a time, bools as masks of all or no bits. */
import { internal } from "../../device/errors.ts";
import type { Dtype } from "../../ir/kernel.ts";
import type { ScalarOpName } from "../../ir/scalarOps.ts";
import { type Kind, kindOf } from "../slot.ts";
import type { FunctionBuilder, Value } from "./assembler.ts";
import { roundToHalf } from "./halves.ts";
import { constant as floats, shift, shiftRight, words } from "./math/expression.ts";
import { inline } from "./math/forms.ts";
import { mathOps } from "./math/index.ts";
import { laneByLane, lanewise } from "./math.ts";
import type { simd } from "./opcodes.ts";
import { threefryWord } from "./threefry.ts";

/** Operands may be pushed any number of times; the lowering pushes the result. */
export type Lowering = (f: FunctionBuilder, ...args: Value[]) => void;

/** What a lowering may know beyond its operands. */
export interface ScalarContext {
  /** Lanes that are computed one by one where there is no vector instruction; `same`: the first, whose result goes to all. */
  readonly lanes: Lanes;
  /** The value of an operand that is the same for all calls. */
  readonly constants: readonly (number | undefined)[];
}

export type Lanes = 1 | 4 | "same";

/** The class of a value in registers: bools are masks. */
export type Register = Kind | "b";

export function registerOf(dtype: Dtype): Register {
  return dtype === "bool" ? "b" : kindOf(dtype);
}

/** An instruction of all operands. */
function direct(name: keyof typeof simd): Lowering {
  return (f, ...args) => {
    for (const arg of args) arg(f);
    f.simd(name);
  };
}

/** By counts of their own: WebAssembly has one for all lanes. */
function shiftEach(name: "i32x4.shl" | "i32x4.shr_s" | "i32x4.shr_u"): Lowering {
  const scalar = (
    { "i32x4.shl": "i32.shl", "i32x4.shr_s": "i32.shr_s", "i32x4.shr_u": "i32.shr_u" } as const
  )[name];
  return (f, x, count) =>
    laneByLane(f, 4, "i32x4", x, (lane) => {
      for (const value of [x, count]) {
        value(f);
        f.lane("i32x4.extract_lane", lane);
      }
      f.plain(scalar);
    });
}

const bitwise = {
  and: direct("v128.and"),
  or: direct("v128.or"),
  xor: direct("v128.xor"),
};

const masks: Partial<Record<ScalarOpName, Lowering>> = {
  ...bitwise,
  max: bitwise.or,
  min: bitwise.and,
  add: bitwise.or,
  mul: bitwise.and,
  eq: direct("i32x4.eq"),
  ne: bitwise.xor,
  // false < true, and masks are negative numbers.
  lt: direct("i32x4.gt_s"),
  le: direct("i32x4.ge_s"),
  gt: direct("i32x4.lt_s"),
  ge: direct("i32x4.le_s"),
  not: direct("v128.not"),
};

const sameForIntegers: Partial<Record<ScalarOpName, Lowering>> = {
  ...bitwise,
  add: direct("i32x4.add"),
  sub: direct("i32x4.sub"),
  mul: direct("i32x4.mul"),
  eq: direct("i32x4.eq"),
  ne: direct("i32x4.ne"),
  not: direct("v128.not"),
  neg: direct("i32x4.neg"),
  shl: shiftEach("i32x4.shl"),
};

const signed: Partial<Record<ScalarOpName, Lowering>> = {
  ...sameForIntegers,
  max: direct("i32x4.max_s"),
  min: direct("i32x4.min_s"),
  lt: direct("i32x4.lt_s"),
  le: direct("i32x4.le_s"),
  gt: direct("i32x4.gt_s"),
  ge: direct("i32x4.ge_s"),
  shr: shiftEach("i32x4.shr_s"),
  abs: direct("i32x4.abs"),
  sign: (f, x) => {
    // The sign bit everywhere, or 1 where positive.
    shiftRight(x, 31)(f);
    words(1)(f);
    x(f);
    words(0)(f);
    f.simd("i32x4.gt_s");
    f.simd("v128.and");
    f.simd("v128.or");
  },
};

const unsigned: Partial<Record<ScalarOpName, Lowering>> = {
  ...sameForIntegers,
  max: direct("i32x4.max_u"),
  min: direct("i32x4.min_u"),
  lt: direct("i32x4.lt_u"),
  le: direct("i32x4.le_u"),
  gt: direct("i32x4.gt_u"),
  ge: direct("i32x4.ge_u"),
  shr: shiftEach("i32x4.shr_u"),
  abs: (f, x) => x(f),
  sign: (f, x) => {
    words(1)(f);
    x(f);
    words(0)(f);
    f.simd("i32x4.ne");
    f.simd("v128.and");
  },
};

/** x - x is 0 for finite numbers alone. */
const finiteTest: Lowering = (f, x) => {
  x(f);
  x(f);
  f.simd("f32x4.sub");
  floats(0)(f);
  f.simd("f32x4.eq");
};

const real: Partial<Record<ScalarOpName, Lowering>> = {
  add: direct("f32x4.add"),
  sub: direct("f32x4.sub"),
  mul: direct("f32x4.mul"),
  div: direct("f32x4.div"),
  max: direct("f32x4.max"),
  min: direct("f32x4.min"),
  eq: direct("f32x4.eq"),
  ne: direct("f32x4.ne"),
  lt: direct("f32x4.lt"),
  le: direct("f32x4.le"),
  gt: direct("f32x4.gt"),
  ge: direct("f32x4.ge"),
  neg: direct("f32x4.neg"),
  abs: direct("f32x4.abs"),
  sqrt: direct("f32x4.sqrt"),
  floor: direct("f32x4.floor"),
  ceil: direct("f32x4.ceil"),
  trunc: direct("f32x4.trunc"),
  round: direct("f32x4.nearest"),
  reciprocal: (f, x) => direct("f32x4.div")(f, floats(1), x),
  rsqrt: (f, x) => {
    floats(1)(f);
    x(f);
    f.simd("f32x4.sqrt");
    f.simd("f32x4.div");
  },
  sign: (f, x) => {
    // 1 with the sign of x where x is neither 0 nor NaN, else x.
    const isNumber: Value = () => {
      x(f);
      f.simd("f32x4.abs");
      floats(0)(f);
      f.simd("f32x4.gt");
    };
    floats(1)(f);
    x(f);
    words(0x7fffffff)(f);
    f.simd("v128.bitselect");
    // Adding 0 makes 0 of -0.
    x(f);
    floats(0)(f);
    f.simd("f32x4.add");
    isNumber(f);
    f.simd("v128.bitselect");
  },
  floorDiv: (f, x, y) => {
    direct("f32x4.div")(f, x, y);
    f.simd("f32x4.floor");
  },
  isNan: (f, x) => direct("f32x4.ne")(f, x, x),
  isInf: (f, x) => {
    x(f);
    f.simd("f32x4.abs");
    floats(Infinity)(f);
    f.simd("f32x4.eq");
  },
  isFinite: finiteTest,
  half: inline(roundToHalf),
};

const tables: Record<Register, Partial<Record<string, Lowering>>> = {
  f: { ...real, ...mathOps },
  i: signed,
  u: unsigned,
  b: masks,
};

/** Operations on integers that are rare: one import for each, on float64 numbers, which hold all integers of 32 bits. */
const integerImports = new Set<string>(["idiv", "irem", "floorDiv", "mod", "pow"]);

/** The lowering of `op` with result `dtype` from operands whose first has dtype `operand`. */
export function lower(op: ScalarOpName, dtype: Dtype, operand: Dtype, context: ScalarContext): Lowering {
  const register = registerOf(operand);
  if (op === "cast") return castLowering(registerOf(dtype), register);
  if (op === "bitcast") return bitcastLowering(registerOf(dtype), register);
  if (op === "select") return selectLowering(context);
  if (op === "threefry0" || op === "threefry1") return threefryWord(op === "threefry0" ? 0 : 1);
  if (register === "i" || register === "u") {
    const [, second] = context.constants;
    if (op === "shl" || op === "shr") {
      const name = op === "shl" ? "i32x4.shl" : register === "i" ? "i32x4.shr_s" : "i32x4.shr_u";
      if (second !== undefined) return (f, x) => shift(name)(x, second & 31)(f);
    }
    if ((op === "idiv" || op === "irem") && second !== undefined && second > 0)
      return divideBy(op, register === "i", second, context.lanes);
    if (integerImports.has(op)) return lanewise(`${register}${op}`, 2, context.lanes, register);
  }
  const bounded = register === "f" ? boundLowering(op, context) : null;
  if (bounded) return bounded;
  const lowering = tables[register][op];
  if (lowering) return lowering;
  if (register === "f")
    return lanewise(op, op === "pow" || op === "mod" || op === "atan2" ? 2 : 1, context.lanes, "f");
  throw internal(`the cpu backend has no WebAssembly for ${op} of ${operand}.`);
}

/** Between a value and 0, one instruction chooses. */
function selectLowering({ constants: [, x, y] }: ScalarContext): Lowering {
  if (Object.is(y, 0)) return (f, condition, kept) => direct("v128.and")(f, kept, condition);
  if (Object.is(x, 0)) return (f, condition, _, kept) => direct("v128.andnot")(f, kept, condition);
  return (f, condition, ...values) => direct("v128.bitselect")(f, ...values, condition);
}

/** Of a value and a number: `max` and `min` are many instructions of x64 for NaN's sake, `pmax` and `pmin` one that keeps it where it is first. */
function boundLowering(op: ScalarOpName, { constants: [x, y] }: ScalarContext): Lowering | null {
  if (op !== "max" && op !== "min") return null;
  const name = op === "max" ? "f32x4.pmax" : "f32x4.pmin";
  if (y !== undefined && !Number.isNaN(y)) return direct(name);
  if (x !== undefined && !Number.isNaN(x)) return (f, bound, value) => direct(name)(f, value, bound);
  return null;
}

/** WebAssembly has no division of integer vectors: lane by lane, which the engine turns into multiplications. */
function divideBy(op: "idiv" | "irem", isSigned: boolean, divisor: number, lanes: Lanes): Lowering {
  const name = op === "idiv" ? (isSigned ? "i32.div_s" : "i32.div_u") : isSigned ? "i32.rem_s" : "i32.rem_u";
  return (f, x) =>
    laneByLane(f, lanes, "i32x4", x, (lane) => {
      x(f);
      f.lane("i32x4.extract_lane", lane);
      f.i32(divisor);
      f.plain(name);
    });
}

function castLowering(to: Register, from: Register): Lowering {
  const zero = from === "f" ? floats(0) : words(0);
  if (to === from) return (f, x) => x(f);
  if (to === "b") return (f, x) => direct(from === "f" ? "f32x4.ne" : "i32x4.ne")(f, x, zero);
  if (from === "b") return (f, x) => direct("v128.and")(f, x, to === "f" ? floats(1) : words(1));
  if (to === "f") return direct(from === "i" ? "f32x4.convert_i32x4_s" : "f32x4.convert_i32x4_u");
  if (from === "f") return direct(to === "i" ? "i32x4.trunc_sat_f32x4_s" : "i32x4.trunc_sat_f32x4_u");
  return (f, x) => x(f);
}

/** The same bits as memory has them, where a bool is 0 or 1. */
function bitcastLowering(to: Register, from: Register): Lowering {
  if (from === "b" && to !== "b") return (f, x) => direct("v128.and")(f, x, words(1));
  if (to === "b" && from !== "b") return (f, x) => direct("i32x4.ne")(f, x, words(0));
  return (f, x) => x(f);
}

/** A constant of a dtype in all lanes, from its number. */
export function constant(value: number, dtype: Dtype): Value {
  const register = registerOf(dtype);
  if (register === "b") return words(value !== 0 ? -1 : 0);
  return register === "f" ? floats(value) : words(value | 0);
}
