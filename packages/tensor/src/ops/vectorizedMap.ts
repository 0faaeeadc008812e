/** @file vectorizedMap, Keras's name for a function of one element applied to all of them. */
import type { Tensor } from "./arguments.ts";
import { map, type Nested } from "./control.ts";

/**
 * `f` of every element along the leading axis, stacked, as `map`: a body that runs once per element, whatever it does. Where `f` would
 * take a whole batch as it is, calling it on the batch is faster.
 *
 * @param f - A function of one element.
 * @param elements - A tensor, or tensors nested in arrays and records with a common leading extent.
 * @example
 * vectorizedMap((x) => x.mul(x), tensor([1, 2, 3])); // [1, 4, 9]
 */
export function vectorizedMap<X = Tensor, Y = Tensor>(f: (element: X) => unknown, elements: Nested): Y {
  return map<X, Y>(f, elements);
}
