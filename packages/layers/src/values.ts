/** @file Values of models: one tensor, or arrays or records of tensors, walked alike. */
import { type Dtype, Tensor } from "@tenrec/tensor";

/** Shape and dtype of a value that is not computed. */
export class Spec {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  constructor(shape: readonly number[], dtype: Dtype = "float32") {
    this.shape = shape;
    this.dtype = dtype;
  }
  get ndim(): number {
    return this.shape.length;
  }
}

type Leaf = Tensor | Spec;
/** A leaf, or an array or record of leaves. */
export type Nest<T> = T | readonly T[] | { readonly [name: string]: T };

const isLeaf = <T extends Leaf>(values: Nest<T>): values is T =>
  values instanceof Tensor || values instanceof Spec;

export function leavesOf<T extends Leaf>(values: Nest<T>): readonly T[] {
  return isLeaf(values) ? [values] : Object.values(values);
}

/** The same structure with every leaf replaced. */
export function mapValues<T extends Leaf, R>(values: Nest<T>, of: (x: T, position: number) => R): Nest<R> {
  if (isLeaf(values)) return of(values, 0);
  if (Array.isArray(values)) return values.map((x: T, i: number) => of(x, i));
  return Object.fromEntries(Object.entries(values).map(([name, x], i) => [name, of(x, i)]));
}

/** Names of the leaves: the keys of a record, positions of an array; null for one leaf. */
export function leafNames(values: Nest<Leaf>): readonly string[] | null {
  return isLeaf(values) ? null : Object.keys(values);
}
