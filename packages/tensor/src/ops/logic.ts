/** @file Comparisons, truth values and bits, element by element with broadcasting. */
import type { Dtype } from "@tenrec/kernels";
import type { Node } from "../graph/node.ts";
import { abs, add, scale, sub } from "../primitives/arithmetic.ts";
import * as logic from "../primitives/logic.ts";
import { constant } from "../primitives/source.ts";
import {
  floatOperand,
  integerOperand,
  pair,
  type Tensor,
  type TensorLike,
  toNode,
  wrap,
} from "./arguments.ts";

function compare(x1: TensorLike, x2: TensorLike, of: (a: Node, b: Node) => Node): Tensor {
  return wrap(of(...pair(x1, x2)));
}

/** Truth value of each element: not 0. */
const truth = (x: TensorLike): Node => logic.cast(toNode(x), "bool");

/**
 * Whether x1 equals x2.
 * @example
 * equal(tensor([1, 2]), 2); // [false, true]
 */
export const equal = (x1: TensorLike, x2: TensorLike): Tensor => compare(x1, x2, logic.equal);

/**
 * Whether x1 differs from x2.
 * @example
 * notEqual(tensor([1, 2]), 2); // [true, false]
 */
export const notEqual = (x1: TensorLike, x2: TensorLike): Tensor => compare(x1, x2, logic.notEqual);

/**
 * Whether x1 is below x2.
 * @example
 * less(tensor([1, 2]), 2); // [true, false]
 */
export const less = (x1: TensorLike, x2: TensorLike): Tensor => compare(x1, x2, logic.less);

/**
 * Whether x1 is at most x2.
 * @example
 * lessEqual(tensor([1, 3]), 2); // [true, false]
 */
export const lessEqual = (x1: TensorLike, x2: TensorLike): Tensor => compare(x1, x2, logic.lessEqual);

/**
 * Whether x1 is above x2.
 * @example
 * greater(tensor([1, 3]), 2); // [false, true]
 */
export const greater = (x1: TensorLike, x2: TensorLike): Tensor => compare(x1, x2, logic.greater);

/**
 * Whether x1 is at least x2.
 * @example
 * greaterEqual(tensor([1, 2]), 2); // [false, true]
 */
export const greaterEqual = (x1: TensorLike, x2: TensorLike): Tensor => compare(x1, x2, logic.greaterEqual);

/**
 * Both are true (not 0).
 * @example
 * logicalAnd(tensor([1, 0]), tensor([1, 1])); // [true, false]
 */
export const logicalAnd = (x1: TensorLike, x2: TensorLike): Tensor => wrap(logic.and(truth(x1), truth(x2)));

/**
 * At least one is true.
 * @example
 * logicalOr(tensor([1, 0]), tensor([0, 0])); // [true, false]
 */
export const logicalOr = (x1: TensorLike, x2: TensorLike): Tensor => wrap(logic.or(truth(x1), truth(x2)));

/**
 * Exactly one is true.
 * @example
 * logicalXor(tensor([1, 0]), tensor([1, 1])); // [false, true]
 */
export const logicalXor = (x1: TensorLike, x2: TensorLike): Tensor => wrap(logic.xor(truth(x1), truth(x2)));

/**
 * True where x is false.
 * @example
 * logicalNot(tensor([1, 0])); // [false, true]
 */
export const logicalNot = (x: TensorLike): Tensor => wrap(logic.not(truth(x)));

/**
 * Whether each element is NaN.
 * @example
 * isnan(tensor([1, NaN])); // [false, true]
 */
export const isnan = (x: TensorLike): Tensor => wrap(logic.isNan(floatOperand(x)));

/**
 * Whether each element is infinite.
 * @example
 * isinf(tensor([1, Infinity])); // [false, true]
 */
export const isinf = (x: TensorLike): Tensor => wrap(logic.isInf(floatOperand(x)));

