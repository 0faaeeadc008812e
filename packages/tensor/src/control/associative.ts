/** @file Parallel prefix combinations: pairs are combined, then pairs of pairs, and the way back fills in what lies between. */
import type { Node } from "../graph/node.ts";
import { at } from "../primitives/factory.ts";
import { concat, reshape, slice, sliceAxis } from "../primitives/movement.ts";

/** Combines two lists of equally long values. */
export type Combine = (a: readonly Node[], b: readonly Node[]) => readonly Node[];

/** Running combinations of `elems` along `axes` (one per value), as in Blelloch, Prefix sums and their applications (1990). */
export function scanPairs(
  combine: Combine,
  elems: readonly Node[],
  axes: readonly number[],
): readonly Node[] {
  const length = at(at(elems, 0).shape, at(axes, 0));
  if (length < 2) return elems;
  const part = (list: readonly Node[], from: number, to: number, step: number) =>
    list.map((node, i) => everySecond(node, at(axes, i), from, to, step));
  const odd = scanPairs(combine, combine(part(elems, 0, length - 1, 2), part(elems, 1, length, 2)), axes);
  const numOdd = Math.floor(length / 2);
  const before = length % 2 === 0 ? part(odd, 0, numOdd - 1, 1) : odd;
  const first = part(elems, 0, 1, 1);
  const even = length === 2 ? first : joined(first, combine(before, part(elems, 2, length, 2)), axes);
  return even.map((node, i) => interleave(node, at(odd, i), at(axes, i)));
}

function everySecond(node: Node, axis: number, from: number, to: number, step: number): Node {
  const begin = node.shape.map((_, i) => (i === axis ? from : 0));
  const size = node.shape.map((extent, i) => (i === axis ? Math.ceil((to - from) / step) : extent));
  return slice(
    node,
    begin,
    size,
    node.shape.map((_, i) => (i === axis ? step : 1)),
  );
}

const joined = (a: readonly Node[], b: readonly Node[], axes: readonly number[]): Node[] =>
  a.map((node, i) => concat([node, at(b, i)], at(axes, i)));

/** even[0], odd[0], even[1], odd[1], ...; `even` may be one longer. */
function interleave(even: Node, odd: Node, axis: number): Node {
  const count = at(odd.shape, axis);
  const apart = (node: Node) => {
    const pairs = sliceAxis(node, axis, 0, count);
    return reshape(pairs, [...pairs.shape.slice(0, axis + 1), 1, ...pairs.shape.slice(axis + 1)]);
  };
  const pairs = concat([apart(even), apart(odd)], axis + 1);
  const flat = reshape(
    pairs,
    odd.shape.map((extent, i) => (i === axis ? 2 * extent : extent)),
  );
  const length = at(even.shape, axis);
  return length === count ? flat : concat([flat, sliceAxis(even, axis, count, length)], axis);
}
