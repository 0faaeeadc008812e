/** @file What public operations share: dtype promotion as in Keras 3, axes, and wrapping of nodes. */
import type { Dtype } from "@tenrec/kernels";
import { DtypeError, ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { cast } from "../primitives/logic.ts";
import { type Tensor, type TensorLike, toNode, wrap } from "../tensor.ts";

export { type Tensor, type TensorLike, toNode, wrap };

/** One axis, several, or null for all. */
export type Axis = number | readonly number[] | null;

/** Rank of dtypes in promotion: the higher one wins. int32 with uint32 is int32, as in JAX without 64 bits. */
const ranks: Readonly<Record<Dtype, number>> = { bool: 0, int8: 2, uint8: 1, uint32: 3, int32: 4, float32: 5 };

/** dtypes that only hold data: arithmetic on them is done in int32. */
export const isStorage = (dtype: Dtype): boolean => dtype === "uint8" || dtype === "int8";

const higher = (a: Dtype, b: Dtype): Dtype => (ranks[a] >= ranks[b] ? a : b);

/** Dtype of an operation on operands of these dtypes and numbers. A number takes the tensors' dtype; a fraction needs float32. */
export function promote(dtypes: readonly Dtype[], numbers: readonly number[]): Dtype {
  if (dtypes.length === 0) return "float32";
  const common = dtypes.reduce(higher);
  const compute = isStorage(common) ? "int32" : common;
  if (numbers.some((value) => !Number.isInteger(value))) return "float32";
  return numbers.length > 0 && compute === "bool" ? "int32" : compute;
}

/** The operands as nodes of one dtype. */
export function operands(values: readonly TensorLike[]): Node[] {
  const numbers = values.filter((value) => typeof value === "number");
  const given = values.map((value) => (typeof value === "number" ? null : toNode(value)));
  const dtypes = given.flatMap((node) => (node ? [node.dtype] : []));
  const dtype = promote(dtypes, numbers);
  return given.map((node, i) => (node ? cast(node, dtype) : toNode(values[i] as number, dtype)));
}

/** A float32 operand: integers and bools are converted. */
export const floatOperand = (x: TensorLike): Node => cast(toNode(x), "float32");

/** An operand of a dtype that arithmetic works on: bools and packed integers become int32. */
export function numberOperand(x: TensorLike): Node {
  const node = toNode(x);
  return node.dtype === "bool" || isStorage(node.dtype) ? cast(node, "int32") : node;
}

/** Result of a function on the float32 form of x. */
export const ofFloat = (x: TensorLike, of: (x: Node) => Node): Tensor => wrap(of(floatOperand(x)));

/** Runs `of` in int32 for bool operands and returns to bool. */
export function throughIntegers(nodes: readonly Node[], of: (...nodes: Node[]) => Node): Node {
  if (nodes[0]?.dtype !== "bool") return of(...nodes);
  return cast(of(...nodes.map((node) => cast(node, "int32"))), "bool");
}

/** Axis as a number from 0 to rank - 1. */
export function oneAxis(name: string, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw new ValueError(name, "axis out of range.", {
    received: `axis ${axis} for a tensor of rank ${rank}.`,
    expected: rank === 0 ? "no axis: the tensor is a scalar." : `an integer from ${-rank} to ${rank - 1}.`,
    fix: "count axes from 0, or from -1 backwards.",
  });
}

/** Axes in ascending order; all for null. */
export function allAxes(name: string, axis: Axis | undefined, rank: number): number[] {
  if (axis === null || axis === undefined) return Array.from({ length: rank }, (_, i) => i);
  const given = typeof axis === "number" ? [axis] : axis;
  const axes = given.map((one) => oneAxis(name, one, rank)).sort((a, b) => a - b);
  if (new Set(axes).size === axes.length) return axes;
  throw new ValueError(name, "an axis is given twice.", {
    received: `axis [${given.join()}] for a tensor of rank ${rank}.`,
    expected: "each axis once.",
    fix: "remove the duplicate (negative axes count from the end).",
  });
}

/** Throws unless `value` is one of `allowed`. */
export function checkChoice(name: string, argument: string, value: unknown, allowed: readonly string[]): void {
  if (allowed.includes(value as string)) return;
  throw new ValueError(name, `unknown ${argument}.`, {
    received: `${argument} ${JSON.stringify(value)}.`,
    expected: allowed.map((choice) => JSON.stringify(choice)).join(", "),
    fix: "use one of the names above.",
  });
}

/** Throws unless every extent is a non-negative integer. */
export function checkShape(name: string, shape: readonly number[]): void {
  if (Array.isArray(shape) && shape.every((extent) => Number.isInteger(extent) && extent >= 0)) return;
  throw new ShapeError(name, "not a shape.", {
    received: `shape ${JSON.stringify(shape)}.`,
    expected: "an array of integers, 0 or more.",
    fix: "write [2, 3] for two rows of three; [] for a scalar.",
  });
}

/** Throws unless the node is of an integer dtype. */
export function checkInteger(name: string, node: Node): void {
  if (node.dtype === "int32" || node.dtype === "uint32") return;
  throw new DtypeError(name, "integers are needed.", {
    received: `${typeText(node.dtype, node.shape)}.`,
    expected: "dtype int32 or uint32.",
    fix: 'convert with cast(x, "int32").',
  });
}

/** Integer positions from any number dtype that holds whole numbers: float32 and packed integers are converted. */
export function integerOperand(name: string, x: TensorLike): Node {
  const isPlain = typeof x === "number" || Array.isArray(x);
  const node = isPlain ? cast(toNode(x), "int32") : toNode(x);
  const wide = isStorage(node.dtype) || node.dtype === "bool" ? cast(node, "int32") : node;
  checkInteger(name, wide);
  return wide;
}
