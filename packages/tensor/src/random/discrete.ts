/** @file Random integers and categories, and dropout. */
import type { Dtype } from "@tenrec/kernels";
import { ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { broadcastShapes, shapeOf, typeText } from "../graph/shape.ts";
import { checkChoice, checkCount, checkShape } from "../ops/arguments.ts";
import { add, div, integerRemainder, mul } from "../primitives/arithmetic.ts";
import { bitcast, cast, less, where } from "../primitives/logic.ts";
import { reshape } from "../primitives/movement.ts";
import { argmax } from "../primitives/reduce.ts";
import { constant, fill, number } from "../primitives/source.ts";
import { promoteFloats } from "../runtime/promote.ts";
import { type Tensor, type TensorLike, wrap } from "../tensor.ts";
import { gumbelOf } from "./continuous.ts";
import { bitsOf, parameter, splitKey, unitOf } from "./key.ts";
import { drawKey, type Seed } from "./seed.ts";

export interface IntegerDrawOptions {
  /** int32 (the default) or uint32. */
  readonly dtype?: Dtype;
  /** Integer: the same numbers each time. SeedGenerator: its next draw. Absent: the global generator's. */
  readonly seed?: Seed;
}

const bounds: Partial<Record<Dtype, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
};

function checkRange(minval: number, maxval: number, dtype: Dtype): void {
  checkChoice("randint", "dtype", dtype, Object.keys(bounds));
  const [least, most] = bounds[dtype] as readonly [number, number];
  const fits = [minval, maxval].every((x) => Number.isInteger(x) && x >= least && x <= most);
  if (fits && minval <= maxval) return;
  throw new ValueError("randint", "the range is not one of integers.", {
    received: `minval ${minval}, maxval ${maxval}, dtype ${dtype}.`,
    expected: `integers from ${least} to ${most}, minval <= maxval.`,
    fix: "round the bounds, or swap them.",
  });
}

/**
 * Uniform integers in [minval, maxval), equal to `keras.random.randint` on JAX. minval where both are equal.
 *
 * @param minval - Least value.
 * @param maxval - Bound that is not reached.
 * @throws ValueError if the bounds are no integers of the dtype or minval > maxval; ShapeError if `shape` is none.
 * @example
 * random.randint([5], 0, 10, { seed: 7 });
 */
export function randint(
  shape: readonly number[],
  minval: number,
  maxval: number,
  { dtype = "int32", seed }: IntegerDrawOptions = {},
): Tensor {
  checkShape("randint", shape);
  checkRange(minval, maxval, dtype);
  const [upper, lower] = splitKey(drawKey("randint", seed));
  const span = Math.max(1, maxval - minval);
  const half = 65536 % span;
  // 2^32 mod span as JAX has it: the square wraps at 2^32.
  const multiplier = (Math.imul(half, half) >>> 0) % span;
  const within = (x: Node): Node => integerRemainder(x, parameter(span, "uint32"));
  const high = mul(within(bitsOf(upper, shape)), parameter(multiplier, "uint32"));
  const offset = within(add(high, within(bitsOf(lower, shape))));
  return wrap(add(bitcast(offset, dtype), parameter(minval, dtype)));
}

/**
 * Draws of categories with probabilities softmax(logits), by the Gumbel maximum.
 *
 * @param logits - [rows, classes], unnormalised log probabilities.
 * @param numSamples - Draws per row.
 * @returns [rows, numSamples] of indices into the classes, int32 or the given dtype.
 * @throws ShapeError if `logits` has not two axes; ValueError if `numSamples` is no count or the seed is none.
 * @example
 * random.categorical(tensor([[0, 1, 2]]), 4, { seed: 7 });
 */
export function categorical(
  logits: TensorLike,
  numSamples: number,
  { dtype = "int32", seed }: IntegerDrawOptions = {},
): Tensor {
  const node = promoteFloats([logits])[0] as Node;
  const [rows, classes] = node.shape;
  if (rows === undefined || classes === undefined || node.shape.length !== 2) throw notRows(node);
  checkCount("categorical", "numSamples", numSamples, 0);
  checkChoice("categorical", "dtype", dtype, ["int32", "uint32"]);
  const noise = gumbelOf(drawKey("categorical", seed), [rows, classes, numSamples]);
  return wrap(cast(argmax(add(noise, reshape(node, [rows, classes, 1])), [1]), dtype));
}

const notRows = (logits: Node): ShapeError =>
  new ShapeError("categorical", "logits are rows of classes.", {
    received: `${typeText(logits.dtype, logits.shape)}.`,
    expected: "[rows, classes].",
    fix: "reshape them; expandDims(logits, 0) makes one row.",
  });

export interface DropoutOptions {
  /** Shape of the mask, which broadcasts to the inputs' shape; null stands for their extent. The inputs' shape by default. */
  readonly noiseShape?: readonly (number | null)[] | null;
  /** Integer: the same mask each time. SeedGenerator: its next draw. Absent: the global generator's. */
  readonly seed?: Seed;
}

function checkRate(rate: number): void {
  if (rate >= 0 && rate <= 1) return;
  throw new ValueError("dropout", "the rate is no fraction.", {
    received: `rate ${rate}.`,
    expected: "a number from 0 to 1: the fraction of elements set to 0.",
    fix: "write 0.3 for 30 percent.",
  });
}

function maskShape(inputs: Node, noiseShape: DropoutOptions["noiseShape"]): readonly number[] {
  if (!noiseShape) return inputs.shape;
  const shape = noiseShape.map((extent, axis) => extent ?? inputs.shape[axis] ?? -1);
  checkShape("dropout", shape);
  if (broadcastShapes(shapeOf(shape), inputs.shape) === inputs.shape) return shape;
  throw new ShapeError("dropout", "the noise shape does not broadcast to the inputs.", {
    received: `noiseShape [${shape.join()}], inputs ${typeText(inputs.dtype, inputs.shape)}.`,
    expected: "extents of the inputs, or 1.",
    fix: "use 1 along axes that are kept or dropped as a whole.",
  });
}

/**
 * Sets a random fraction of the elements to 0 and divides the others by 1 - rate, which keeps the expected sum. The mask is not stored:
 * the gradient computes it again from the key.
 *
 * @param inputs - Any shape.
 * @param rate - Fraction from 0 (the inputs as they are) to 1 (zeros).
 * @throws ValueError if the rate is outside of this or the seed is none; ShapeError if `noiseShape` does not broadcast.
 * @example
 * random.dropout(x, 0.5, { seed: new random.SeedGenerator(42) });
 */
export function dropout(
  inputs: TensorLike,
  rate: number,
  { noiseShape = null, seed }: DropoutOptions = {},
): Tensor {
  checkRate(rate);
  const x = promoteFloats([inputs])[0] as Node;
  const shape = maskShape(x, noiseShape);
  if (rate === 0) return wrap(x);
  if (rate === 1) return wrap(fill(0, x.shape, "float32"));
  const keep = Math.fround(1 - rate);
  const isKept = less(unitOf(drawKey("dropout", seed), shape), number(keep));
  return wrap(where(isKept, div(x, number(keep)), constant(0)));
}
