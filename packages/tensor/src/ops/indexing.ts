/** @file Reading and writing at positions that are data. Negative positions count from the end; others are clamped into range. */
import type { Dtype } from "@tenrec/kernels";
import { ShapeError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { broadcastShapes, stridesOf, typeText } from "../graph/shape.ts";
import { add, maximum, minimum, mul } from "../primitives/arithmetic.ts";
import { at } from "../primitives/factory.ts";
import * as indexing from "../primitives/indexing.ts";
import { and, cast, greaterEqual, less, where } from "../primitives/logic.ts";
import { broadcastTo, pad, reshape, sliceAxis } from "../primitives/movement.ts";
import { max } from "../primitives/reduce.ts";
import { lastAt, segment } from "../primitives/scatter.ts";
import { constant, fill, number } from "../primitives/source.ts";
import {
  checkChoice,
  checkCount,
  checkDtype,
  checkShape,
  integerOperand,
  numberOperand,
  oneAxis,
  type Tensor,
  type TensorLike,
  toNode,
  wrap,
} from "./arguments.ts";

/**
 * Elements at `indices` along `axis` (of the flattened tensor by default). The axes of the indices take the place of `axis`.
 * @example
 * take(tensor([[1, 2], [3, 4]]), [1, 0], { axis: 0 }); // [[3, 4], [1, 2]]
 */
export function take(
  x: TensorLike,
  indices: TensorLike,
  { axis = null }: { axis?: number | null } = {},
): Tensor {
  const given = toNode(x);
  const node = axis === null ? reshape(given, [given.shape.size]) : given;
  const along = oneAxis("take", axis ?? 0, node.shape.length);
  return wrap(indexing.take(node, integerOperand("take", indices), along));
}

/**
 * Elements at `indices`, which have the rank of x, along `axis`; other axes broadcast.
 * @example
 * takeAlongAxis(tensor([[1, 2], [3, 4]]), [[1], [0]], { axis: 1 }); // [[2], [3]]
 */
export function takeAlongAxis(
  x: TensorLike,
  indices: TensorLike,
  { axis = null }: { axis?: number | null } = {},
): Tensor {
  const given = toNode(x);
  const positions = integerOperand("takeAlongAxis", indices);
  if (axis === null)
    return wrap(
      indexing.takeAlongAxis(
        reshape(given, [given.shape.size]),
        reshape(positions, [positions.shape.size]),
        0,
      ),
    );
  const along = oneAxis("takeAlongAxis", axis, given.shape.length);
  const [source, places] = broadcastOthers(given, positions, along);
  return wrap(indexing.takeAlongAxis(source, places, along));
}

/** Both broadcast against each other in all axes but one. */
function broadcastOthers(x: Node, indices: Node, axis: number): readonly [Node, Node] {
  const open = (node: Node) => node.shape.map((extent, i) => (i === axis ? 1 : extent));
  const common = x.shape.length === indices.shape.length ? broadcastShapes(open(x), open(indices)) : null;
  if (!common)
    throw new ShapeError("takeAlongAxis", "indices do not fit the tensor.", {
      received: `x ${typeText(x.dtype, x.shape)}, indices ${typeText(indices.dtype, indices.shape)}, axis ${axis}.`,
      expected: "equal ranks and shapes that broadcast in the other axes.",
      fix: "use take for the same indices everywhere.",
    });
  const along = (node: Node) => common.map((extent, i) => (i === axis ? at(node.shape, axis) : extent));
  return [broadcastTo(x, along(x)), broadcastTo(indices, along(indices))];
}

/**
 * A new axis of extent `numClasses` that is 1 at the index; an index out of range gives zeros.
 * @example
 * oneHot([0, 2], 3); // [[1, 0, 0], [0, 0, 1]]
 */
export function oneHot(
  x: TensorLike,
  numClasses: number,
  { axis = -1, dtype = "float32" }: { axis?: number; dtype?: Dtype } = {},
): Tensor {
  checkCount("oneHot", "numClasses", numClasses, 1);
  checkDtype("oneHot", dtype);
  const indices = integerOperand("oneHot", x);
  const place = oneAxis("oneHot", axis, indices.shape.length + 1);
  return wrap(indexing.oneHot(indices, place, numClasses, dtype));
}

/**
 * 1 for each class that occurs along `axis` (the last one by default), 0 for the others.
 * @example
 * multiHot([0, 2], 4); // [1, 0, 1, 0]
 */
export function multiHot(
  x: TensorLike,
  numClasses: number,
  { axis = -1, dtype = "float32" }: { axis?: number; dtype?: Dtype } = {},
): Tensor {
  checkCount("multiHot", "numClasses", numClasses, 1);
  checkDtype("multiHot", dtype);
  const indices = integerOperand("multiHot", x);
  const rank = indices.shape.length;
  const along = rank === 0 ? 0 : oneAxis("multiHot", axis, rank);
  const hot = indexing.oneHot(indices, rank, numClasses, "int32");
  return wrap(cast(rank === 0 ? hot : max(hot, [along]), dtype));
}

/** Positions in the flattened leading axes that the rows of `indices` ([..., k]) name, -1 for those out of range, with the extents of those axes. */
function flatPositions(name: string, indices: Node, shape: readonly number[]): { flat: Node; outer: number } {
  const depth = indices.shape.at(-1);
  if (depth === undefined || depth > shape.length || depth === 0)
    throw new ShapeError(name, "indices do not fit the shape.", {
      received: `indices ${typeText(indices.dtype, indices.shape)}, shape [${shape.join()}].`,
      expected: "indices [..., k] with 1 <= k <= the number of axes.",
      fix: "give one position per leading axis in the last axis of the indices.",
    });
  const count = indices.shape.size / depth;
  const rows = reshape(cast(indices, "int32"), [count, depth]);
  const strides = stridesOf(shape.slice(0, depth));
  const zero = constant(0, "int32");
  const columns = strides.map((stride, i) => {
    const column = sliceAxis(rows, 1, i, i + 1);
    const extent = number(at(shape, i), "int32");
    const wrapped = where(greaterEqual(column, zero), column, add(column, extent));
    const isIn = and(greaterEqual(wrapped, zero), less(wrapped, extent));
    return { place: mul(wrapped, number(stride, "int32")), isIn };
  });
  const place = columns.map((column) => column.place).reduce(add);
  const isIn = columns.map((column) => column.isIn).reduce(and);
  const flat = reshape(where(isIn, place, constant(-1, "int32")), [count]);
  return { flat, outer: shape.slice(0, depth).reduce((a, b) => a * b, 1) };
}

/** Values as [number of positions, elements at each]. */
function flatValues(name: string, values: Node, count: number, inner: number): Node {
  if (values.shape.size === count * inner) return reshape(values, [count, inner]);
  throw new ShapeError(name, "values do not fit the indices.", {
    received: `${typeText(values.dtype, values.shape)} for ${count} positions.`,
    expected: `${inner} element(s) for each position.`,
    fix: "check that values.shape starts with indices.shape without its last axis.",
  });
}

/**
 * Zeros of `shape` with `values` added at `indices` ([..., k]: positions in the first k axes). Equal positions add up; positions out of range are
 * dropped.
 * @throws ShapeError if indices, values and shape do not fit; DtypeError for float indices.
 * @example
 * scatter([[0], [2], [0]], tensor([1, 2, 3]), [4]); // [4, 0, 2, 0]
 */
export function scatter(indices: TensorLike, values: TensorLike, shape: readonly number[]): Tensor {
  checkShape("scatter", shape);
  const positions = integerOperand("scatter", indices);
  const { flat, outer } = flatPositions("scatter", positions, shape);
  const inner = shape.reduce((a, b) => a * b, 1) / Math.max(1, outer);
  const rows = flatValues("scatter", numberOperand(values), flat.shape.size, inner);
  return wrap(reshape(indexing.scatterAdd(rows, flat, 0, outer, { outOfRange: "drop" }), shape));
}

const updateReductions = ["add", "max", "min", "mul"] as const;

export interface ScatterUpdateOptions {
  /** How updates combine with what is there; null: they replace it, the last of several for one place. */
  readonly reduction?: (typeof updateReductions)[number] | null;
}

/** Rows [outer, inner] with the updates [count, inner] at `flat` combined into them. */
function combined(rows: Node, flat: Node, updates: Node, reduction: (typeof updateReductions)[number]): Node {
  const outer = at(rows.shape, 0);
  if (reduction === "add")
    return add(rows, indexing.scatterAdd(updates, flat, 0, outer, { outOfRange: "drop" }));
  if (reduction === "mul") return mul(rows, segment(updates, flat, outer, "prod"));
  return (reduction === "max" ? maximum : minimum)(rows, segment(updates, flat, outer, reduction));
}

/**
 * `inputs` with `updates` in the places `indices` ([..., k]); of equal places the last update stays, or all combine by `reduction`. Places out of
 * range are dropped.
 * @throws ShapeError if indices, updates and inputs do not fit; DtypeError for float indices; ValueError for another reduction.
 * @example
 * scatterUpdate(tensor([1, 2, 3]), [[0], [2]], tensor([8, 9])); // [8, 2, 9]
 */
export function scatterUpdate(
  inputs: TensorLike,
  indices: TensorLike,
  updates: TensorLike,
  { reduction = null }: ScatterUpdateOptions = {},
): Tensor {
  if (reduction !== null) checkChoice("scatterUpdate", "reduction", reduction, updateReductions);
  const node = toNode(inputs);
  const positions = integerOperand("scatterUpdate", indices);
  const { flat, outer } = flatPositions("scatterUpdate", positions, node.shape);
  const count = flat.shape.size;
  const inner = node.shape.size / Math.max(1, outer);
  const rows = flatValues("scatterUpdate", cast(toNode(updates), node.dtype), count, inner);
  if (count === 0 || node.shape.size === 0) return wrap(node);
  const old = reshape(node, [outer, inner]);
  if (reduction !== null) return wrap(reshape(combined(old, flat, rows, reduction), node.shape));
  const last = lastAt(flat, outer);
  const isTaken = greaterEqual(reshape(last, [outer, 1]), constant(0, "int32"));
  return wrap(reshape(where(isTaken, indexing.take(rows, last, 0), old), node.shape));
}

/**
 * `inputs` with the block that begins at `startIndices` replaced by `updates`.
 * @throws ShapeError if the block leaves the tensor.
 * @example
 * sliceUpdate(tensor([1, 2, 3]), [1], tensor([8, 9])); // [1, 8, 9]
 */
export function sliceUpdate(
  inputs: TensorLike,
  startIndices: readonly number[],
  updates: TensorLike,
): Tensor {
  const node = toNode(inputs);
  const block = cast(toNode(updates), node.dtype);
  const high = node.shape.map(
    (extent, axis) => extent - (startIndices[axis] ?? 0) - (block.shape[axis] ?? 0),
  );
  if (block.shape.length !== node.shape.length || [...startIndices, ...high].some((width) => width < 0))
    throw new ShapeError("sliceUpdate", "the block leaves the tensor.", {
      received: `${typeText(node.dtype, node.shape)}, start [${startIndices.join()}], updates [${block.shape.join()}].`,
      expected: "updates of the same rank that end inside the tensor.",
      fix: "check startIndices and the shape of updates.",
    });
  const inside = pad(fill(1, block.shape, "bool"), startIndices, high);
  return wrap(where(inside, pad(block, startIndices, high), node));
}
