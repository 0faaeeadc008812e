/** @file The product over axes, whose gradient is exact at zeros to every order. */
import type { Node, Primitive } from "../graph/node.ts";
import { mul } from "./arithmetic.ts";
import { cumulative } from "./cumulative.ts";
import { at, list } from "./factory.ts";
import { flip, reshape, transpose } from "./movement.ts";
import { countOf, expand, over, reduce } from "./reduce.ts";
import { running, shifted } from "./running.ts";

/** d prod / d x_i is the product of the others: prefix times suffix, exact at zeros to every order. */
export const prodPrimitive: Primitive = /*#__PURE__*/ reduce("prod", {
  dtypes: "number",
  identity: 1,
  reference: (total, value, dtype) => (dtype === "float32" ? total * value : Math.imul(total, value)),
  vjp: (g, [x], _, attrs) => mul(expand(g, x.shape, attrs), productOfOthers(x, list(attrs.axes))),
});

export const prod = /*#__PURE__*/ over(() => prodPrimitive);

/** Axes of up to this many elements: products by doubling are one kernel, which loads each element as often. */
const shortAxis = 8;

/** Products of the elements before each one in rows, or behind it. */
function productsBefore(rows: Node, reverse: boolean): Node {
  if (at(rows.shape, 1) > shortAxis) return cumulative(rows, 1, "prod", { exclusive: true, reverse });
  const turned = (x: Node): Node => (reverse ? flip(x, [1]) : x);
  return turned(running(shifted(turned(rows), 1, 1, 1), 1, mul, 1));
}

/** For each element, the product of the others along `axes`. */
function productOfOthers(x: Node, axes: readonly number[]): Node {
  const rest = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const order = [...rest, ...axes];
  const count = countOf(x.shape, axes);
  const moved = transpose(x, order);
  const rows = reshape(moved, [countOf(x.shape, rest), count]);
  const others = reshape(mul(productsBefore(rows, false), productsBefore(rows, true)), moved.shape);
  return transpose(
    others,
    order.map((_, axis) => order.indexOf(axis)),
  );
}
