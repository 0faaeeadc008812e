/** @file Shapes: reshaping, reordering, joining, cutting and padding. */
import { ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { at } from "../primitives/factory.ts";
import { take as takeNode } from "../primitives/indexing.ts";
import * as movement from "../primitives/movement.ts";
import { promote } from "../runtime/promote.ts";
import { inferExtent } from "../tensor.ts";
import {
  type Axis,
  allAxes,
  checkChoice,
  checkCount,
  checkShape,
  oneAxis,
  type Tensor,
  type TensorLike,
  toNode,
  wrap,
} from "./arguments.ts";

/**
 * The extents as an array.
 * @example
 * shape(tensor([[1, 2, 3]])); // [1, 3]
 */
export const shape = (x: TensorLike): number[] => [...toNode(x).shape];

/**
 * The same elements under another shape; one extent may be -1.
 * @throws ShapeError if the number of elements differs.
 * @example
 * reshape(tensor([1, 2, 3, 4]), [2, -1]); // [[1, 2], [3, 4]]
 */
export function reshape(x: TensorLike, newshape: readonly number[]): Tensor {
  const node = toNode(x);
  const opens = newshape.filter((extent) => extent === -1).length;
  const rest = newshape.reduce((n, extent) => (extent === -1 ? n : n * extent), 1);
  if (opens === 0) checkShape("reshape", newshape);
  if (opens === 0 || (opens === 1 && rest > 0 && node.shape.size % rest === 0))
    return wrap(movement.reshape(node, inferExtent(node, newshape)));
  throw new ShapeError("reshape", "the extent of -1 cannot be computed.", {
    received: `${typeText(node.dtype, node.shape)} (${node.shape.size} elements), new shape [${newshape.join()}].`,
    expected: "at most one -1, and other extents whose product divides the number of elements.",
    fix: "give the missing extents.",
  });
}

/**
 * All elements in one axis.
 * @example
 * ravel(tensor([[1, 2], [3, 4]])); // [1, 2, 3, 4]
 */
export function ravel(x: TensorLike): Tensor {
  const node = toNode(x);
  return wrap(movement.reshape(node, [node.shape.size]));
}

/**
 * Axes in the order `axes`; reversed by default.
 * @example
 * transpose(tensor([[1, 2], [3, 4]])); // [[1, 3], [2, 4]]
 */
export function transpose(x: TensorLike, options: { axes?: readonly number[] | null } = {}): Tensor {
  const node = toNode(x);
  const rank = node.shape.length;
  const { axes } = options;
  if (!axes)
    return wrap(
      movement.transpose(
        node,
        node.shape.map((_, axis) => rank - 1 - axis),
      ),
    );
  if (allAxes("transpose", axes, rank).length === rank)
    return wrap(
      movement.transpose(
        node,
        axes.map((axis) => oneAxis("transpose", axis, rank)),
      ),
    );
  throw new ValueError("transpose", "axes are missing.", {
    received: `axes [${axes.join()}] for ${typeText(node.dtype, node.shape)}.`,
    expected: `each of the ${rank} axes once.`,
    fix: "name every axis, or leave axes out to reverse them.",
  });
}

/**
 * Inserts an axis of extent 1 at `axis` (several: at those places of the result).
 * @example
 * expandDims(tensor([1, 2]), -1); // [[1], [2]]
 */
export function expandDims(x: TensorLike, axis: number | readonly number[]): Tensor {
  const node = toNode(x);
  const given = typeof axis === "number" ? [axis] : axis;
  const rank = node.shape.length + given.length;
  const places = allAxes("expandDims", given, rank);
  const extents = [...node.shape];
  for (const place of places) extents.splice(place, 0, 1);
  return wrap(movement.reshape(node, extents));
}

/**
 * Removes axes of extent 1: those given, or all.
 * @throws ShapeError if a given axis has another extent.
 * @example
 * squeeze(tensor([[[1], [2]]])); // [1, 2]
 */
export function squeeze(x: TensorLike, { axis = null }: { axis?: Axis } = {}): Tensor {
  const node = toNode(x);
  const ones = node.shape.flatMap((extent, i) => (extent === 1 ? [i] : []));
  const axes = axis === null ? ones : allAxes("squeeze", axis, node.shape.length);
  const wide = axes.find((one) => node.shape[one] !== 1);
  if (wide === undefined)
    return wrap(
      movement.reshape(
        node,
        node.shape.filter((_, i) => !axes.includes(i)),
      ),
    );
  throw new ShapeError("squeeze", `axis ${wide} has extent ${node.shape[wide]}, not 1.`, {
    received: `${typeText(node.dtype, node.shape)}, axis ${JSON.stringify(axis)}.`,
    expected: "axes of extent 1.",
    fix: "index the axis instead, or leave it in.",
  });
}

/**
 * x repeated along axes of extent 1 to fill `shape`.
 * @example
 * broadcastTo(tensor([1, 2]), [2, 2]); // [[1, 2], [1, 2]]
 */
export function broadcastTo(x: TensorLike, shape: readonly number[]): Tensor {
  checkShape("broadcastTo", shape);
  return wrap(movement.broadcastTo(toNode(x), shape));
}

/** Nodes of one dtype, promoted. */
function parts(name: string, xs: readonly TensorLike[]): Node[] {
  if (xs.length > 0) return promote(xs);
  throw new ValueError(name, "nothing to join.", {
    received: "an empty list.",
    expected: "at least one tensor.",
    fix: "check the list that is joined.",
  });
}

/**
 * Joins tensors along an existing axis.
 * @throws ShapeError if other extents differ.
 * @example
 * concatenate([tensor([1, 2]), tensor([3])]); // [1, 2, 3]
 */
export function concatenate(xs: readonly TensorLike[], { axis = 0 }: { axis?: number } = {}): Tensor {
  const nodes = parts("concatenate", xs);
  return wrap(movement.concat(nodes, oneAxis("concatenate", axis, at(nodes, 0).shape.length)));
}

/**
 * Joins tensors of one shape along a new axis.
 * @throws ShapeError if shapes differ.
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])], { axis: 1 }); // [[1, 3], [2, 4]]
 */
export function stack(xs: readonly TensorLike[], { axis = 0 }: { axis?: number } = {}): Tensor {
  const nodes = parts("stack", xs);
  const { shape: first } = at(nodes, 0);
  const odd = nodes.findIndex((node) => node.shape !== first);
  if (odd > 0)
    throw new ShapeError("stack", "shapes differ.", {
      received: `[${first.join()}] at 0, [${at(nodes, odd).shape.join()}] at ${odd}.`,
      expected: "equal shapes.",
      fix: "use concatenate to join along an existing axis.",
    });
  const place = oneAxis("stack", axis, first.length + 1);
  const extents = [...first.slice(0, place), 1, ...first.slice(place)];
  return wrap(
    movement.concat(
      nodes.map((node) => movement.reshape(node, extents)),
      place,
    ),
  );
}

/**
 * Parts along an axis: equal ones if a number is given, or cut at the given positions.
 * @example
 * split(tensor([1, 2, 3, 4]), 2)[1]; // [3, 4]
 */
export function split(
  x: TensorLike,
  indicesOrSections: number | readonly number[],
  { axis = 0 }: { axis?: number } = {},
): Tensor[] {
  const node = toNode(x);
  const along = oneAxis("split", axis, node.shape.length);
  const extent = at(node.shape, along);
  const cuts = splitCuts(indicesOrSections, extent, along);
  return cuts
    .slice(1)
    .map((to, i) => wrap(movement.sliceAxis(node, along, at(cuts, i), Math.max(at(cuts, i), to))));
}

function splitCuts(sections: number | readonly number[], extent: number, axis: number): number[] {
  if (typeof sections !== "number") {
    const inside = sections.map((cut) => Math.min(Math.max(cut < 0 ? cut + extent : cut, 0), extent));
    return [0, ...inside, extent];
  }
  checkCount("split", "indicesOrSections", sections, 1);
  if (extent % sections === 0) return Array.from({ length: sections + 1 }, (_, i) => (i * extent) / sections);
  throw new ShapeError("split", "the axis does not divide into equal parts.", {
    received: `axis ${axis} of extent ${extent}, ${sections} parts.`,
    expected: "an extent that is a multiple of the number of parts.",
    fix: "give the positions of the cuts instead.",
  });
}

/**
 * The slices along an axis, without it.
 * @example
 * unstack(tensor([[1, 2], [3, 4]]))[1]; // [3, 4]
 */
export function unstack(x: TensorLike, { axis = 0 }: { axis?: number } = {}): Tensor[] {
  const node = toNode(x);
  const along = oneAxis("unstack", axis, node.shape.length);
  const rest = node.shape.filter((_, i) => i !== along);
  return Array.from({ length: at(node.shape, along) }, (_, i) =>
    wrap(movement.reshape(movement.sliceAxis(node, along, i, i + 1), rest)),
  );
}

/**
 * x repeated `repeats[i]` times along axis i.
 * @example
 * tile(tensor([1, 2]), [2]); // [1, 2, 1, 2]
 */
export function tile(x: TensorLike, repeats: number | readonly number[]): Tensor {
  const node = toNode(x);
  const given = typeof repeats === "number" ? [repeats] : repeats;
  for (const count of given) checkCount("tile", "repeats", count, 0);
  const rank = Math.max(given.length, node.shape.length);
  const counts = [...Array<number>(rank - given.length).fill(1), ...given];
  const extents = [...Array<number>(rank - node.shape.length).fill(1), ...node.shape];
  // [n] becomes [1, n], is broadcast to [count, n] and read as [count n].
  const spread = movement.reshape(
    node,
    extents.flatMap((extent) => [1, extent]),
  );
  const filled = movement.broadcastTo(
    spread,
    extents.flatMap((extent, axis) => [at(counts, axis), extent]),
  );
  return wrap(
    movement.reshape(
      filled,
      extents.map((extent, axis) => extent * at(counts, axis)),
    ),
  );
}

/**
 * Each element repeated, along an axis or of the flattened tensor.
 * @example
 * repeat(tensor([1, 2]), 2); // [1, 1, 2, 2]
 */
export function repeat(
  x: TensorLike,
  repeats: number,
  { axis = null }: { axis?: number | null } = {},
): Tensor {
  checkCount("repeat", "repeats", repeats, 0);
  const given = toNode(x);
  const node = axis === null ? movement.reshape(given, [given.shape.size]) : given;
  const along = oneAxis("repeat", axis ?? 0, node.shape.length);
  const insert = (extents: readonly number[], count: number) => [
    ...extents.slice(0, along + 1),
    count,
    ...extents.slice(along + 1),
  ];
  const filled = movement.broadcastTo(
    movement.reshape(node, insert(node.shape, 1)),
    insert(node.shape, repeats),
  );
  return wrap(
    movement.reshape(
      filled,
      node.shape.map((extent, i) => (i === along ? extent * repeats : extent)),
    ),
  );
}

/**
 * Elements in reverse order along axes; all by default.
 * @example
 * flip(tensor([[1, 2], [3, 4]]), { axis: 0 }); // [[3, 4], [1, 2]]
 */
export function flip(x: TensorLike, { axis = null }: { axis?: Axis } = {}): Tensor {
  const node = toNode(x);
  return wrap(movement.flip(node, allAxes("flip", axis, node.shape.length)));
}

/**
 * Elements moved on by `shift` places along an axis, those at the end coming back at the start.
 * @example
 * roll(tensor([1, 2, 3]), 1); // [3, 1, 2]
 */
export function roll(x: TensorLike, shift: number, { axis = null }: { axis?: number | null } = {}): Tensor {
  const given = toNode(x);
  const node = axis === null ? movement.reshape(given, [given.shape.size]) : given;
  const along = oneAxis("roll", axis ?? 0, node.shape.length);
  const extent = at(node.shape, along);
  const by = extent === 0 ? 0 : ((shift % extent) + extent) % extent;
  if (by === 0) return wrap(given);
  const tail = movement.sliceAxis(node, along, extent - by, extent);
  const head = movement.sliceAxis(node, along, 0, extent - by);
  return wrap(movement.reshape(movement.concat([tail, head], along), given.shape));
}

/**
 * Axes `source` moved to the places `destination`; the others keep their order.
 * @example
 * shape(moveaxis(zeros([2, 3, 4]), 0, -1)); // [3, 4, 2]
 */
export function moveaxis(
  x: TensorLike,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor {
  const node = toNode(x);
  const rank = node.shape.length;
  const places = (axes: number | readonly number[]): number[] =>
    (typeof axes === "number" ? [axes] : axes).map((axis) => oneAxis("moveaxis", axis, rank));
  const [from, to] = [places(source), places(destination)];
  const order = node.shape.flatMap((_, axis) => (from.includes(axis) ? [] : [axis]));
  const moves = to.map((place, i) => [place, at(from, i)] as const).sort((a, b) => a[0] - b[0]);
  for (const [place, axis] of moves) order.splice(place, 0, axis);
  return wrap(movement.transpose(node, order));
}

/**
 * Two axes exchanged.
 * @example
 * swapaxes(tensor([[1, 2], [3, 4]]), 0, 1); // [[1, 3], [2, 4]]
 */
export function swapaxes(x: TensorLike, axis1: number, axis2: number): Tensor {
  const node = toNode(x);
  const [a, b] = [axis1, axis2].map((axis) => oneAxis("swapaxes", axis, node.shape.length)) as [
    number,
    number,
  ];
  return wrap(
    movement.transpose(
      node,
      node.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)),
    ),
  );
}

