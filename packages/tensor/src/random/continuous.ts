/** @file Random floats: uniform, normal, truncated normal, Gumbel and multivariate normal draws. */
import type { Dtype } from "@tenrec/kernels";
import { DtypeError, ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { broadcastShapes, type Shape, shapeOf, typeText } from "../graph/shape.ts";
import { checkShape } from "../ops/arguments.ts";
import { add, maximum, mul, neg, sub } from "../primitives/arithmetic.ts";
import { cholesky } from "../primitives/linalg.ts";
import { log } from "../primitives/math.ts";
import { reshape } from "../primitives/movement.ts";
import { sum } from "../primitives/reduce.ts";
import { number } from "../primitives/source.ts";
import { promoteFloats } from "../runtime/promote.ts";
import { type Tensor, type TensorLike, wrap } from "../tensor.ts";
import { type Key, normalOf, parameter, stretched, truncatedNormalOf, unitOf } from "./key.ts";
import { drawKey, type Seed } from "./seed.ts";

/** Options of draws whose numbers are floats. */
export interface DrawOptions {
  /** float32, the only float dtype. */
  readonly dtype?: Dtype;
  /** Integer: the same numbers each time. SeedGenerator: its next draw. Absent: the global generator's. */
  readonly seed?: Seed;
}

export interface UniformOptions extends DrawOptions {
  /** Least value. */
  readonly minval?: TensorLike;
  /** Bound that is not reached, save by rounding. */
  readonly maxval?: TensorLike;
}

export interface NormalOptions extends DrawOptions {
  readonly mean?: TensorLike;
  /** Standard deviation. */
  readonly stddev?: TensorLike;
}

function checkFloatDraw(name: string, shape: readonly number[], dtype: Dtype = "float32"): void {
  checkShape(name, shape);
  if (dtype === "float32") return;
  throw new DtypeError(name, "not a floating-point dtype.", {
    received: `dtype ${JSON.stringify(dtype)}.`,
    expected: '"float32".',
    fix: "use randint for integers.",
  });
}

const floatNode = (x: TensorLike): Node =>
  typeof x === "number" ? parameter(x) : (promoteFloats([x])[0] as Node);

/** x * stddev + mean, with two roundings as in Keras. */
function scaled(x: Node, { mean = 0, stddev = 1 }: NormalOptions): Node {
  const wide = stddev === 1 ? x : mul(x, floatNode(stddev));
  return mean === 0 ? wide : add(wide, floatNode(mean));
}

function between(unit: Node, minval: TensorLike, maxval: TensorLike): Node {
  if (minval === 0 && maxval === 1) return unit;
  if (typeof minval !== "number" || typeof maxval !== "number") {
    const low = floatNode(minval);
    return stretched(unit, low, sub(floatNode(maxval), low));
  }
  if (!(minval <= maxval)) {
    throw new ValueError("uniform", "the range is empty.", {
      received: `minval ${minval}, maxval ${maxval}.`,
      expected: "minval <= maxval.",
      fix: "swap them.",
    });
  }
  const low = Math.fround(minval);
  return stretched(unit, parameter(low), parameter(Math.fround(Math.fround(maxval) - low)));
}

/**
 * Uniform floats in [minval, maxval), in 2^23 steps. [0, 1) equals `keras.random.uniform` on JAX bit for bit, other ranges to 1 or 2 units
 * in the last place.
 *
 * @throws DtypeError if the dtype is not float32; ShapeError if `shape` is none; ValueError if minval > maxval or the seed is none.
 * @example
 * random.uniform([2, 3], { minval: -1, maxval: 1, seed: 7 });
 */
export function uniform(shape: readonly number[], options: UniformOptions = {}): Tensor {
  checkFloatDraw("uniform", shape, options.dtype);
  const { minval = 0, maxval = 1, seed } = options;
  return wrap(between(unitOf(drawKey("uniform", seed), shape), minval, maxval));
}

/**
 * Normal floats. Gradients flow to `mean` and `stddev` where these are tensors (the reparametrisation x = mean + stddev z).
 *
 * @throws DtypeError if the dtype is not float32; ShapeError if `shape` is none; ValueError if the seed is none.
 * @example
 * random.normal([2, 3], { mean: 1, stddev: 0.5, seed: 7 });
 */
export function normal(shape: readonly number[], options: NormalOptions = {}): Tensor {
  checkFloatDraw("normal", shape, options.dtype);
  return wrap(scaled(normalOf(drawKey("normal", options.seed), shape), options));
}

/**
 * Normal floats that lie within two standard deviations of the mean.
 *
 * @throws DtypeError if the dtype is not float32; ShapeError if `shape` is none; ValueError if the seed is none.
 * @example
 * random.truncatedNormal([64, 10], { stddev: 0.05 });
 */
export function truncatedNormal(shape: readonly number[], options: NormalOptions = {}): Tensor {
  checkFloatDraw("truncatedNormal", shape, options.dtype);
  return wrap(scaled(truncatedNormalOf(drawKey("truncatedNormal", options.seed), shape), options));
}

/** The least normal float32, so that log(u) is finite. */
const tiny = 2 ** -126;

/** -log(-log(u)), u uniform in [tiny, 1). */
export const gumbelOf = (key: Key, shape: readonly number[]): Node =>
  neg(log(neg(log(maximum(unitOf(key, shape), number(tiny))))));

/**
 * Standard Gumbel floats, -log(-log(u)): added to logits, their argmax is a categorical draw.
 *
 * @throws DtypeError if the dtype is not float32; ShapeError if `shape` is none; ValueError if the seed is none.
 * @example
 * random.gumbel([3], { seed: 7 });
 */
export function gumbel(shape: readonly number[], { dtype, seed }: DrawOptions = {}): Tensor {
  checkFloatDraw("gumbel", shape, dtype);
  return wrap(gumbelOf(drawKey("gumbel", seed), shape));
}

export interface MultivariateNormalOptions extends DrawOptions {
  /** Axes of the draws; those that mean and covariance have before their last one and two by default. */
  readonly shape?: readonly number[];
}

/**
 * Normal vectors mean + L z with L L^T = covariance, as `jax.random.multivariate_normal`.
 *
 * @param mean - [..., n].
 * @param covariance - [..., n, n], symmetric positive definite, n <= 64; another one gives NaN.
 * @returns float32 [...shape, n].
 * @throws ShapeError if the operands do not fit together or to `shape`.
 * @example
 * random.multivariateNormal(tensor([0, 0]), tensor([[2, 1], [1, 2]]), { shape: [100] });
 */
export function multivariateNormal(
  mean: TensorLike,
  covariance: TensorLike,
  { shape, dtype, seed }: MultivariateNormalOptions = {},
): Tensor {
  checkFloatDraw("multivariateNormal", shape ?? [], dtype);
  const [center, matrix] = promoteFloats([mean, covariance]) as [Node, Node];
  const rows = drawnRows(center, matrix, shape);
  const size = center.shape.at(-1) as number;
  const z = reshape(normalOf(drawKey("multivariateNormal", seed), [...rows, size]), [...rows, 1, size]);
  return wrap(add(center, sum(mul(cholesky(matrix), z), [rows.length + 1])));
}

/** Axes of the draws before the last one. */
function drawnRows(mean: Node, covariance: Node, shape: readonly number[] | undefined): readonly number[] {
  const size = mean.shape.at(-1);
  const batch = broadcastShapes(shapeOf(mean.shape.slice(0, -1)), shapeOf(covariance.shape.slice(0, -2)));
  const isSquare = covariance.shape.at(-1) === size && covariance.shape.at(-2) === size;
  const rows: Shape | null = batch && (shape ? shapeOf(shape) : batch);
  if (size !== undefined && isSquare && batch && rows && broadcastShapes(batch, rows) === rows) return rows;
  throw new ShapeError("multivariateNormal", "mean, covariance and shape do not fit together.", {
    received:
      `mean ${typeText(mean.dtype, mean.shape)}, covariance ${typeText(covariance.dtype, covariance.shape)}` +
      `${shape ? `, shape [${shape.join()}]` : ""}.`,
    expected: "mean [..., n], covariance [..., n, n], and leading axes that broadcast to shape.",
    fix: "leave the shape out for one draw per mean.",
  });
}
