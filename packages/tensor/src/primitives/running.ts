/** @file Running combinations along an axis by doubling. */
import type { Node } from "../graph/node.ts";
import { at } from "./factory.ts";
import { pad, sliceAxis } from "./movement.ts";

/** x moved on by `by` places along an axis, filled with `value` in front. */
export function shifted(x: Node, axis: number, by: number, value: number): Node {
  const low = x.shape.map((_, i) => (i === axis ? by : 0));
  const none = low.map(() => 0);
  return pad(sliceAxis(x, axis, 0, at(x.shape, axis) - by), low, none, none, value);
}

/** Running combination along an axis by doubling: log2(n) slices, pads and combinations. */
export function running(x: Node, axis: number, combine: (a: Node, b: Node) => Node, identity: number): Node {
  let result = x;
  for (let by = 1; by < at(x.shape, axis); by *= 2)
    result = combine(result, shifted(result, axis, by, identity));
  return result;
}
