/** @file Keys of draws, and the node-level numbers that follow from one: bits, [0, 1), erfInv normals. All fuse into their consumers. */
import type { Dtype, Node } from "../graph/node.ts";
import { add, maximum, minimum, mul } from "../primitives/arithmetic.ts";
import { erfInverse } from "../primitives/math.ts";
import { reshape, slice } from "../primitives/movement.ts";
import { unitOfBits } from "../primitives/randomUnit.ts";
import { fill, number, randomBits, randomSplit } from "../primitives/source.ts";
import { ScalarNode } from "../runtime/leaf.ts";
import { scopes } from "../runtime/scope.ts";

/** A Threefry key: two uint32 scalars. */
export interface Key {
  readonly words: readonly [Node, Node];
  /** The words' values, where the host knows them. */
  readonly host: readonly [number, number] | null;
}

/** A number that is data of a run, so that other values compile nothing; inside a trace it is a constant of the program. */
export const parameter = (value: number, dtype: Dtype = "float32"): Node =>
  scopes.trace ? number(value, dtype) : new ScalarNode(value, dtype);

/** A key whose words the host knows. */
export const hostKey = (first: number, second: number): Key => ({
  words: [parameter(first, "uint32"), parameter(second, "uint32")],
  host: [first, second],
});

/** Scalar at `position` of a small node. */
export const scalarAt = (node: Node, position: readonly number[]): Node =>
  reshape(
    slice(
      node,
      position,
      position.map(() => 1),
    ),
    [],
  );

/** Two new keys, equal to `jax.random.split(key)`. The host's knowledge ends here. */
export function splitKey({ words }: Key): readonly [Key, Key] {
  const split = randomSplit(...words, 2);
  const row = (i: number): Key => ({ words: [scalarAt(split, [i, 0]), scalarAt(split, [i, 1])], host: null });
  return [row(0), row(1)];
}

/** 32 random bits per element. */
export const bitsOf = (key: Key, shape: readonly number[]): Node => randomBits(...key.words, shape);

const structure = (value: number, dtype: Dtype): Node => fill(value, [], dtype, true);

/** Uniform in [0, 1) in steps of 2^-23. */
export const unitOf = (key: Key, shape: readonly number[]): Node => unitOfBits(bitsOf(key, shape));

/** max(low, unit * span + low). The maximum is JAX's: rounding of the sum could pass below `low`. */
export const stretched = (unit: Node, low: Node, span: Node): Node => maximum(low, add(mul(unit, span), low));

const sqrt2 = /*#__PURE__*/ Math.fround(Math.SQRT2);
/** nextafter(-1, 0). Twice a unit is exact and the span to 1 rounds to 2, so that the sum has one rounding. */
const aboveMinusOne = -(1 - 2 ** -24);

/** Standard normals: sqrt(2) erfInv(u), u uniform in (-1, 1). */
export function normalOf(key: Key, shape: readonly number[]): Node {
  const twice = mul(unitOf(key, shape), structure(2, "float32"));
  const open = add(twice, number(aboveMinusOne));
  return mul(erfInverse(open), number(sqrt2));
}

/** erf(-2 / sqrt(2)) in float32: the distribution function's end at two standard deviations. */
const erfAtCut = -0.9544997215270996;
/** nextafter(2, 0). */
const belowTwo = 2 - 2 ** -23;

/** Standard normals within (-2, 2), by inversion. */
export function truncatedNormalOf(key: Key, shape: readonly number[]): Node {
  const between = stretched(unitOf(key, shape), number(erfAtCut), number(-2 * erfAtCut));
  const value = mul(erfInverse(between), number(sqrt2));
  return minimum(maximum(value, number(-belowTwo)), number(belowTwo));
}
