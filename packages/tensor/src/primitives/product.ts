/** @file The product over axes, whose gradient is exact at zeros to every order, and running combinations by doubling. */
import type { Node, Primitive } from "../graph/node.ts";
import { mul } from "./arithmetic.ts";
import { at, list } from "./factory.ts";
import { flip, pad, reshape, sliceAxis, transpose } from "./movement.ts";
import { countOf, expand, over, reduce } from "./reduce.ts";

/** d prod / d x_i is the product of the others: prefix times suffix, exact at zeros to every order. */
export const prodPrimitive: Primitive = /*#__PURE__*/ reduce("prod", {
  dtypes: "number",
  identity: 1,
  reference: (total, value, dtype) => (dtype === "float32" ? total * value : Math.imul(total, value)),
  vjp: (g, [x], _, attrs) => mul(expand(g, x.shape, attrs), productOfOthers(x, list(attrs.axes))),
});

export const prod = /*#__PURE__*/ over(() => prodPrimitive);

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

/** Products of the elements before each one. */
const productsBefore = (x: Node, axis: number): Node => running(shifted(x, axis, 1, 1), axis, mul, 1);

/** For each element, the product of the others along `axes`. */
function productOfOthers(x: Node, axes: readonly number[]): Node {
  const rest = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const order = [...rest, ...axes];
  const count = countOf(x.shape, axes);
  const moved = transpose(x, order);
  const rows = reshape(moved, [countOf(x.shape, rest), count]);
  const after = flip(productsBefore(flip(rows, [1]), 1), [1]);
  const others = reshape(mul(productsBefore(rows, 1), after), moved.shape);
  return transpose(
    others,
    order.map((_, axis) => order.indexOf(axis)),
  );
}
