/** @file Small conversions that losses, metrics and training share. */
import { type Dtype, ops, pickRows, Tensor, type TensorLike, tensor } from "@tenrec/tensor";

export function asTensor(value: TensorLike): Tensor {
  return value instanceof Tensor ? value : tensor(value);
}

/** Packed integers only hold data; what is computed from them is int32. */
export const computeDtype = (dtype: Dtype): Dtype =>
  dtype === "uint8" || dtype === "int8" ? "int32" : dtype;

/** Rows of a column, in the dtype that arithmetic works on. */
export const takeRows = (column: Tensor, rows: Tensor): Tensor =>
  ops.cast(pickRows(column, rows), computeDtype(column.dtype));

/** float32, whatever it was. */
export const asFloat = (value: TensorLike): Tensor => ops.cast(asTensor(value), "float32");

/**
 * Brings two ranks that differ by one together, as Keras does: an extent of 1 at the end is dropped, or added where the other has rank 1.
 */
export function sameRank(a: Tensor, b: Tensor): [Tensor, Tensor] {
  if (a.ndim === b.ndim + 1 && a.shape.at(-1) === 1) {
    return b.ndim === 1 ? [a, ops.expandDims(b, -1)] : [ops.squeeze(a, { axis: -1 }), b];
  }
  if (b.ndim === a.ndim + 1 && b.shape.at(-1) === 1) {
    return a.ndim === 1 ? [ops.expandDims(a, -1), b] : [a, ops.squeeze(b, { axis: -1 })];
  }
  return [a, b];
}

/** Axes from `first` to the last one. */
export function axesFrom(first: number, x: Tensor): number[] {
  return Array.from({ length: Math.max(0, x.ndim - first) }, (_, i) => first + i);
}
