/** @file Accumulators of reduction stages: how they start, fold and finish. */
import type { Dtype, ReduceOp } from "../ir/kernel.ts";
import { convertBits, type Lanes, literal, type Scalar, scalarOf, typeName } from "./types.ts";

/** One accumulator variable: an argmax has two (key and index), other reductions one. */
export interface Cell {
  readonly type: Scalar;
  readonly start: string;
}

/** A stage's accumulators. Texts of cells are variables; `fold` gives statements that fold `values` into `targets`. */
export interface Accumulator {
  readonly cells: readonly Cell[];
  /** The cell values of one element. `index`: its linear inner index as int32. */
  element(value: string, index: string, lanes: Lanes): string[];
  fold(targets: readonly string[], values: readonly string[], lanes: Lanes): string[];
  /** Statements after which the cells of every invocation of a subgroup hold what all of them have together. */
  across(cells: readonly string[], lanes: Lanes): string[];
  /** The stage's result from its cells. */
  result(cells: readonly string[], lanes: Lanes): string;
  /** Of argmax and argmin: the best element itself. */
  extreme?(cells: readonly string[], lanes: Lanes): string;
}

const starts: Record<"max" | "min", Record<Exclude<Scalar, "bool">, string>> = {
  max: { f32: literal("f32", Number.NEGATIVE_INFINITY), i32: literal("i32", -2147483648), u32: "0u" },
  min: { f32: literal("f32", Number.POSITIVE_INFINITY), i32: "2147483647i", u32: "4294967295u" },
};

function startOf(op: "sum" | "prod" | "max" | "min", type: Exclude<Scalar, "bool">): string {
  return op === "max" || op === "min" ? starts[op][type] : literal(type, op === "sum" ? 0 : 1);
}

function combined(
  op: "sum" | "prod" | "max" | "min",
  a: string,
  b: string,
  type: Scalar,
  lanes: Lanes,
): string {
  if (op === "sum") return `${a} + ${b}`;
  if (op === "prod") return `${a} * ${b}`;
  const name = type === "f32" ? `${op}_f32${lanes === 4 ? "x4" : ""}` : op;
  return `${name}(${a}, ${b})`;
}

const acrossNames = {
  sum: "subgroupAdd",
  prod: "subgroupMul",
  max: "subgroupMax",
  min: "subgroupMin",
} as const;

/** Of a subgroup's floats the greatest or least, or NaN if one of them is (subgroupMax may drop it). */
function acrossSubgroup(
  op: "sum" | "prod" | "max" | "min",
  cell: string,
  type: Scalar,
  lanes: Lanes,
): string {
  const plainly = `${acrossNames[op]}(${cell})`;
  if (type !== "f32" || op === "sum" || op === "prod") return plainly;
  const [float, word] = [typeName("f32", lanes), typeName("u32", lanes)];
  const test = `is_nan_f32${lanes === 4 ? "x4" : ""}(${cell})`;
  return `select(${plainly}, ${float}(bits_f32(0x7fc00000u)), subgroupOr(${word}(${test})) != ${word}())`;
}

/** sum, prod, max, min. bool is folded as words of 0 and 1. */
function plain(op: "sum" | "prod" | "max" | "min", from: Scalar, to: Scalar): Accumulator {
  const type = to === "bool" ? "u32" : to;
  return {
    cells: [{ type, start: startOf(op, type) }],
    element: (value, _index, lanes) => {
      const text = from === "bool" ? convertBits(value, "bool", "u32", lanes) : value;
      const source = from === "bool" ? "u32" : from;
      return [source === type ? text : `${typeName(type, lanes)}(${text})`];
    },
    fold: ([target], [value], lanes) => [`${target} = ${combined(op, target!, value!, type, lanes)};`],
    across: ([cell], lanes) => [`${cell} = ${acrossSubgroup(op, cell!, type, lanes)};`],
    result: ([cell], lanes) => (to === "bool" ? convertBits(cell!, "u32", "bool", lanes) : cell!),
  };
}

/** argmax and argmin: the greatest key wins, then the lowest index; NaN has the greatest key of all. */
function best(op: "argmax" | "argmin", from: Scalar): Accumulator {
  const type = from === "bool" ? "u32" : from;
  const order = op === "argmax" ? "order" : "reverse";
  const key = `${order}_key_${type}`;
  return {
    cells: [
      { type: "u32", start: "0u" },
      { type: "u32", start: "4294967295u" },
    ],
    element: (value, index, lanes) => [
      `${key}${lanes === 4 ? "x4" : ""}(${from === "bool" ? convertBits(value, "bool", "u32", lanes) : value})`,
      `bitcast<${typeName("u32", lanes)}>(${index})`,
    ],
    fold: ([bestKey, bestIndex], [value, index]) => [
      "{",
      `  let next_key = ${value};`,
      `  let next_index = ${index};`,
      `  let better = (next_key > ${bestKey}) | ((next_key == ${bestKey}) & (next_index < ${bestIndex}));`,
      `  ${bestKey} = select(${bestKey}, next_key, better);`,
      `  ${bestIndex} = select(${bestIndex}, next_index, better);`,
      "}",
    ],
    across: ([bestKey, bestIndex], lanes) => [
      "{",
      `  let top = subgroupMax(${bestKey});`,
      `  ${bestIndex} = subgroupMin(select(${typeName("u32", lanes)}(4294967295u), ${bestIndex}, ${bestKey} == top));`,
      `  ${bestKey} = top;`,
      "}",
    ],
    result: ([, index], lanes) => `bitcast<${typeName("i32", lanes)}>(${index})`,
    extreme: ([bestKey], lanes) => `${order}_value_${type}${lanes === 4 ? "x4" : ""}(${bestKey})`,
  };
}

/** The accumulator of a stage: `value` is the dtype of what is reduced, `result` of the outcome. */
export function accumulator(op: ReduceOp, value: Dtype, result: Dtype): Accumulator {
  const from = scalarOf(value);
  return op === "argmax" || op === "argmin" ? best(op, from) : plain(op, from, scalarOf(result));
}
