/** @file The WGSL of every scalar operation. */
import type { ScalarOpName } from "../ir/scalarOps.ts";
import { convertBits, type Lanes, type Scalar, typeName } from "./types.ts";

/** An operation on argument texts: `from` is the type of the last argument, `to` of the result. */
export interface Operation {
  readonly name: string;
  readonly args: readonly string[];
  readonly from: Scalar;
  readonly to: Scalar;
  readonly lanes: Lanes;
}

type Rule = (operation: Operation) => string;

function call(name: string): Rule {
  return ({ args }) => `${name}(${args.join(", ")})`;
}

/** A function of shaders/lib, in its scalar or four-lane form. */
function library(name: string): Rule {
  return ({ args, lanes }) => `${name}${lanes === 4 ? "x4" : ""}(${args.join(", ")})`;
}

function infix(sign: string): Rule {
  return ({ args: [a, b] }) => `${a} ${sign} ${b}`;
}

function prefix(sign: string): Rule {
  return ({ args: [a] }) => `${sign}(${a})`;
}

/** One rule per type. */
function byType(rules: Partial<Record<Scalar, Rule>>): Rule {
  return (operation) => {
    const rule = rules[operation.from];
    if (rule) return rule(operation);
    throw new Error(
      `emitWgsl: ${operation.name} is not defined for ${operation.from}.\n` +
        `  Received: operands of type ${operation.from}.\n` +
        `  Expected: ${Object.keys(rules).join(", ")}.\n` +
        `  Fix: cast the operands before ${operation.name}.`,
    );
  };
}

function forIntegers(rule: Rule): Partial<Record<Scalar, Rule>> {
  return { i32: rule, u32: rule };
}

/** Shift distances are unsigned in WGSL. */
function shift(sign: string): Rule {
  return ({ args: [a, b], from, lanes }) =>
    `${a} ${sign} (${convertBits(b!, from, "u32", lanes)} & ${typeName("u32", lanes)}(31u))`;
}

/** Value conversion; see `special` in scalarOps for the corner cases. */
function cast({ args, from, to, lanes }: Operation): string {
  const [x] = args as [string];
  if (from === to) return x;
  if (to === "bool") return `!(${x} == ${typeName(from, lanes)}())`;
  if (from === "f32")
    return library(to === "i32" ? "to_int_f32" : "to_uint_f32")({ name: "cast", args, from, to, lanes });
  return `${typeName(to, lanes)}(${x})`;
}

/** bool as 0 and 1, for order comparisons. */
function boolWords(sign: string): Rule {
  return ({ args, lanes }) => args.map((arg) => `${typeName("u32", lanes)}(${arg})`).join(` ${sign} `);
}

function order(sign: string): Rule {
  return byType({ f32: infix(sign), i32: infix(sign), u32: infix(sign), bool: boolWords(sign) });
}

/** The splice in scope.ts turns both words of one draw into one call. */
function threefry(field: string): Rule {
  return (operation) => `${library("threefry_u32")(operation)}.${field}`;
}

const floats: Pick<Record<ScalarOpName, Rule>, typeof import("../ir/scalarOps.ts").floatUnary[number]> = {
  exp: library("exp_f32"),
  expm1: library("expm1_f32"),
  log: library("log_f32"),
  log1p: library("log1p_f32"),
  sqrt: call("sqrt"),
  rsqrt: call("inverseSqrt"),
  reciprocal: ({ args: [x], lanes }) => `${typeName("f32", lanes)}(1f) / ${x}`,
  sin: library("sin_f32"),
  cos: library("cos_f32"),
  tan: library("tan_f32"),
  asin: library("asin_f32"),
  acos: library("acos_f32"),
  atan: library("atan_f32"),
  sinh: library("sinh_f32"),
  cosh: library("cosh_f32"),
  tanh: library("tanh_f32"),
  asinh: library("asinh_f32"),
  acosh: library("acosh_f32"),
  atanh: library("atanh_f32"),
  sigmoid: library("sigmoid_f32"),
  softplus: library("softplus_f32"),
  erf: library("erf_f32"),
  erfinv: library("erfinv_f32"),
  floor: call("floor"),
  ceil: call("ceil"),
  trunc: call("trunc"),
  round: call("round"),
  half: library("half_f32"),
};

/**
 * WGSL text of an operation by name. Comparisons: `eq` and `ne` follow IEEE for NaN by a bit test; `lt`, `le`, `gt`, `ge` are the
 * builtin ordered comparisons, false for NaN on every implementation seen (WGSL itself leaves NaN open).
 */
export const scalarWgsl: Record<ScalarOpName, Rule> = {
  ...floats,
  neg: byType({ f32: prefix("-"), i32: prefix("-"), u32: ({ args: [x] }) => `~(${x}) + 1u` }),
  abs: byType({ f32: call("abs"), ...forIntegers(call("abs")) }),
  sign: byType({
    f32: library("sign_f32"),
    i32: call("sign"),
    u32: ({ args: [x], lanes }) => `min(${x}, ${typeName("u32", lanes)}(1u))`,
  }),
  not: byType({ bool: prefix("!"), ...forIntegers(prefix("~")) }),
  add: byType({ f32: infix("+"), ...forIntegers(infix("+")), bool: infix("|") }),
  sub: byType({ f32: infix("-"), ...forIntegers(infix("-")) }),
  mul: byType({ f32: infix("*"), ...forIntegers(infix("*")), bool: infix("&") }),
  div: byType({ f32: infix("/") }),
  idiv: byType(forIntegers(infix("/"))),
  irem: byType(forIntegers(infix("%"))),
  floorDiv: byType({ f32: library("floor_div_f32"), i32: library("floor_div_i32"), u32: infix("/") }),
  mod: byType({ f32: library("mod_f32"), i32: library("mod_i32"), u32: infix("%") }),
  max: byType({ f32: library("max_f32"), ...forIntegers(call("max")), bool: infix("|") }),
  min: byType({ f32: library("min_f32"), ...forIntegers(call("min")), bool: infix("&") }),
  pow: byType({ f32: library("pow_f32"), i32: library("pow_i32"), u32: library("pow_u32") }),
  atan2: byType({ f32: library("atan2_f32") }),
  and: byType({ bool: infix("&"), ...forIntegers(infix("&")) }),
  or: byType({ bool: infix("|"), ...forIntegers(infix("|")) }),
  xor: byType({ bool: infix("!="), ...forIntegers(infix("^")) }),
  shl: byType(forIntegers(shift("<<"))),
  shr: byType(forIntegers(shift(">>"))),
  eq: byType({ f32: library("equal_f32"), ...forIntegers(infix("==")), bool: infix("==") }),
  ne: byType({
    f32: (operation) => `!${library("equal_f32")(operation)}`,
    ...forIntegers(infix("!=")),
    bool: infix("!="),
  }),
  lt: order("<"),
  le: order("<="),
  gt: order(">"),
  ge: order(">="),
  isNan: byType({ f32: library("is_nan_f32") }),
  isInf: byType({ f32: library("is_inf_f32") }),
  isFinite: byType({ f32: library("is_finite_f32") }),
  select: ({ args: [condition, yes, no] }) => `select(${no}, ${yes}, ${condition})`,
  cast,
  bitcast: ({ args: [x], from, to, lanes }) => convertBits(x!, from, to, lanes),
  threefry0: threefry("first"),
  threefry1: threefry("second"),
};
