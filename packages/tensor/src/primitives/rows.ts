/** @file One axis of a tensor as the rows of a matrix, and back: views. */
import type { Node } from "../graph/node.ts";
import { at } from "./factory.ts";
import { reshape, transpose } from "./movement.ts";

/** x with `axis` last, as [rows, length]. */
export function asRows(x: Node, axis: number): Node {
  const length = at(x.shape, axis);
  const others = x.shape.flatMap((_, i) => (i === axis ? [] : [i]));
  const rows = others.reduce((product, i) => product * at(x.shape, i), 1);
  const moved = axis === x.shape.length - 1 ? x : transpose(x, [...others, axis]);
  return reshape(moved, [rows, length]);
}

/** Rows [.., length], made of a tensor of `shape` by `asRows`, at the place of `axis` again; the length may be another one. */
export function fromRows(rows: Node, shape: readonly number[], axis: number): Node {
  const extents = shape.filter((_, i) => i !== axis);
  const moved = reshape(rows, [...extents, at(rows.shape, 1)]);
  const last = extents.length;
  if (axis === last) return moved;
  return transpose(
    moved,
    shape.map((_, i) => (i === axis ? last : i - Number(i > axis))),
  );
}
