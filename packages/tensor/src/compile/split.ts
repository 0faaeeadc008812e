/** @file Long sums in parts: reductions to few results in two passes, products with few results and a long k as partial products. */
import type { Target } from "@tenrec/kernels";
import { type Attrs, Node, type Primitive, record } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { matmulPrimitive } from "../primitives/contraction.ts";
import { identityOf, type ReductionName } from "../primitives/identity.ts";
import { pad, reshape, transpose } from "../primitives/movement.ts";
import { sum } from "../primitives/reduce.ts";

/** How many parts each product was wanted in, in the order of the products: taken over from another plan, or the target's choice. */
export class PartCounts {
  readonly made: number[] = [];
  readonly #target: Target;
  readonly #given: readonly number[];

  constructor(target: Target, given: readonly number[] = []) {
    this.#target = target;
    this.#given = given;
  }

  next(batch: number, m: number, n: number, k: number): number {
    const wanted = this.#given[this.made.length] ?? this.#target.gemmParts(batch, m, n, k);
    this.made.push(wanted);
    return wanted;
  }
}

/** The same value in parts where that pays, or null. The order of additions depends on shapes only. */
export function splitLong(
  primitive: Primitive,
  inputs: readonly Node[],
  attrs: Attrs,
  counts: PartCounts,
): Node | null {
  const [x, y] = inputs;
  if (primitive.family === "reduce" && x) return splitLongReduction(primitive, x, attrs);
  return primitive.family === "contraction" && x && y ? splitDeepProduct(x, y, attrs, counts) : null;
}

/** Reductions with few results and more elements per result than this run in two passes. */
const longReduction = 1 << 15;
const chunkLength = 1 << 12;
const fewResults = 64;

/** argmax and argmin have no identity, and cannot be cut. */
const isPlain = (stage: Primitive["stage"]): stage is ReductionName =>
  stage !== null && stage !== "argmax" && stage !== "argmin";

/**
 * Two passes for a reduction of many elements to few: several axes are reduced one after another, one long axis is cut into chunks
 * (padded with the identity). The order of additions depends on shapes only.
 */
function splitLongReduction(primitive: Primitive, x: Node, attrs: Attrs): Node | null {
  const axes = attrs.axes as readonly number[];
  const length = axes.reduce((n, axis) => n * (x.shape[axis] as number), 1);
  const { stage } = primitive;
  if (!isPlain(stage) || length <= longReduction || x.shape.size / length > fewResults) return null;
  const keepDims = attrs.keepDims as boolean;
  const long = axes.filter((axis) => (x.shape[axis] as number) > 1);
  if (long.length > 1) {
    const last = long.at(-1) as number;
    const first = reduce(primitive, x, [last], true);
    return reduce(primitive, first, axes, keepDims);
  }
  const axis = long[0] as number;
  return reduceInChunks(primitive, x, axes, axis, keepDims, identityOf(stage, x.dtype));
}

function reduceInChunks(
  primitive: Primitive,
  x: Node,
  axes: readonly number[],
  axis: number,
  keepDims: boolean,
  identity: number,
): Node {
  const extent = x.shape[axis] as number;
  const chunks = Math.ceil(extent / chunkLength);
  const zeros = x.shape.map(() => 0);
  const high = x.shape.map((_, i) => (i === axis ? chunks * chunkLength - extent : 0));
  const padded = chunks * chunkLength === extent ? x : pad(x, zeros, high, zeros, identity);
  const cut = reshape(padded, [...x.shape.slice(0, axis), chunks, chunkLength, ...x.shape.slice(axis + 1)]);
  const partial = reduce(primitive, cut, [axis + 1], false);
  return reduce(primitive, partial, axes, keepDims);
}

function reduce(primitive: Primitive, x: Node, axes: readonly number[], keepDims: boolean): Node {
  const attrs: Attrs = { axes, keepDims };
  return new Node(primitive, [x], attrs, shapeOf(primitive.shape([x], attrs)), primitive.dtype([x], attrs));
}

/** Partial products over parts of k as one more batch axis, then their sum. */
function splitDeepProduct(a: Node, b: Node, attrs: Attrs, counts: PartCounts): Node | null {
  const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
  const [m, k] = lastTwo(a, transposeA);
  const [n] = lastTwo(b, !transposeB);
  const batch = matmulPrimitive.shape([a, b], attrs).slice(0, -2);
  const wanted = counts.next(
    batch.reduce((x, y) => x * y, 1),
    m,
    n,
    k,
  );
  const parts = partsOf(k, wanted);
  if (parts === 1) return null;
  const partial = record(matmulPrimitive, [cut(a, parts, transposeA), cut(b, parts, !transposeB)], attrs);
  return sum(partial, [batch.length]);
}

/** Extents of the free axis and of k. */
function lastTwo({ shape }: Node, kFirst: boolean): readonly [number, number] {
  const [first, second] = shape.slice(-2) as [number, number];
  return kFirst ? [second, first] : [first, second];
}

/** The largest number of equal parts up to `wanted`, parts of whole vectors first. */
function partsOf(k: number, wanted: number): number {
  for (const unit of [4, 1]) {
    for (let parts = wanted; parts > 1; parts--) if (k % (parts * unit) === 0) return parts;
  }
  return 1;
}

/** k in parts, as an axis before the last two. */
function cut(x: Node, parts: number, kFirst: boolean): Node {
  const rank = x.shape.length;
  const [free, k] = lastTwo(x, kFirst);
  const outer = x.shape.slice(0, -2);
  if (kFirst) return reshape(x, [...outer, parts, k / parts, free]);
  const split = reshape(x, [...outer, free, parts, k / parts]);
  const order = [...outer.keys(), rank - 1, rank - 2, rank];
  return transpose(split, order);
}
