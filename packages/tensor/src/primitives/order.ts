/** @file Stable orders of rows as int32 positions: blocks ordered in one kernel, merges of blocks, inverses. No gradients: integers. */
import { mergeWays, type OrderDtype, type Target } from "@tenrec/kernels";
import { type Attrs, type Node, type Primitive, record, type TemplateCall } from "../graph/node.ts";
import { add, floorDiv, mul } from "./arithmetic.ts";
import { at, commonDtype } from "./factory.ts";
import { and, cast, equal, less, or } from "./logic.ts";
import { broadcastTo, reshape } from "./movement.ts";
import { type KeyOptions, keyAttrs, orderKeyPrimitive } from "./orderKey.ts";
import { argmax, sum } from "./reduce.ts";
import { constant, iota, number } from "./source.ts";

/** [rows, length]: what an order runs over. */
const extentsOf = (x: Node): readonly [number, number] => [at(x.shape, 0), at(x.shape, 1)];

const threads = 64;
/** Blocks of up to this many elements are ordered by counting: on a GPU the square of that is read from its cache. */
const countedBlock = 64;
/** On a CPU renderer barriers are dear: 512 elements take 1.5 ms by counting, 1.8 by exchanges, 0.65 by counting 128 and a merge (SwiftShader). */
const countedBlockSoftware = 128;
/** Keys and positions in 16 KB of workgroup memory. */
const largestBlock = 2048;

const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

function elementCall(
  template: TemplateCall["template"],
  x: Node,
  constants: TemplateCall["constants"],
  params: readonly number[],
): TemplateCall {
  const workgroups = Math.ceil(x.shape.size / threads);
  return {
    template,
    constants: { ...constants, THREADS: threads },
    params: [...x.shape, ...params],
    workgroups,
    workgroupSize: threads,
  };
}

const keyConstants = (attrs: Attrs): TemplateCall["constants"] => ({
  DESCENDING: attrs.descending as boolean,
  INDICES: attrs.indices as number,
});

function blocksCall(x: Node, attrs: Attrs, width: number, target: Target): TemplateCall {
  const [rows, length] = extentsOf(x);
  const workgroupSize = Math.min(256, width / 2);
  return {
    template: target.templates.orderBlocksTemplate(x.dtype as OrderDtype),
    constants: { ...keyConstants(attrs), SIZE: width, THREADS: workgroupSize },
    params: [rows, length, width, attrs.extent as number],
    workgroups: rows * Math.ceil(length / width),
    workgroupSize,
  };
}

function blockTemplate(inputs: readonly Node[], attrs: Attrs, target: Target): TemplateCall | null {
  const x = at(inputs, 0);
  if (x.shape.size === 0) return null;
  const width = attrs.width as number;
  const counted = target.software ? countedBlockSoftware : countedBlock;
  if (target.name === "cpu" || width <= counted) {
    const template = target.templates.orderRankTemplate(x.dtype as OrderDtype);
    return elementCall(template, x, keyConstants(attrs), [width, attrs.extent as number]);
  }
  const isWide = !target.software && width <= largestBlock && width * 8 <= target.workgroupBytes;
  return isWide ? blocksCall(x, attrs, width, target) : null;
}

/** Each element's place is its block's begin and the number of elements of the block that come before it. */
function countOrder(x: Node, attrs: Attrs, width: number): Node {
  const [rows, length] = extentsOf(x);
  if (x.shape.size === 0) return broadcastTo(constant(0, "int32"), x.shape);
  const keys = record(orderKeyPrimitive, [x], attrs);
  const [mine, other] = [reshape(keys, [rows, length, 1]), reshape(keys, [rows, 1, length])];
  const place = (axis: number): Node => iota(axis === 1 ? [1, length, 1] : [1, 1, length], axis, "int32");
  const block = (axis: number): Node => floorDiv(place(axis), number(width, "int32"));
  const isEarlierEqual = and(equal(other, mine), less(place(2), place(1)));
  const isBefore = or(less(other, mine), isEarlierEqual);
  const isCounted = width < length ? and(equal(block(2), block(1)), isBefore) : isBefore;
  const rank = sum(cast(isCounted, "int32"), [2]);
  if (width >= length) return countInverse(rank);
  return countInverse(add(rank, mul(reshape(block(1), [1, length]), number(width, "int32"))));
}

/** The place of each number 0, 1, 2, ... in its row. */
function countInverse(order: Node): Node {
  const [rows, length] = extentsOf(order);
  if (order.shape.size === 0) return order;
  const hits = equal(reshape(order, [rows, 1, length]), iota([1, length, 1], 1, "int32"));
  return argmax(cast(hits, "int32"), [2]);
}

const orderRecord = (
  name: string,
  decompose: (inputs: readonly Node[], attrs: Attrs) => Node,
  template: NonNullable<Primitive["template"]>,
): Primitive => ({
  name,
  family: "composite",
  shape: (inputs) => at(inputs, 0).shape,
  dtype: (inputs) => {
    commonDtype(name, inputs.slice(0, 1), "number");
    return "int32";
  },
  vjp: null,
  reference: null,
  decompose,
  at: null,
  stage: null,
  template,
});

/** Positions that put each block of `width` (a power of two) elements of x [rows, length] in stable order. */
export const blockOrderPrimitive: Primitive = /*#__PURE__*/ orderRecord(
  "blockOrder",
  (inputs, attrs) => {
    const [x, width] = [at(inputs, 0), attrs.width as number];
    if (width <= countedBlock) return countOrder(x, attrs, width);
    const blocks = { ...attrs, width: width / mergeWays };
    return record(mergeOrderPrimitive, [x, record(blockOrderPrimitive, [x], blocks)], blocks);
  },
  blockTemplate,
);

/** Positions that put blocks of `width` times `mergeWays` elements in order, from x and those of blocks of `width`. */
export const mergeOrderPrimitive: Primitive = /*#__PURE__*/ orderRecord(
  "mergeOrder",
  (inputs, attrs) => countOrder(at(inputs, 0), attrs, (attrs.width as number) * mergeWays),
  (inputs, attrs, target) => {
    const x = at(inputs, 0);
    if (x.shape.size === 0) return null;
    const template = target.templates.orderMergeTemplate(x.dtype as OrderDtype);
    const constants = { ...keyConstants(attrs), WAYS: mergeWays };
    return elementCall(template, x, constants, [attrs.width as number, attrs.extent as number]);
  },
);

/** The inverse of orders [rows, length]: the place of each position. */
export const inverseOrderPrimitive: Primitive = /*#__PURE__*/ orderRecord(
  "inverseOrder",
  (inputs) => countInverse(at(inputs, 0)),
  (inputs, _, target) => {
    const x = at(inputs, 0);
    return x.shape.size === 0 ? null : elementCall(target.templates.orderInverseTemplate, x, {}, []);
  },
);

/** Stable order of each block of `width` elements of the rows of x [rows, length]; `width` is rounded up to a power of two. */
export function blockOrder(x: Node, width: number, options: KeyOptions = {}): Node {
  return record(blockOrderPrimitive, [x], { ...keyAttrs(options), width: powerOfTwo(width) });
}

/** Stable order of the rows of x [rows, length]: int32 positions, equal elements by position. */
export const rowOrder = (x: Node, options: KeyOptions = {}): Node => blockOrder(x, at(x.shape, 1), options);

export const inverseOrder = (order: Node): Node => record(inverseOrderPrimitive, [order]);
