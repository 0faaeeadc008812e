/** @file Ordering: sorted elements and positions, the largest, places in sorted sequences, distinct elements. */
import { ShapeError, ValueError } from "../graph/errors.ts";
import { isFloat, type Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { sub } from "../primitives/arithmetic.ts";
import { cumulative } from "../primitives/cumulative.ts";
import { take, takeAlongAxis } from "../primitives/indexing.ts";
import { and, cast, greater, isNan, less, not, notEqual, or, where } from "../primitives/logic.ts";
import { pad, reshape, sliceAxis } from "../primitives/movement.ts";
import { inverseOrder, rowOrder } from "../primitives/order.ts";
import { sum } from "../primitives/reduce.ts";
import { searchSorted } from "../primitives/search.ts";
import * as sorting from "../primitives/sorting.ts";
import { constant, iota, number } from "../primitives/source.ts";
import {
  checkChoice,
  checkCount,
  floatOperand,
  integerOperand,
  numberOperand,
  numberPair,
  oneAxis,
  type Tensor,
  type TensorLike,
  throughIntegers,
  toNode,
  wrap,
} from "./arguments.ts";

export interface SortOptions {
  /** Axis along which elements are ordered; null: of the flattened tensor. */
  readonly axis?: number | null;
}

/** `of` along one axis, or over the flattened tensor. */
function along(name: string, node: Node, axis: number | null, of: (x: Node, axis: number) => Node): Node {
  if (axis === null) return of(reshape(node, [node.shape.size]), 0);
  return of(node, oneAxis(name, axis, node.shape.length));
}

/**
 * Elements in ascending order along `axis` (the last one by default; null: of the flattened tensor). NaN comes last. The gradient goes back to where
 * each element came from. `flip` gives descending order.
 * @throws ValueError if the axis does not exist.
 * @example
 * sort(tensor([[3, 1, 2], [0, 5, 4]])); // [[1, 2, 3], [0, 4, 5]]
 */
export function sort(x: TensorLike, { axis = -1 }: SortOptions = {}): Tensor {
  const node = toNode(x);
  const wide = node.dtype === "bool" ? node : numberOperand(x);
  return wrap(throughIntegers([wide], (value) => along("sort", value, axis, sorting.sort)));
}

/**
 * Positions (int32) that sort `x` along `axis` (the last one by default; null: of the flattened tensor). Equal elements keep their order, NaN comes last.
 * @throws ValueError if the axis does not exist.
 * @example
 * argsort(tensor([3, 1, 3, 2])); // [1, 3, 0, 2]
 */
export const argsort = (x: TensorLike, { axis = -1 }: SortOptions = {}): Tensor =>
  wrap(along("argsort", numberOperand(x), axis, sorting.argsort));

/** Throws unless 0 < k <= extent of the last axis. */
function checkLargest(name: string, node: Node, k: number): void {
  checkCount(name, "k", k, 1);
  const extent = node.shape.at(-1);
  if (extent !== undefined && k <= extent) return;
  throw new ValueError(name, "k is larger than the last axis.", {
    received: `k ${k} for ${typeText(node.dtype, node.shape)}.`,
    expected: extent === undefined ? "a tensor with at least one axis." : `an integer from 1 to ${extent}.`,
    fix: "lower k, or look along another axis with transpose.",
  });
}

/**
 * The k largest elements along the last axis, largest first, and their positions (int32). Of equal elements the first comes first; NaN counts as
 * largest. `sorted` is Keras's; the result is sorted either way.
 * @throws ValueError if k is no integer from 1 to the extent.
 * @example
 * topK(tensor([1, 3, 2, 3]), 3).indices; // [1, 3, 2]
 */
export function topK(
  x: TensorLike,
  k: number,
  _options: { readonly sorted?: boolean } = {},
): { values: Tensor; indices: Tensor } {
  const node = numberOperand(x);
  checkLargest("topK", node, k);
  const { values, indices } = sorting.topK(node, k);
  return { values: wrap(values), indices: wrap(indices) };
}

/**
 * Whether the prediction at the target is among the k largest of its row; equal ones all count, NaN is less than all. Targets [batch] (integers), predictions
 * [batch, classes].
 * @throws ShapeError if targets and predictions do not fit.
 * @example
 * inTopK([1, 0], tensor([[0.1, 0.8, 0.3], [0.2, 0.5, 0.9]]), 2); // [true, false]
 */
export function inTopK(targets: TensorLike, predictions: TensorLike, k: number): Tensor {
  const [positions, scores] = [integerOperand("inTopK", targets), floatOperand(predictions)];
  const isOk = scores.shape.length === 2 && positions.shape.join() === scores.shape.slice(0, 1).join();
  if (!isOk)
    throw new ShapeError("inTopK", "targets do not fit the predictions.", {
      received: `targets ${typeText(positions.dtype, positions.shape)}, predictions ${typeText(scores.dtype, scores.shape)}.`,
      expected: "targets [batch] and predictions [batch, classes].",
      fix: "reshape, and check which is which.",
    });
  checkLargest("inTopK", scores, k);
  const found = takeAlongAxis(scores, reshape(positions, [...positions.shape, 1]), 1);
  const own = where(isNan(found), constant(Number.NEGATIVE_INFINITY), found);
  const isBetter = and(greater(scores, own), not(isNan(scores)));
  return wrap(less(sum(cast(isBetter, "int32"), [1]), number(k, "int32")));
}

/**
 * Positions (int32) such that the element at place `kth` along `axis` is the one of the sorted tensor, smaller ones before it, larger ones behind. The
 * whole axis is sorted.
 * @throws ValueError if the axis or the place does not exist.
 * @example
 * argpartition(tensor([3, 1, 2, 0]), 1); // [3, 1, 2, 0]
 */
export function argpartition(x: TensorLike, kth: number, { axis = -1 }: SortOptions = {}): Tensor {
  const node = numberOperand(x);
  const extent = axis === null ? node.shape.size : (node.shape.at(axis) ?? 0);
  if (!Number.isInteger(kth) || kth < -extent || kth >= extent)
    throw new ValueError("argpartition", "kth is not a place along the axis.", {
      received: `kth ${kth} for ${typeText(node.dtype, node.shape)}, axis ${axis}.`,
      expected: `an integer from ${-extent} to ${extent - 1}.`,
      fix: "check kth and the axis.",
    });
  return wrap(along("argpartition", node, axis, sorting.argsort));
}

/** Throws unless the node has one axis. */
function checkVector(name: string, argument: string, node: Node): void {
  if (node.shape.length === 1) return;
  throw new ShapeError(name, `${argument} must have one axis.`, {
    received: `${argument} ${typeText(node.dtype, node.shape)}.`,
    expected: "shape [length].",
    fix: "flatten it with reshape, or map over its rows.",
  });
}

/** Places of the values in a sorted vector, in the shape of the values. */
function places(sequence: Node, values: Node, right: boolean): Node {
  const rows = reshape(values, [1, values.shape.size]);
  const found = searchSorted(reshape(sequence, [1, sequence.shape.size]), rows, { right });
  return reshape(found, values.shape);
}

/**
 * Where `values` would stand in an ascending vector (int32): before equal elements, or behind them for side "right". NaN is larger than all.
 * @throws ShapeError if the sequence has not one axis; ValueError for another side.
 * @example
 * searchsorted(tensor([1, 2, 2, 4]), tensor([2, 0, 5])); // [1, 0, 4]
 */
export function searchsorted(
  sortedSequence: TensorLike,
  values: TensorLike,
  { side = "left" }: { readonly side?: "left" | "right" } = {},
): Tensor {
  checkChoice("searchsorted", "side", side, ["left", "right"]);
  const [sequence, node] = numberPair(sortedSequence, values);
  checkVector("searchsorted", "sortedSequence", sequence);
  return wrap(places(sequence, node, side === "right"));
}

/**
 * The bin (int32) of each element: how many of the ascending `bins` are at most as large.
 * @throws ShapeError if the bins have not one axis.
 * @example
 * digitize(tensor([0, 1, 2.5, 9]), tensor([1, 2, 3])); // [0, 1, 2, 3]
 */
export function digitize(x: TensorLike, bins: TensorLike): Tensor {
  const [edges, node] = numberPair(bins, x);
  checkVector("digitize", "bins", edges);
  return wrap(places(edges, node, true));
}

export interface UniqueOptions {
  /** Number of elements of the result: shapes cannot depend on values. Further distinct elements are left out. */
  readonly size: number;
  /** What fills the rest; the smallest element by default. */
  readonly fillValue?: number | null;
}

export interface Unique {
  /** Distinct elements in ascending order, [size]. */
  readonly values: Tensor;
  /** Where each occurs first in the flattened tensor, int32 [size]. */
  readonly index: Tensor;
  /** Position in `values` of each element of x, int32, in x's shape. */
  readonly inverse: Tensor;
  /** How often each occurs (0 for the rest), int32 [size]. */
  readonly counts: Tensor;
}

/**
 * The distinct elements of the flattened tensor in ascending order, as `keras.ops.unique` with `size`. Each NaN is distinct.
 * @throws ValueError without a size; ShapeError for an empty tensor.
 * @example
 * unique(tensor([3, 1, 3]), { size: 3 }).values; // [1, 3, 1]
 */
export function unique(x: TensorLike, { size, fillValue = null }: UniqueOptions): Unique {
  checkCount("unique", "size", size, 1);
  const given = numberOperand(x);
  const count = given.shape.size;
  if (count === 0)
    throw new ShapeError("unique", "an empty tensor has no elements.", {
      received: `${typeText(given.dtype, given.shape)}.`,
      expected: "at least one element.",
      fix: "check the slice or filter that made the tensor.",
    });
  const order = rowOrder(reshape(given, [1, count]));
  const places = reshape(order, [count]);
  const sorted = take(reshape(given, [count]), places, 0);
  const [next, before] = [sliceAxis(sorted, 0, 1, count), sliceAxis(sorted, 0, 0, count - 1)];
  // A GPU may hold that NaN equals NaN.
  const isNew = isFloat(given) ? or(notEqual(next, before), isNan(next)) : notEqual(next, before);
  // Number of distinct elements up to each sorted one, less 1.
  const rank = cumulative(pad(cast(isNew, "int32"), [1], [0]), 0, "sum");
  const starts = searchSorted(reshape(rank, [1, count]), iota([1, size + 1], 1, "int32"));
  const [begin, end] = [0, 1].map((from) => reshape(sliceAxis(starts, 1, from, from + size), [size])) as [
    Node,
    Node,
  ];
  const isThere = less(begin, number(count, "int32"));
  const from = where(isThere, begin, constant(0, "int32"));
  const found = take(sorted, from, 0);
  const fill = fillValue === null ? found : number(fillValue, given.dtype);
  return {
    values: wrap(where(isThere, found, fill)),
    index: wrap(take(places, from, 0)),
    inverse: wrap(reshape(take(rank, reshape(inverseOrder(order), [count]), 0), given.shape)),
    counts: wrap(sub(end, begin)),
  };
}
