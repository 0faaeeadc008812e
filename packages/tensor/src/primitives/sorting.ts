/** @file Sorted rows and the largest elements of rows, with gradients: values follow the positions that an order gives. */
import { type Node, type Primitive, record } from "../graph/node.ts";
import { composite } from "./composite.ts";
import { at, perInput } from "./factory.ts";
import { identityOf } from "./identity.ts";
import { takeAlongAxis } from "./indexing.ts";
import { pad, reshape, sliceAxis } from "./movement.ts";
import { blockOrder, inverseOrder, rowOrder } from "./order.ts";
import type { KeyOptions } from "./orderKey.ts";
import { asRows, fromRows } from "./rows.ts";

/** The rows of x [rows, length] in an order that has each position once: its gradient is the inverse order, no sum. */
export const permutePrimitive: Primitive = /*#__PURE__*/ composite("permute", {
  dtype: (inputs) => at(inputs, 0).dtype,
  decompose: (inputs) => takeAlongAxis(at(inputs, 0), at(inputs, 1), 1),
  vjp: /*#__PURE__*/ perInput((g, [, order]) => permute(g, inverseOrder(order)), null),
});

const permute = (x: Node, order: Node): Node => record(permutePrimitive, [x, order]);

/** Positions (int32) that put x in stable ascending order along `axis`: NaN last, both zeros equal. */
export function argsort(x: Node, axis: number): Node {
  return fromRows(rowOrder(asRows(x, axis)), x.shape, axis);
}

/** x in ascending order along `axis`. */
export function sort(x: Node, axis: number): Node {
  const rows = asRows(x, axis);
  return fromRows(permute(rows, rowOrder(rows)), x.shape, axis);
}

/** Blocks of which the best are kept. */
const candidateBlock = 2048;
const descending: KeyOptions = { descending: true };

/**
 * Positions [rows, k] of the k largest elements of rows, largest first, equal ones by position. Of long rows the best of each block go on to another
 * round.
 */
function topOrder(x: Node, k: number): Node {
  const [rows, length] = x.shape as unknown as [number, number];
  if (length <= candidateBlock || k * 4 > candidateBlock) return sliceAxis(rowOrder(x, descending), 1, 0, k);
  const blocks = Math.ceil(length / candidateBlock);
  // What fills the last block comes behind all others: as small as the smallest, at later positions.
  const filled = blocks * candidateBlock - length;
  const padded = pad(x, [0, 0], [0, filled], [0, 0], identityOf("max", x.dtype));
  const order = reshape(blockOrder(padded, candidateBlock, descending), [rows, blocks, candidateBlock]);
  const candidates = reshape(sliceAxis(order, 2, 0, k), [rows, blocks * k]);
  return takeAlongAxis(candidates, topOrder(takeAlongAxis(padded, candidates, 1), k), 1);
}

/** Values and positions (int32) of the k largest elements along the last axis. NaN counts as largest. */
export function topK(x: Node, k: number): { values: Node; indices: Node } {
  const axis = x.shape.length - 1;
  const rows = asRows(x, axis);
  const order = topOrder(rows, k);
  const values = takeAlongAxis(rows, order, 1);
  return { values: fromRows(values, x.shape, axis), indices: fromRows(order, x.shape, axis) };
}
