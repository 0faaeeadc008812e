/** @file Products and factorisations of matrices. */
import { ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { abs, add, integerPower, mul } from "../primitives/arithmetic.ts";
import * as contraction from "../primitives/contraction.ts";
import { at } from "../primitives/factory.ts";
import { cholesky as choleskyNode } from "../primitives/linalg.ts";
import { cast, equal, notEqual, where } from "../primitives/logic.ts";
import { pow, sqrt } from "../primitives/math.ts";
import { pad, reshape, slice, transpose } from "../primitives/movement.ts";
import { max, min, sum } from "../primitives/reduce.ts";
import { constant, fill, iota } from "../primitives/source.ts";
import { matmulVectors } from "../tensor.ts";
import {
  type Axis,
  allAxes,
  floatOperand,
  numberOperand,
  numberPair,
  oneAxis,
  type Tensor,
  type TensorLike,
  wrap,
} from "./arguments.ts";

/**
 * Matrix product over the last two axes; the others broadcast, and vectors act as in NumPy.
 * @throws ShapeError if the inner dimensions differ.
 * @example
 * matmul(tensor([[1, 2], [3, 4]]), tensor([5, 6])); // [17, 39]
 */
export function matmul(x1: TensorLike, x2: TensorLike): Tensor {
  return wrap(matmulVectors(...numberPair(x1, x2)));
}

/** The sum of products over axes `first` of a and `second` of b; the others follow in order. */
function contract(name: string, a: Node, b: Node, first: readonly number[], second: readonly number[]): Node {
  const isEqual =
    first.length === second.length && first.every((axis, i) => a.shape[axis] === b.shape[at(second, i)]);
  if (!isEqual)
    throw new ShapeError(name, "contracted axes differ.", {
      received: `x1 ${typeText(a.dtype, a.shape)} over axes [${first.join()}], x2 ${typeText(b.dtype, b.shape)} over axes [${second.join()}].`,
      expected: "as many axes on both sides, of equal extents in order.",
      fix: "check axes, or transpose one operand.",
    });
  const free = (node: Node, used: readonly number[]) =>
    node.shape.flatMap((_, axis) => (used.includes(axis) ? [] : [axis]));
  const sizeOf = (node: Node, axes: readonly number[]) =>
    axes.reduce((size, axis) => size * at(node.shape, axis), 1);
  const [rows, columns] = [free(a, first), free(b, second)];
  const left = reshape(transpose(a, [...rows, ...first]), [sizeOf(a, rows), sizeOf(a, first)]);
  const right = reshape(transpose(b, [...second, ...columns]), [sizeOf(b, second), sizeOf(b, columns)]);
  const extents = [...rows.map((axis) => at(a.shape, axis)), ...columns.map((axis) => at(b.shape, axis))];
  return reshape(contraction.matmul(left, right), extents);
}

/**
 * Sum of products over the last axis of x1 and the second to last of x2 (its only one if it is a vector); a scalar multiplies.
 * @example
 * dot(tensor([1, 2, 3]), tensor([4, 5, 6])); // 32
 */
export function dot(x1: TensorLike, x2: TensorLike): Tensor {
  const [a, b] = numberPair(x1, x2);
  if (a.shape.length === 0 || b.shape.length === 0) return wrap(mul(a, b));
  return wrap(contract("dot", a, b, [a.shape.length - 1], [Math.max(0, b.shape.length - 2)]));
}

/**
 * Sum of products over several axes: the last `axes` of x1 with the first of x2, or the lists [axes of x1, axes of x2].
 * @example
 * tensordot(tensor([[1, 2], [3, 4]]), tensor([[1, 0], [0, 1]])); // 5
 */
export function tensordot(
  x1: TensorLike,
  x2: TensorLike,
  { axes = 2 }: { axes?: number | readonly [number | readonly number[], number | readonly number[]] } = {},
): Tensor {
  const [a, b] = numberPair(x1, x2);
  if (typeof axes === "number") {
    if (!Number.isInteger(axes) || axes < 0 || axes > Math.min(a.shape.length, b.shape.length))
      throw new ValueError("tensordot", "too many axes.", {
        received: `axes ${axes}, x1 ${typeText(a.dtype, a.shape)}, x2 ${typeText(b.dtype, b.shape)}.`,
        expected: "an integer from 0 to the smaller rank.",
        fix: "name the axes: { axes: [[...], [...]] }.",
      });
    const count = Array.from({ length: axes }, (_, i) => i);
    return wrap(
      contract(
        "tensordot",
        a,
        b,
        count.map((i) => a.shape.length - axes + i),
        count,
      ),
    );
  }
  const listed = (side: number | readonly number[], node: Node): number[] =>
    (typeof side === "number" ? [side] : side).map((axis) => oneAxis("tensordot", axis, node.shape.length));
  return wrap(contract("tensordot", a, b, listed(axes[0], a), listed(axes[1], b)));
}

/**
 * Products of all pairs of elements of two vectors (tensors are flattened).
 * @example
 * outer(tensor([1, 2]), tensor([3, 4])); // [[3, 4], [6, 8]]
 */
export function outer(x1: TensorLike, x2: TensorLike): Tensor {
  const [a, b] = numberPair(x1, x2);
  return wrap(mul(reshape(a, [a.shape.size, 1]), reshape(b, [1, b.shape.size])));
}

/**
 * Sum of products over the last axes of both.
 * @example
 * inner(tensor([1, 2]), tensor([3, 4])); // 11
 */
export function inner(x1: TensorLike, x2: TensorLike): Tensor {
  const [a, b] = numberPair(x1, x2);
  if (a.shape.length === 0 || b.shape.length === 0) return wrap(mul(a, b));
  return wrap(contract("inner", a, b, [a.shape.length - 1], [b.shape.length - 1]));
}

/**
 * Sum of products of all elements, both flattened.
 * @example
 * vdot(tensor([[1, 2]]), tensor([[3], [4]])); // 11
 */
export function vdot(x1: TensorLike, x2: TensorLike): Tensor {
  const [a, b] = numberPair(x1, x2);
  return wrap(contract("vdot", reshape(a, [a.shape.size]), reshape(b, [b.shape.size]), [0], [0]));
}

/**
 * A square matrix with the vector x on diagonal `k`, or diagonal `k` of a matrix.
 * @example
 * diag(tensor([1, 2])); // [[1, 0], [0, 2]]
 */
export function diag(x: TensorLike, { k = 0 }: { k?: number } = {}): Tensor {
  const node = numberOperand(x);
  const rank = node.shape.length;
  if (rank === 2) return wrap(diagonalOf(node, k));
  if (rank !== 1)
    throw new ShapeError("diag", "a vector or a matrix is needed.", {
      received: `${typeText(node.dtype, node.shape)}.`,
      expected: "one or two axes.",
      fix: "reshape, or use trace and eye.",
    });
  const size = at(node.shape, 0) + Math.abs(k);
  const spread = pad(node, [Math.max(0, k)], [Math.max(0, -k)]);
  const columns = iota([1, size], 1, "int32");
  const isDiagonal = equal(add(iota([size, 1], 0, "int32"), constant(k, "int32")), columns);
  return wrap(where(isDiagonal, spread, constant(0, node.dtype)));
}

/** Elements [i, i + k] of a matrix: every (columns + 1)-th of its flattened form. */
function diagonalOf(x: Node, k: number): Node {
  const [rows, columns] = [at(x.shape, 0), at(x.shape, 1)];
  const count = Math.max(0, Math.min(rows + Math.min(k, 0), columns - Math.max(k, 0)));
  const first = k >= 0 ? k : -k * columns;
  if (count === 0) return fill(0, [0], x.dtype);
  return slice(reshape(x, [rows * columns]), [first], [count], [columns + 1]);
}

/**
 * Sum of a diagonal of the last two axes: `offset` above the main one.
 * @example
 * trace(tensor([[1, 2], [3, 4]])); // 5
 */
export function trace(x: TensorLike, { offset = 0 }: { offset?: number } = {}): Tensor {
  const node = numberOperand(x);
  const rank = node.shape.length;
  const [row, column] = [oneAxis("trace", -2, rank), oneAxis("trace", -1, rank)];
  const rows = iota([at(node.shape, row), 1], 0, "int32");
  const columns = iota([1, at(node.shape, column)], 1, "int32");
  const isDiagonal = equal(add(rows, constant(offset, "int32")), columns);
  return wrap(sum(where(isDiagonal, node, constant(0, node.dtype)), [row, column]));
}

/**
 * Lower L with L times its transpose equal to x, for symmetric positive definite matrices up to 64 x 64.
 * @example
 * cholesky(tensor([[4, 2], [2, 5]])); // [[2, 0], [1, 2]]
 */
export const cholesky = (x: TensorLike): Tensor => wrap(choleskyNode(floatOperand(x)));

/** Order of a norm: a number, or "fro", the square root of the sum of squares. */
export type NormOrder = number | "fro" | null;

/**
 * Vector norm of order `ord` (2 by default) over one axis or over the flattened tensor; "fro" over a pair of axes.
 * @example
 * norm(tensor([3, 4])); // 5
 */
export function norm(
  x: TensorLike,
  { ord = null, axis = null, keepdims = false }: { ord?: NormOrder; axis?: Axis; keepdims?: boolean } = {},
): Tensor {
  const node = floatOperand(x);
  const axes = allAxes("norm", axis, node.shape.length);
  const isMatrix = axes.length > 1;
  if (ord === null || ord === "fro" || (ord === 2 && !isMatrix))
    return wrap(sqrt(sum(integerPower(node, 2), axes, keepdims)));
  if (!isMatrix) return wrap(vectorNorm(node, ord, axes, keepdims));
  throw new ValueError("norm", "this order is not defined over several axes here.", {
    received: `ord ${ord} over axes [${axes.join()}].`,
    expected: 'null or "fro", or one axis.',
    fix: "give one axis, or ravel the tensor.",
  });
}

/** (sum |x|^p)^(1/p), with its limits at 0 (count), infinity (max) and minus infinity (min). */
function vectorNorm(x: Node, order: number, axes: readonly number[], keepDims: boolean): Node {
  const size = abs(x);
  if (order === Number.POSITIVE_INFINITY) return max(size, axes, keepDims);
  if (order === Number.NEGATIVE_INFINITY) return min(size, axes, keepDims);
  if (order === 0) return sum(cast(notEqual(x, constant(0)), "float32"), axes, keepDims);
  if (order === 1) return sum(size, axes, keepDims);
  return pow(sum(pow(size, constant(order)), axes, keepDims), constant(1 / order));
}
