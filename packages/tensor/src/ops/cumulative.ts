/** @file Running sums, products and extremes along an axis. */
import type { Dtype } from "@tenrec/kernels";
import { cumulative } from "../primitives/cumulative.ts";
import { cast } from "../primitives/logic.ts";
import { reshape } from "../primitives/movement.ts";
import { checkDtype, numberOperand, oneAxis, type Tensor, type TensorLike, wrap } from "./arguments.ts";

export interface CumulativeOptions {
  /** The axis to run along; by default x is flattened. */
  readonly axis?: number | null;
  /** Dtype in which x is combined; its own by default (bools and packed integers count as int32). */
  readonly dtype?: Dtype | null;
}

function over(
  name: string,
  operation: "sum" | "prod" | "max" | "min",
  x: TensorLike,
  { axis = null, dtype = null }: CumulativeOptions,
): Tensor {
  const given = numberOperand(x);
  if (dtype !== null) checkDtype(name, dtype);
  const node = dtype === null ? given : cast(given, dtype);
  if (axis === null) return wrap(cumulative(reshape(node, [node.shape.size]), 0, operation));
  return wrap(cumulative(node, oneAxis(name, axis, node.shape.length), operation));
}

/**
 * Running sums along `axis`, or of the flattened tensor.
 * @example
 * cumsum(tensor([1, 2, 3])); // [1, 3, 6]
 */
export const cumsum = (x: TensorLike, options: CumulativeOptions = {}): Tensor =>
  over("cumsum", "sum", x, options);

/**
 * Running products along `axis`, or of the flattened tensor.
 * @example
 * cumprod(tensor([[1, 2], [3, 4]]), { axis: 0 }); // [[1, 2], [3, 8]]
 */
export const cumprod = (x: TensorLike, options: CumulativeOptions = {}): Tensor =>
  over("cumprod", "prod", x, options);

/**
 * Largest element so far along `axis`, or of the flattened tensor.
 * @example
 * cummax(tensor([1, 3, 2])); // [1, 3, 3]
 */
export const cummax = (x: TensorLike, options: CumulativeOptions = {}): Tensor =>
  over("cummax", "max", x, options);

/**
 * Smallest element so far along `axis`, or of the flattened tensor.
 * @example
 * cummin(tensor([2, 1, 3])); // [2, 1, 1]
 */
export const cummin = (x: TensorLike, options: CumulativeOptions = {}): Tensor =>
  over("cummin", "min", x, options);
