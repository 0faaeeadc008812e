/** @file Sums and extremes by segment, counts by value, positions of what is not 0. Shapes never depend on values: sizes are arguments. */
import { ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { add, divideByCount, floorDiv, mod, mul, sub } from "../primitives/arithmetic.ts";
import { cumulative } from "../primitives/cumulative.ts";
import { at } from "../primitives/factory.ts";
import { scatterAdd } from "../primitives/indexing.ts";
import { and, cast, equal, greaterEqual, less, where } from "../primitives/logic.ts";
import { broadcastTo, reshape } from "../primitives/movement.ts";
import * as reduce from "../primitives/reduce.ts";
import { segment } from "../primitives/scatter.ts";
import { searchSorted } from "../primitives/search.ts";
import { constant, fill, iota, number } from "../primitives/source.ts";
import {
  checkCount,
  floatOperand,
  integerOperand,
  numberOperand,
  type Tensor,
  type TensorLike,
  toNode,
  wrap,
} from "./arguments.ts";

export interface SegmentOptions {
  /** Extent of the result's first axis. Shapes cannot depend on values. */
  readonly numSegments: number;
  /** Keras's hint that the ids ascend; not needed here. */
  readonly sorted?: boolean;
}

/** Data and ids that fit, with the size of what belongs to each id. */
function operands(
  name: string,
  data: TensorLike,
  segmentIds: TensorLike,
  numSegments: number,
): { x: Node; ids: Node; rows: Node; shape: readonly number[] } {
  checkCount(name, "numSegments", numSegments, 1);
  const [x, ids] = [numberOperand(data), integerOperand(name, segmentIds)];
  if (ids.shape.length !== 1 || x.shape.length === 0 || ids.shape[0] !== x.shape[0])
    throw new ShapeError(name, "segment ids do not fit the data.", {
      received: `data ${typeText(x.dtype, x.shape)}, segmentIds ${typeText(ids.dtype, ids.shape)}.`,
      expected: "segmentIds [count] and data [count, ...].",
      fix: "flatten both: data with reshape([-1, ...]), segmentIds with reshape([-1]).",
    });
  const count = at(x.shape, 0);
  const rows = reshape(x, [count, x.shape.slice(1).reduce((a, b) => a * b, 1)]);
  return { x, ids, rows, shape: [numSegments, ...x.shape.slice(1)] };
}

/**
 * Sums of the elements of data [count, ...] with equal ids [count], as [numSegments, ...]. Ids out of range are dropped; a segment without elements is 0.
 * @throws ShapeError if data and ids do not fit; ValueError if numSegments is no count; DtypeError for float ids.
 * @example
 * segmentSum(tensor([1, 2, 3]), [0, 2, 0], { numSegments: 3 }); // [4, 0, 2]
 */
export function segmentSum(
  data: TensorLike,
  segmentIds: TensorLike,
  { numSegments }: SegmentOptions,
): Tensor {
  const { x, ids } = operands("segmentSum", data, segmentIds, numSegments);
  return wrap(scatterAdd(x, ids, 0, numSegments, { outOfRange: "drop" }));
}

function segmented(
  name: string,
  operation: "max" | "min" | "prod",
  data: TensorLike,
  segmentIds: TensorLike,
  { numSegments }: SegmentOptions,
): Tensor {
  const { ids, rows, shape } = operands(name, data, segmentIds, numSegments);
  return wrap(reshape(segment(rows, ids, numSegments, operation), shape));
}

/**
 * Largest element of each segment; -Infinity (the lowest integer) where there is none. See `segmentSum`.
 * @throws ShapeError, ValueError and DtypeError as `segmentSum`.
 * @example
 * segmentMax(tensor([1, 2, 3]), [0, 1, 0], { numSegments: 2 }); // [3, 2]
 */
export const segmentMax = (data: TensorLike, segmentIds: TensorLike, options: SegmentOptions): Tensor =>
  segmented("segmentMax", "max", data, segmentIds, options);

/**
 * Smallest element of each segment; Infinity (the highest integer) where there is none. See `segmentSum`.
 * @throws ShapeError, ValueError and DtypeError as `segmentSum`.
 * @example
 * segmentMin(tensor([1, 2, 3]), [0, 1, 0], { numSegments: 2 }); // [1, 2]
 */
export const segmentMin = (data: TensorLike, segmentIds: TensorLike, options: SegmentOptions): Tensor =>
  segmented("segmentMin", "min", data, segmentIds, options);

/**
 * Product of each segment; 1 where there is no element. See `segmentSum`.
 * @throws ShapeError, ValueError and DtypeError as `segmentSum`.
 * @example
 * segmentProd(tensor([1, 2, 3]), [0, 1, 0], { numSegments: 3 }); // [3, 2, 1]
 */
export const segmentProd = (data: TensorLike, segmentIds: TensorLike, options: SegmentOptions): Tensor =>
  segmented("segmentProd", "prod", data, segmentIds, options);

export interface BincountOptions {
  /** What each element counts; 1 (int32) by default. */
  readonly weights?: TensorLike | null;
  /** Number of bins: shapes cannot depend on values. Elements out of range are dropped. */
  readonly minlength: number;
}

/**
 * How often each of 0, 1, ... minlength - 1 occurs in x [count], or in each row of x [batch, count].
 * @throws ValueError without a length; DtypeError for floats; ShapeError if x has other axes or the weights do not fit.
 * @example
 * bincount([1, 2, 2, 0], { minlength: 4 }); // [1, 1, 2, 0]
 */
export function bincount(x: TensorLike, { weights = null, minlength }: BincountOptions): Tensor {
  checkCount("bincount", "minlength", minlength, 1);
  const node = integerOperand("bincount", x);
  const counted = weights === null ? fill(1, node.shape, "int32") : numberOperand(weights);
  if (node.shape.length < 1 || node.shape.length > 2 || counted.shape !== node.shape)
    throw new ShapeError(
      "bincount",
      "x has other axes than [count] or [batch, count], or weights do not fit.",
      {
        received: `x ${typeText(node.dtype, node.shape)}, weights ${typeText(counted.dtype, counted.shape)}.`,
        expected: "x and weights of one shape with one or two axes.",
        fix: "reshape them.",
      },
    );
  const bins = countInto(node, counted, minlength);
  return wrap(node.shape.length === 1 ? reshape(bins, [minlength]) : bins);
}

/** Sums of `counted` by value, for each row of x: [rows, size]. */
function countInto(x: Node, counted: Node, size: number): Node {
  const count = at(x.shape, x.shape.length - 1);
  const rows = x.shape.length === 1 ? 1 : at(x.shape, 0);
  const values = cast(x, "int32");
  const isIn = and(greaterEqual(values, constant(0, "int32")), less(values, number(size, "int32")));
  const first = mul(iota([rows, 1], 0, "int32"), number(size, "int32"));
  const places = add(reshape(values, [rows, count]), first);
  const ids = where(reshape(isIn, [rows, count]), places, constant(-1, "int32"));
  const flat = reshape(ids, [rows * count]);
  const sums = scatterAdd(reshape(counted, [rows * count]), flat, 0, rows * size, { outOfRange: "drop" });
  return reshape(sums, [rows, size]);
}

export interface HistogramOptions {
  /** Number of bins of equal width. */
  readonly bins?: number;
  /** Lowest and highest edge; the smallest and the largest element by default. What lies outside is not counted. */
  readonly range?: readonly [number, number] | null;
}

/** The two outer edges; 1 apart where all elements are equal. */
function outerEdges(x: Node, range: HistogramOptions["range"]): [Node, Node] {
  if (range) return [number(range[0]), number(range[1])];
  const [low, high] = [reduce.min(x, [0]), reduce.max(x, [0])];
  const half = where(equal(low, high), constant(0.5), constant(0));
  return [sub(low, half), add(high, half)];
}

/**
 * Counts (float32 [bins]) of the elements between neighbouring edges (float32 [bins + 1]); the last bin includes its upper edge.
 * @throws ValueError if bins is no count or the range is empty; ShapeError for an empty tensor without a range.
 * @example
 * histogram(tensor([1, 2, 2, 3, 4]), { bins: 3 }).counts; // [1, 2, 2]
 */
export function histogram(
  x: TensorLike,
  { bins = 10, range = null }: HistogramOptions = {},
): { counts: Tensor; edges: Tensor } {
  checkCount("histogram", "bins", bins, 1);
  if (range && !(range[0] < range[1]))
    throw new ValueError("histogram", "the range is empty.", {
      received: `range [${range.join()}].`,
      expected: "[low, high] with low < high.",
      fix: "swap them, or leave the range out.",
    });
  const given = floatOperand(x);
  const node = reshape(given, [given.shape.size]);
  const [low, high] = outerEdges(node, range);
  const share = divideByCount(iota([bins + 1], 0, "float32"), bins);
  const edges = add(mul(low, sub(constant(1), share)), mul(high, share));
  const rows = reshape(node, [1, node.shape.size]);
  const place = searchSorted(reshape(edges, [1, bins + 1]), rows, { right: true });
  const isTop = equal(rows, broadcastTo(high, rows.shape));
  const bin = where(isTop, number(bins - 1, "int32"), sub(place, constant(1, "int32")));
  const counts = countInto(bin, fill(1, bin.shape, "float32"), bins);
  return { counts: wrap(reshape(counts, [bins])), edges: wrap(edges) };
}

export interface NonzeroOptions {
  /** Number of positions: shapes cannot depend on values. Further ones are left out. */
  readonly size: number;
  /** What fills the rest. */
  readonly fillValue?: number;
}

/**
 * Positions of the elements that are not 0 in row-major order: an int32 tensor [size] per axis.
 * @throws ValueError without a size.
 * @example
 * nonzero(tensor([[0, 1], [2, 0]]), { size: 3, fillValue: -1 })[1]; // [1, 0, -1]
 */
export function nonzero(x: TensorLike, { size, fillValue = 0 }: NonzeroOptions): Tensor[] {
  checkCount("nonzero", "size", size, 0);
  const node = toNode(x);
  const count = node.shape.size;
  const isSet = cast(cast(reshape(node, [1, count]), "bool"), "int32");
  const upTo = cumulative(isSet, 1, "sum");
  const wanted = add(iota([1, size], 1, "int32"), constant(1, "int32"));
  const linear = reshape(searchSorted(upTo, wanted), [size]);
  const isThere = less(linear, number(count, "int32"));
  let behind = count;
  return node.shape.map((extent) => {
    behind /= Math.max(1, extent);
    const along = mod(floorDiv(linear, number(behind, "int32")), number(Math.max(1, extent), "int32"));
    return wrap(where(isThere, along, constant(fillValue, "int32")));
  });
}
