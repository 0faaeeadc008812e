/** @file Values of tensors in tests without a device: the interpreter over what the ops recorded. */
import type { Node, RefArray } from "../src/graph/node.ts";
import { interpret } from "../src/interpret/interpret.ts";
import { ScalarNode } from "../src/runtime/leaf.ts";
import { Memory } from "../src/runtime/memory.ts";
import type { Tensor } from "../src/tensor.ts";

/** Value of a leaf that holds host data or a number. */
function hostValue(node: Node): RefArray | null {
  const { shape, dtype } = node;
  if (node instanceof ScalarNode) return { shape, dtype, data: Float64Array.of(node.value) };
  if (!(node.stored instanceof Memory) || !node.stored.host) return null;
  return { shape, dtype, data: Float64Array.from(node.stored.host.subarray(0, shape.size)) };
}

/** The tensor's value; `float32` rounds every step as a device does. */
export const valueOfTensor = (x: Tensor, round: "float64" | "float32" = "float64"): RefArray =>
  interpret([x.node], hostValue, { round })[0] as RefArray;

/** Nested arrays of a tensor's values: booleans for bool, else numbers rounded to 4 decimals. */
export function nested(x: Tensor): unknown {
  const { shape, dtype, data } = valueOfTensor(x);
  let next = 0;
  const element = (): unknown => {
    const value = data[next++] as number;
    return dtype === "bool" ? value !== 0 : Math.round(value * 1e4) / 1e4 + 0;
  };
  const build = (axis: number): unknown =>
    axis === shape.length ? element() : Array.from({ length: shape[axis] as number }, () => build(axis + 1));
  return build(0);
}