export interface PadOptions {
  /** "constant" fills with `constantValues`, "edge" repeats the border, "reflect" mirrors without it, "symmetric" with it. */
  readonly mode?: "constant" | "edge" | "reflect" | "symmetric";
  readonly constantValues?: number;
}

/**
 * x with `padWidth` more elements before and after: one number, [before, after] for all axes, or a pair per axis.
 * @example
 * pad(tensor([1, 2]), [[1, 2]], { constantValues: 9 }); // [9, 1, 2, 9, 9]
 */
export function pad(
  x: TensorLike,
  padWidth: number | readonly [number, number] | readonly (readonly [number, number])[],
  { mode = "constant", constantValues = 0 }: PadOptions = {},
): Tensor {
  checkChoice("pad", "mode", mode, ["constant", "edge", "reflect", "symmetric"]);
  const node = toNode(x);
  const widths = padWidths(node, padWidth);
  if (mode !== "constant")
    return wrap(widths.reduce((y, width, axis) => padByIndex(y, axis, width, mode), node));
  const [low, high] = [widths.map((width) => width[0]), widths.map((width) => width[1])];
  return wrap(movement.pad(node, low, high, undefined, constantValues));
}

function padWidths(x: Node, padWidth: Parameters<typeof pad>[1]): (readonly [number, number])[] {
  if (typeof padWidth === "number") return x.shape.map(() => [padWidth, padWidth]);
  if (typeof padWidth[0] === "number") return x.shape.map(() => padWidth as readonly [number, number]);
  const pairs = padWidth as readonly (readonly [number, number])[];
  if (pairs.length === 1) return x.shape.map(() => at(pairs, 0));
  if (pairs.length === x.shape.length) return [...pairs];
  throw new ShapeError("pad", "widths do not fit the tensor.", {
    received: `${typeText(x.dtype, x.shape)}, padWidth ${JSON.stringify(padWidth)}.`,
    expected: `${x.shape.length} pairs [before, after], one pair, or one number.`,
    fix: "give a pair for each axis.",
  });
}