/**
 * Whether each element is a finite number.
 * @example
 * isfinite(tensor([1, Infinity])); // [true, false]
 */
export const isfinite = (x: TensorLike): Tensor => wrap(logic.isFiniteValue(floatOperand(x)));

/**
 * Whether |x1 - x2| <= atol + rtol |x2|.
 * @example
 * isclose(tensor([1, 2]), tensor([1.000001, 2.1])); // [true, false]
 */
export function isclose(
  x1: TensorLike,
  x2: TensorLike,
  { rtol = 1e-5, atol = 1e-8 }: { rtol?: number; atol?: number } = {},
): Tensor {
  const [a, b] = [floatOperand(x1), floatOperand(x2)];
  const allowed = add(scale(abs(b), rtol), constant(atol));
  return wrap(logic.or(logic.equal(a, b), logic.lessEqual(abs(sub(a, b)), allowed)));
}

/**
 * x1 where the condition is true (not 0), else x2; all three broadcast and both are evaluated.
 * @example
 * where(tensor([true, false]), 1, tensor([5, 6])); // [1, 6]
 */
export function where(condition: TensorLike, x1: TensorLike, x2: TensorLike): Tensor {
  return wrap(logic.where(truth(condition), ...pair(x1, x2)));
}

/** A bit operation on two integer (or bool) operands. */
function ofBits(name: string, x: TensorLike, y: TensorLike, of: (a: Node, b: Node) => Node): Tensor {
  const [a, b] = pair(x, y);
  return wrap(of(bitsOf(name, a), bitsOf(name, b)));
}

/** Bools as they are; anything else must be integers. */
function bitsOf(name: string, x: Node): Node {
  return x.dtype === "bool" ? x : integerOperand(name, wrap(x));
}

/**
 * Bits set in both.
 * @example
 * bitwiseAnd(tensor([6, 5], { dtype: "int32" }), 4); // [4, 4]
 */
export const bitwiseAnd = (x: TensorLike, y: TensorLike): Tensor => ofBits("bitwiseAnd", x, y, logic.and);

/**
 * Bits set in one or both.
 * @example
 * bitwiseOr(tensor([6, 5], { dtype: "int32" }), 1); // [7, 5]
 */
export const bitwiseOr = (x: TensorLike, y: TensorLike): Tensor => ofBits("bitwiseOr", x, y, logic.or);

/**
 * Bits set in exactly one.
 * @example
 * bitwiseXor(tensor([6, 5], { dtype: "int32" }), 1); // [7, 4]
 */
export const bitwiseXor = (x: TensorLike, y: TensorLike): Tensor => ofBits("bitwiseXor", x, y, logic.xor);

/**
 * All bits flipped.
 * @example
 * bitwiseNot(tensor([0, 5], { dtype: "int32" })); // [-1, -6]
 */
export const bitwiseNot = (x: TensorLike): Tensor => wrap(logic.not(bitsOf("bitwiseNot", toNode(x))));

/**
 * x shifted left by y bits.
 * @example
 * leftShift(tensor([1, 3], { dtype: "int32" }), 2); // [4, 12]
 */
export const leftShift = (x: TensorLike, y: TensorLike): Tensor => ofBits("leftShift", x, y, logic.shiftLeft);

/**
 * x shifted right by y bits; the sign of int32 stays.
 * @example
 * rightShift(tensor([8, -8], { dtype: "int32" }), 2); // [2, -2]
 */
export const rightShift = (x: TensorLike, y: TensorLike): Tensor =>
  ofBits("rightShift", x, y, logic.shiftRight);

/**
 * Converts the dtype. Floats are truncated to integers; to bool means not 0.
 * @example
 * cast(tensor([1.7, -1.7, 0]), "int32"); // [1, -1, 0]
 */
export const cast = (x: TensorLike, dtype: Dtype): Tensor => wrap(logic.cast(toNode(x), dtype));
