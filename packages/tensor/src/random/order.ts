/** @file shuffle and permutation. */
import type { Node } from "../graph/node.ts";
import { checkCount } from "../ops/arguments.ts";
import { take, takeAlongAxis } from "../primitives/indexing.ts";
import { pad, reshape } from "../primitives/movement.ts";
import { rowOrder } from "../primitives/order.ts";
import { sum } from "../primitives/reduce.ts";
import { asRows, fromRows } from "../primitives/rows.ts";
import { iota } from "../primitives/source.ts";
import { toNode } from "../runtime/handles.ts";
import { hostNode } from "../runtime/host.ts";
import { normalAxis, type Tensor, type TensorLike, wrap } from "../tensor.ts";
import { hostOrder, shuffleRounds } from "./hostOrder.ts";
import { bitsOf, type Key, splitKey } from "./key.ts";
import { drawKey, type Seed } from "./seed.ts";

export interface ShuffleOptions {
  /** Axis along which elements change places. */
  readonly axis?: number;
  /** Integer: the same order each time. SeedGenerator: its next draw. Absent: the global generator's. */
  readonly seed?: Seed;
}

/** Extents before an axis, along it and after it. */
type Extents = readonly [number, number, number];

function extentsAround(shape: readonly number[], axis: number): Extents {
  const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);
  return [product(shape.slice(0, axis)), shape[axis] as number, product(shape.slice(axis + 1))];
}

/** The value as a sum with zeros. Kernels compute draws wherever they read them, but load sums: ordering reads each key many times. */
function computedOnce(x: Node): Node {
  const rank = x.shape.length;
  const zeros = x.shape.map(() => 0);
  return sum(pad(reshape(x, [...x.shape, 1]), [...zeros, 0], [...zeros, 1]), [rank]);
}

/** hostOrder in nodes, for keys that only the device knows. */
function deviceOrder(key: Key, extents: Extents): Node {
  const [outer, n, inner] = extents;
  let order: Node | null = null;
  let next = key;
  for (let round = shuffleRounds(outer * n * inner); round > 0; round--) {
    const [following, subkey] = splitKey(next);
    const rows = rowOrder(asRows(computedOnce(bitsOf(subkey, extents)), 1));
    const sorted = fromRows(rows, extents, 1);
    order = order ? takeAlongAxis(order, sorted, 1) : sorted;
    next = following;
  }
  return order ?? iota(extents, 1, "int32");
}

const orderOf = (key: Key, extents: Extents): Node =>
  key.host ? hostNode(hostOrder(key.host, extents), extents) : deviceOrder(key, extents);

/**
 * The elements of each vector along `axis` in random order, every vector in its own, as `keras.random.shuffle` on JAX.
 *
 * @param x - At least one axis.
 * @throws ValueError if the axis does not exist or the seed is none.
 * @example
 * random.shuffle(tensor([1, 2, 3, 4]), { seed: 7 });
 */
export function shuffle(x: TensorLike, { axis = 0, seed }: ShuffleOptions = {}): Tensor {
  const node = toNode(x);
  const extents = extentsAround(node.shape, normalAxis("shuffle", axis, node.shape.length));
  const order = orderOf(drawKey("shuffle", seed), extents);
  return wrap(reshape(takeAlongAxis(reshape(node, extents), order, 1), node.shape));
}

/**
 * A random order of 0 ... n - 1, or a tensor's slices along `axis` in random order (whole rows move, unlike in `shuffle`), as
 * `jax.random.permutation`.
 *
 * @param x - A count or a tensor.
 * @returns int32 [n], or the tensor's type.
 * @throws ValueError if the count is none, the axis does not exist or the seed is none.
 * @example
 * random.permutation(10, { seed: 0 }); // [0, 1, 8, 5, 6, 4, 3, 2, 7, 9]
 */
export function permutation(x: number | TensorLike, { axis = 0, seed }: ShuffleOptions = {}): Tensor {
  if (typeof x === "number") {
    checkCount("permutation", "n", x, 0);
    return wrap(orderOfRows(drawKey("permutation", seed), x));
  }
  const node = toNode(x);
  const along = normalAxis("permutation", axis, node.shape.length);
  const order = orderOfRows(drawKey("permutation", seed), node.shape[along] as number);
  return wrap(take(node, order, along));
}

const orderOfRows = (key: Key, n: number): Node => reshape(orderOf(key, [1, n, 1]), [n]);