/** Padding whose elements are elements of x: a gather along the axis. */
function padByIndex(x: Node, axis: number, width: readonly [number, number], mode: string): Node {
  const extent = at(x.shape, axis);
  const source = (position: number): number => {
    if (mode === "edge") return Math.min(Math.max(position, 0), extent - 1);
    // A mirror has period 2n (edge twice) or 2n - 2 (edge once).
    const period = Math.max(1, mode === "symmetric" ? 2 * extent : 2 * extent - 2);
    const phase = ((position % period) + period) % period;
    return phase < extent ? phase : (mode === "symmetric" ? period - 1 : period) - phase;
  };
  if (width[0] === 0 && width[1] === 0) return x;
  const positions = Int32Array.from({ length: width[0] + extent + width[1] }, (_, i) => source(i - width[0]));
  return takeNode(x, toNode(positions), axis);
}

/**
 * The part of extent `shape` that begins at `startIndices`.
 * @throws ShapeError if it leaves the tensor.
 * @example
 * slice(tensor([[1, 2], [3, 4]]), [0, 1], [2, 1]); // [[2], [4]]
 */
export function slice(x: TensorLike, startIndices: readonly number[], shape: readonly number[]): Tensor {
  const node = toNode(x);
  const size = shape.map((extent, axis) =>
    extent === -1 ? (node.shape[axis] ?? 0) - at(startIndices, axis) : extent,
  );
  return wrap(movement.slice(node, startIndices, size));
}

/**
 * Coordinate grids of vectors: "xy" swaps the first two axes, as NumPy does.
 * @example
 * meshgrid([tensor([1, 2]), tensor([3, 4])])[0]; // [[1, 2], [1, 2]]
 */
export function meshgrid(
  xs: readonly TensorLike[],
  { indexing = "xy" }: { indexing?: "xy" | "ij" } = {},
): Tensor[] {
  checkChoice("meshgrid", "indexing", indexing, ["xy", "ij"]);
  const nodes = xs.map((x) => toNode(x));
  const order = nodes.map((_, i) => (indexing === "xy" && i < 2 && nodes.length > 1 ? 1 - i : i));
  const extents = order.map((i) => at(nodes, i).shape.size);
  return nodes.map((node, i) => {
    const own = extents.map((extent, axis) => (at(order, axis) === i ? extent : 1));
    return wrap(movement.broadcastTo(movement.reshape(node, own), extents));
  });
}
