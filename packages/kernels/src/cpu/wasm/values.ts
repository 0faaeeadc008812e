/** @file The values of scalar steps: constants where they stand, the others as they were computed. */
import type { Dtype } from "../../ir/kernel.ts";
import type { ScalarOpName } from "../../ir/scalarOps.ts";
import type { Value } from "./assembler.ts";
import type { BodyContext } from "./context.ts";
import { int } from "./integers.ts";
import { expOfNegative } from "./math/exponential.ts";
import { constant, lower, registerOf } from "./scalar.ts";

export function stepValue(context: BodyContext, id: number): Value {
  return context.facts.constant[id] ? constantOf(context, id) : context.computed(id);
}

/** A step that is the same in all lanes, as an i32. */
export function scalarOf(context: BodyContext, id: number): Value {
  const known = context.find((scope) => scope.scalars.get(id));
  if (known) return known;
  const scalar = context.f.keep("i32", (f) => {
    stepValue(context, id)(f);
    f.lane("i32x4.extract_lane", 0);
  }).get;
  context.scope.scalars.set(id, scalar);
  return scalar;
}

function constantOf(context: BodyContext, id: number): Value {
  const { op, dtype, value = 0, args } = context.spec.code[id]!;
  if (op === "const") return constant(value, dtype);
  if (op === "param") return constant(paramNumber(context, value, dtype), dtype);
  return () =>
    pushOperation(
      context,
      id,
      args.map((arg) => constantOf(context, arg)),
    );
}

function paramNumber({ spec }: BodyContext, word: number, dtype: Dtype): number {
  const bits = spec.params.words[word]!;
  return registerOf(dtype) === "f" ? new Float32Array(Uint32Array.of(bits).buffer)[0]! : bits;
}

/** The number of a step, if it is one for all calls of the function. */
function numberOf(context: BodyContext, id: number): number | undefined {
  const { op, dtype, value = 0 } = context.spec.code[id]!;
  if (op === "const") return value;
  return op === "param" && context.facts.constant[id] ? paramNumber(context, value, dtype) : undefined;
}

export function pushOperation(context: BodyContext, id: number, args: readonly Value[]): void {
  const { code } = context.spec;
  const { op, dtype, args: ids } = code[id]!;
  if (op === "half" && context.isExactHalf(ids[0]!)) {
    args[0]!(context.f);
    return;
  }
  const constants = ids.map((arg) => numberOf(context, arg));
  const lanes = context.isVarying(id) ? context.at.width : "same";
  if (op === "div" && lanes !== "same" && isOfRow(context, ids[1]!)) {
    args[0]!(context.f);
    reciprocalOf(context, ids[1]!)(context.f);
    context.f.simd("f32x4.mul");
    return;
  }
  if (op === "exp" && isBelowMaximum(context, ids[0]!)) {
    expOfNegative(context.f, args[0]!)(context.f);
    return;
  }
  lower(op as ScalarOpName, dtype, code[ids[0]!]!.dtype, { lanes, constants })(context.f, ...args);
}

/** A value less the maximum over its row, as the softmax and its kin have it. */
function isBelowMaximum({ spec: { code, stages } }: BodyContext, id: number): boolean {
  const { op, args } = code[id]!;
  const subtracted = op === "sub" ? code[args[1]!]! : null;
  if (subtracted?.op !== "stage") return false;
  const stage = stages[subtracted.value!]!;
  return stage.op === "max" && stage.value === args[0];
}

/** The result of a reduction, or computed from one, and the same in all lanes: a row is divided by it many times. */
export function isOfRow(context: BodyContext, id: number): boolean {
  return context.facts.ready[id]! > 0 && !context.isVarying(id);
}

export function reciprocalOf(context: BodyContext, id: number): Value {
  const known = context.find((scope) => scope.reciprocals.get(id));
  if (known) return known;
  const value = context.f.let((f) => {
    f.v128([1, 1, 1, 1], false);
    stepValue(context, id)(f);
    f.simd("f32x4.div");
  });
  context.scope.reciprocals.set(id, value);
  return value;
}

/** Pushes the index of an axis in each lane. */
export function pushAxis({ f, at, laneAxis }: BodyContext, axis: number): void {
  if (axis !== laneAxis) {
    // Loops leave out axes of one element.
    (at.axes.get(axis) ?? int(0))(f);
    f.simd("i32x4.splat");
    return;
  }
  at.lane!.get(f);
  f.i32(2);
  f.plain("i32.shr_u");
  f.simd("i32x4.splat");
  f.v128(
    [0, 1, 2, 3].map((lane) => lane + at.copy * 4),
    true,
  );
  f.simd("i32x4.add");
}

/** Pushes a value as memory has it: bools as 0 or 1. */
export function inMemory(context: BodyContext, id: number): Value {
  const value = stepValue(context, id);
  if (context.spec.code[id]!.dtype !== "bool") return value;
  return context.f.let((f) => {
    value(f);
    f.v128([1, 1, 1, 1], true);
    f.simd("v128.and");
  });
}
