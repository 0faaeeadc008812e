/** @file Values of models: one tensor, or arrays or records of tensors, walked alike. */
import { Tensor } from "@tenrec/tensor";
import type { Values } from "./layer.ts";

export function leavesOf(values: Values): readonly Tensor[] {
  return values instanceof Tensor ? [values] : Object.values(values);
}

/** The same structure with every tensor replaced. */
export function mapValues(values: Values, of: (x: Tensor, position: number) => Tensor): Values {
  if (values instanceof Tensor) return of(values, 0);
  if (Array.isArray(values)) return values.map((x: Tensor, i: number) => of(x, i));
  return Object.fromEntries(Object.entries(values).map(([name, x], i) => [name, of(x, i)]));
}

/** Names of the leaves: the keys of a record, positions of an array; null for one tensor. */
export function leafNames(values: Values): readonly string[] | null {
  return values instanceof Tensor ? null : Object.keys(values);
}
