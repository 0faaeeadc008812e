/** @file What public operations share: axes, choices and shapes of arguments, and conversions of operands beyond promotion. */
import type { Dtype } from "@tenrec/kernels";
import { DtypeError, ShapeError, ValueError } from "../graph/errors.ts";
import { isFloat, type Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { cast } from "../primitives/logic.ts";
import { toNode } from "../runtime/handles.ts";
import { computeDtype, promote, promoteFloats, promoteNumbers } from "../runtime/promote.ts";
import { normalAxes, normalAxis, type Tensor, type TensorLike, wrap } from "../tensor.ts";

/** One axis, several, or null for all. */
export type Axis = number | readonly number[] | null;

/** Two operands of one dtype. */
export const pair = (x1: TensorLike, x2: TensorLike): [Node, Node] => promote([x1, x2]) as [Node, Node];

/** Two operands of one number dtype: bools count as int32. */
export const numberPair = (x1: TensorLike, x2: TensorLike): [Node, Node] =>
  promoteNumbers([x1, x2]) as [Node, Node];

/** A float32 operand: integers and bools are converted. */
export const floatOperand = (x: TensorLike): Node => promoteFloats([x])[0] as Node;

/** An operand that arithmetic works on: bools and packed integers become int32. */
export const numberOperand = (x: TensorLike): Node => promoteNumbers([x])[0] as Node;

/** Result of a function of float32 operands. */
export function ofFloats(values: readonly TensorLike[], of: (...nodes: [Node, Node, Node]) => Node): Tensor {
  return wrap(of(...(promoteFloats(values) as [Node, Node, Node])));
}

/** Runs `of` in int32 for bool operands and returns to bool. */
export function throughIntegers(nodes: readonly Node[], of: (...nodes: [Node, Node]) => Node): Node {
  const isBool = nodes[0]?.dtype === "bool";
  const result = of(...((isBool ? nodes.map((node) => cast(node, "int32")) : nodes) as [Node, Node]));
  return isBool ? cast(result, "bool") : result;
}

/** Ascending axes; all for null. Duplicates are an error. */
export function allAxes(name: string, axis: Axis | undefined, rank: number): number[] {
  const axes = normalAxes(name, axis ?? undefined, rank);
  if (!Array.isArray(axis) || axes.length === axis.length) return axes;
  throw new ValueError(name, "an axis is given twice.", {
    received: `axis [${axis.join()}] of a tensor with ${rank} axes.`,
    expected: "each axis once.",
    fix: "remove the duplicate (negative axes count from the end).",
  });
}

export const oneAxis = normalAxis;

/** Throws unless `value` is one of `allowed`. */
export function checkChoice(
  name: string,
  argument: string,
  value: unknown,
  allowed: readonly string[],
): void {
  if (allowed.includes(value as string)) return;
  throw new ValueError(name, `unknown ${argument}.`, {
    received: `${argument} ${JSON.stringify(value)}.`,
    expected: `${allowed.map((choice) => JSON.stringify(choice)).join(", ")}.`,
    fix: "use one of these names.",
  });
}

/** Throws unless every extent is a non-negative integer. */
export function checkShape(name: string, shape: readonly number[]): void {
  if (Array.isArray(shape) && shape.every((extent) => Number.isInteger(extent) && extent >= 0)) return;
  throw new ShapeError(name, "not a shape.", {
    received: `shape ${JSON.stringify(shape)}.`,
    expected: "an array of integers, 0 or more.",
    fix: "write [2, 3] for two rows of three, [] for a scalar.",
  });
}

/** Throws unless `value` is an integer of at least `least`. */
export function checkCount(name: string, argument: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new ValueError(name, `${argument} is not a valid count.`, {
    received: `${argument} ${value}.`,
    expected: `an integer of at least ${least}.`,
    fix: "round it, or check where it comes from.",
  });
}

/** Integers, bools and packed integers in 32 bits; nested arrays and numbers are read as int32. Floats in tensors are refused. */
export function integerOperand(name: string, x: TensorLike): Node {
  const isPlain = typeof x === "number" || Array.isArray(x);
  const node = isPlain ? cast(toNode(x, "int32"), "int32") : toNode(x);
  const wide = cast(node, node.dtype === "bool" ? "int32" : computeDtype(node.dtype));
  if (!isFloat(wide)) return wide;
  throw new DtypeError(name, "integers are needed.", {
    received: `${typeText(node.dtype, node.shape)}.`,
    expected: "dtype int32 or uint32.",
    fix: 'convert with cast(x, "int32").',
  });
}

/** Dtypes that `dtype` options name. */
const dtypeNames: readonly Dtype[] = ["float32", "float16", "int32", "uint32", "bool"];

/** Throws unless `dtype` names one; packed bytes are for storage and are refused where values are computed. */
export function checkDtype(name: string, dtype: Dtype): void {
  checkChoice(name, "dtype", dtype, dtypeNames);
}

export { type Tensor, type TensorLike, toNode, wrap };
