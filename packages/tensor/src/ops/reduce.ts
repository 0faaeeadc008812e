/** @file Reductions over one, several or all axes. */
import { ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { div, mul } from "../primitives/arithmetic.ts";
import { cast } from "../primitives/logic.ts";
import { sqrt } from "../primitives/math.ts";
import { broadcastTo, reshape } from "../primitives/movement.ts";
import { prod as prodNode } from "../primitives/product.ts";
import * as reduce from "../primitives/reduce.ts";
import { logSumExp } from "../primitives/softmax.ts";
import {
  type Axis,
  allAxes,
  floatOperand,
  numberOperand,
  oneAxis,
  type Tensor,
  type TensorLike,
  throughIntegers,
  toNode,
  wrap,
} from "./arguments.ts";

export interface ReduceOptions {
  /** Axes to reduce; all by default. */
  readonly axis?: Axis;
  /** Keep reduced axes with extent 1. */
  readonly keepdims?: boolean;
}

/** Options, or the axis alone. */
export type ReduceArgument = Axis | ReduceOptions;

const isOptions = (argument: ReduceArgument): argument is ReduceOptions =>
  argument !== null && typeof argument === "object" && !Array.isArray(argument);

function over(
  name: string,
  x: Node,
  argument: ReduceArgument,
  of: (x: Node, axes: readonly number[], keepDims: boolean) => Node,
): Node {
  const { axis = null, keepdims = false } = isOptions(argument) ? argument : { axis: argument };
  return of(x, allAxes(name, axis, x.shape.length), keepdims);
}

/**
 * Sum over axes. Bools and packed integers are counted in int32.
 * @example
 * sum(tensor([[1, 2], [3, 4]]), { axis: 0 }); // [4, 6]
 */
export const sum = (x: TensorLike, options: ReduceArgument = {}): Tensor =>
  wrap(over("sum", numberOperand(x), options, reduce.sum));

/**
 * Product over axes.
 * @example
 * prod(tensor([[1, 2], [3, 4]])); // 24
 */
export const prod = (x: TensorLike, options: ReduceArgument = {}): Tensor =>
  wrap(over("prod", numberOperand(x), options, prodNode));

/**
 * Mean over axes, in float32.
 * @example
 * mean(tensor([[1, 2], [3, 4]]), { axis: 1, keepdims: true }); // [[1.5], [3.5]]
 */
export const mean = (x: TensorLike, options: ReduceArgument = {}): Tensor =>
  wrap(over("mean", floatOperand(x), options, reduce.mean));

/** Largest or smallest: bools stay bools, packed integers become int32. */
function extreme(name: string, x: TensorLike, options: ReduceArgument, of: typeof reduce.max): Tensor {
  const node = toNode(x);
  const wide = node.dtype === "bool" ? node : numberOperand(x);
  return wrap(throughIntegers([wide], (value) => over(name, value, options, of)));
}

/**
 * Largest element over axes.
 * @example
 * max(tensor([[1, 5], [3, 4]]), { axis: 1 }); // [5, 4]
 */
export const max = (x: TensorLike, options: ReduceArgument = {}): Tensor =>
  extreme("max", x, options, reduce.max);

/**
 * Smallest element over axes.
 * @example
 * min(tensor([[1, 5], [3, 4]]), { axis: 1 }); // [1, 3]
 */
export const min = (x: TensorLike, options: ReduceArgument = {}): Tensor =>
  extreme("min", x, options, reduce.min);

/**
 * The same as max.
 * @example
 * amax(tensor([1, 5])); // 5
 */
export const amax = max;

/**
 * The same as min.
 * @example
 * amin(tensor([1, 5])); // 1
 */
export const amin = min;

/**
 * Whether any element is true (not 0).
 * @example
 * any(tensor([[0, 0], [0, 1]]), { axis: 1 }); // [false, true]
 */
export const any = (x: TensorLike, options: ReduceArgument = {}): Tensor =>
  wrap(over("any", cast(toNode(x), "bool"), options, reduce.any));

/**
 * Whether all elements are true (not 0).
 * @example
 * all(tensor([[1, 1], [0, 1]]), { axis: 1 }); // [true, false]
 */
export const all = (x: TensorLike, options: ReduceArgument = {}): Tensor =>
  wrap(over("all", cast(toNode(x), "bool"), options, reduce.all));

/**
 * Number of elements that are not 0, in int32.
 * @example
 * countNonzero(tensor([[0, 2], [3, 4]]), { axis: 1 }); // [1, 2]
 */
export const countNonzero = (x: TensorLike, options: ReduceArgument = {}): Tensor => {
  const isSet = cast(toNode(x), "bool");
  return wrap(over("countNonzero", cast(isSet, "int32"), options, reduce.sum));
};

/**
 * Variance over axes (divided by the count, as in NumPy). Exported as `var` too.
 * @example
 * variance(tensor([1, 2, 3, 4])); // 1.25
 */
export const variance = (x: TensorLike, options: ReduceArgument = {}): Tensor =>
  wrap(over("var", floatOperand(x), options, reduce.variance));

export { variance as var };

/**
 * Standard deviation over axes.
 * @example
 * std(tensor([1, 3])); // 1
 */
export const std = (x: TensorLike, options: ReduceArgument = {}): Tensor =>
  wrap(sqrt(over("std", floatOperand(x), options, reduce.variance)));

/**
 * log of the sum of e^x over axes, without overflow.
 * @example
 * logsumexp(tensor([1000, 1000])); // 1000.6931
 */
export const logsumexp = (x: TensorLike, options: ReduceArgument = {}): Tensor =>
  wrap(over("logsumexp", floatOperand(x), options, logSumExp));

/** Position of the best element along one axis, or in the flattened tensor. */
function argReduce(
  name: string,
  x: TensorLike,
  argument: number | null | { axis?: number | null; keepdims?: boolean },
  of: typeof reduce.argmax,
): Tensor {
  const { axis = null, keepdims = false } =
    typeof argument === "object" && argument !== null ? argument : { axis: argument };
  const node = numberOperand(x);
  const rank = node.shape.length;
  if (axis !== null && typeof axis !== "number")
    throw new ValueError(name, "one axis, or null for all elements, is needed.", {
      received: `axis [${axis}] for ${typeText(node.dtype, node.shape)}.`,
      expected: "a number or null.",
      fix: "reshape the axes into one first.",
    });
  if (axis === null && rank === 0) return wrap(of(reshape(node, [1]), [0], false));
  return wrap(of(node, axis === null ? allAxes(name, null, rank) : [oneAxis(name, axis, rank)], keepdims));
}

/**
 * Position (int32) of the first largest element along `axis`, or in the flattened tensor.
 * @example
 * argmax(tensor([[1, 5], [3, 2]]), { axis: 1 }); // [1, 0]
 */
export const argmax = (
  x: TensorLike,
  options: number | null | { axis?: number | null; keepdims?: boolean } = {},
): Tensor => argReduce("argmax", x, options, reduce.argmax);

/**
 * Position (int32) of the first smallest element along `axis`, or in the flattened tensor.
 * @example
 * argmin(tensor([[1, 5], [3, 2]]), { axis: 1 }); // [0, 1]
 */
export const argmin = (
  x: TensorLike,
  options: number | null | { axis?: number | null; keepdims?: boolean } = {},
): Tensor => argReduce("argmin", x, options, reduce.argmin);

/**
 * Mean over axes weighted by `weights`, which broadcast to x; the plain mean without them.
 * @example
 * average(tensor([1, 2, 6]), { weights: tensor([1, 1, 2]) }); // 3.75
 */
export function average(
  x: TensorLike,
  { axis = null, weights = null }: { axis?: Axis; weights?: TensorLike | null } = {},
): Tensor {
  const node = floatOperand(x);
  const axes = allAxes("average", axis, node.shape.length);
  if (weights === null) return wrap(reduce.mean(node, axes));
  const weight = broadcastTo(floatOperand(weights), node.shape);
  return wrap(div(reduce.sum(mul(node, weight), axes), reduce.sum(weight, axes)));
}
