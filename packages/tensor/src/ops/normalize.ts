/** @file Normalisation: layer, batch and root-mean-square norms, with Keras's definitions and defaults. */
import { ShapeError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { broadcastShapes, typeText } from "../graph/shape.ts";
import { add, mul, sub } from "../primitives/arithmetic.ts";
import { at } from "../primitives/factory.ts";
import { rsqrt } from "../primitives/math.ts";
import { broadcastTo, reshape } from "../primitives/movement.ts";
import { normalize } from "../primitives/normalize.ts";
import { constant } from "../primitives/source.ts";
import {
  type Axis,
  allAxes,
  floatOperand,
  oneAxis,
  type Tensor,
  type TensorLike,
  wrap,
} from "./arguments.ts";

/** Keras's `backend.epsilon()`. */
const defaultEpsilon = 1e-7;

/**
 * A parameter with one number per position along `axes` gets an axis for each of x's; one that has them already, or belongs to the last
 * axis, stays.
 */
function parameter(
  name: string,
  argument: string,
  value: TensorLike | null,
  x: Node,
  axes: readonly number[],
): Node | null {
  if (value === null) return null;
  const node = floatOperand(value);
  const rank = x.shape.length;
  const isAligned = node.shape.length === rank || (axes.length === 1 && axes[0] === rank - 1);
  const along = axes.map((axis) => at(x.shape, axis));
  const placed =
    !isAligned && node.shape.join() === along.join()
      ? reshape(
          node,
          x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1)),
        )
      : node;
  if (broadcastShapes(placed.shape, x.shape) === x.shape) return placed;
  throw new ShapeError(name, `${argument} does not fit x.`, {
    received: `${argument} ${typeText(node.dtype, node.shape)}, x ${typeText(x.dtype, x.shape)}, axes [${axes.join()}].`,
    expected: `shape [${along.join()}], the extents of x along the axes, or one that broadcasts to x.`,
    fix: `reshape ${argument}, or change axis.`,
  });
}

export interface LayerNormalizationOptions {
  /** Factors: one per position along `axis`, or a shape that broadcasts to x. */
  readonly gamma?: TensorLike | null;
  /** What is added after that, likewise. */
  readonly beta?: TensorLike | null;
  /** Axes over which mean and variance are taken. */
  readonly axis?: Axis;
  /** Added to the variance. */
  readonly epsilon?: number;
}

/**
 * (x - mean) / sqrt(variance + epsilon) gamma + beta, mean and variance over `axis`. With gamma and beta of x's rank this is any of the
 * norms: batch norm over all axes but the channels, group norm over a tensor with the groups as an axis.
 * @example
 * layerNormalization(tensor([1, 2, 3])); // [-1.2247, 0, 1.2247]
 */
export function layerNormalization(
  x: TensorLike,
  { gamma = null, beta = null, axis = -1, epsilon = defaultEpsilon }: LayerNormalizationOptions = {},
): Tensor {
  const node = floatOperand(x);
  const axes = allAxes("layerNormalization", axis, node.shape.length);
  const part = (argument: string, value: TensorLike | null) =>
    parameter("layerNormalization", argument, value, node, axes);
  return wrap(normalize(node, { axes, epsilon, centered: true }, part("gamma", gamma), part("beta", beta)));
}

/**
 * x / sqrt(mean of x^2 + epsilon) scale, the mean over `axis`.
 * @example
 * rmsNormalization(tensor([3, 4])); // [0.8485, 1.1314]
 */
export function rmsNormalization(
  x: TensorLike,
  {
    scale = null,
    axis = -1,
    epsilon = defaultEpsilon,
  }: { scale?: TensorLike | null; axis?: Axis; epsilon?: number } = {},
): Tensor {
  const node = floatOperand(x);
  const axes = allAxes("rmsNormalization", axis, node.shape.length);
  const factor = parameter("rmsNormalization", "scale", scale, node, axes);
  return wrap(normalize(node, { axes, epsilon, centered: false }, factor));
}

export interface BatchNormalizationOptions {
  /** What is added in the end, one number per position along `axis`. */
  readonly offset?: TensorLike | null;
  /** Factors, likewise. */
  readonly scale?: TensorLike | null;
  /** Added to the variance. */
  readonly epsilon?: number;
}

/**
 * (x - mean) / sqrt(variance + epsilon) scale + offset with given statistics, one of each per position along `axis`.
 * @example
 * batchNormalization(tensor([[1, 2], [3, 6]]), [2, 4], [1, 4], -1, { epsilon: 0 }); // [[-1, -1], [1, 1]]
 */
export function batchNormalization(
  x: TensorLike,
  mean: TensorLike,
  variance: TensorLike,
  axis: number,
  { offset = null, scale = null, epsilon = 1e-3 }: BatchNormalizationOptions = {},
): Tensor {
  const node = floatOperand(x);
  const axes = [oneAxis("batchNormalization", axis, node.shape.length)];
  // Spread first: then everything is one kernel over x, and none runs for the few numbers of the channels.
  const spread = (argument: string, value: TensorLike): Node =>
    broadcastTo(parameter("batchNormalization", argument, value, node, axes) as Node, node.shape);
  const rate = rsqrt(add(spread("variance", variance), constant(epsilon)));
  const factor = scale === null ? rate : mul(rate, spread("scale", scale));
  const scaled = mul(sub(node, spread("mean", mean)), factor);
  return wrap(offset === null ? scaled : add(scaled, spread("offset", offset)));
}
