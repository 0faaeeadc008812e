/** @file Sums, products and extremes of the rows that belong to each segment, in a fixed order and without atomics. */
import { cumulativeOperations, type Target } from "@tenrec/kernels";
import { type Attrs, type Node, type Primitive, record, type TemplateCall } from "../graph/node.ts";
import { at, commonDtype } from "./factory.ts";
import { identityOf } from "./identity.ts";
import { and, greaterEqual, less, where } from "./logic.ts";
import { broadcastTo, reshape, sliceAxis } from "./movement.ts";
import { inverseOrder, rowOrder } from "./order.ts";
import type { KeyOptions } from "./orderKey.ts";
import { prod } from "./product.ts";
import { max, min, sum } from "./reduce.ts";
import { searchSorted } from "./search.ts";
import { constant, iota } from "./source.ts";

export type SegmentOperation = keyof typeof cumulativeOperations;

const reductions = { sum, prod, max, min } as const;

/** results[g, s, d] over the updates [groups, count, columns] whose `isIn` [groups, segments, count] is true. */
export function reduceMasked(updates: Node, isIn: Node, operation: SegmentOperation): Node {
  const [groups, count, columns] = updates.shape as unknown as [number, number, number];
  const segments = at(isIn.shape, 1);
  const outer = reshape(updates, [groups, 1, count, columns]);
  const hits = reshape(isIn, [groups, segments, count, 1]);
  const identity = identityOf(operation, updates.dtype);
  const masked = where(hits, outer, constant(identity, updates.dtype));
  if (count === 0) return broadcastTo(constant(identity, updates.dtype), [groups, segments, columns]);
  return reductions[operation](masked, [2]);
}

/** Invocations that share an output, by the mean length of segments: long ones must not be one invocation's. Fixed by shapes. */
function partsFor(count: number, segments: number, target: Target): number {
  const mean = count / segments;
  if (target.software || mean < 32) return 1;
  return mean < 512 ? 8 : 64;
}

const threads = 64;

function segmentCall(inputs: readonly Node[], attrs: Attrs, target: Target): TemplateCall | null {
  const [updates, , offsets] = inputs as [Node, Node, Node];
  const [groups, count, columns] = updates.shape as unknown as [number, number, number];
  const segments = at(offsets.shape, 1) - 1;
  const { dtype } = updates;
  // Sums and products of uint32 have the bits of those of int32, but a template has one dtype.
  if (dtype === "uint32" || updates.shape.size === 0 || segments === 0) return null;
  const parts = partsFor(count, segments, target);
  const isWide =
    target.lanes === 4 &&
    columns % 4 === 0 &&
    dtype === "float32" &&
    attrs.operation === "sum" &&
    target.name !== "cpu";
  const lanes = isWide ? 4 : 1;
  return {
    template: target.templates.segmentTemplate(dtype as "float32" | "int32", lanes),
    constants: {
      OPERATION: cumulativeOperations[attrs.operation as SegmentOperation],
      PARTS: parts,
      LANES: lanes,
      THREADS: threads,
    },
    params: [groups, count, segments, columns / lanes],
    workgroups: Math.ceil((groups * segments * (columns / lanes) * parts) / threads),
    workgroupSize: threads,
  };
}

/**
 * Inputs updates [groups, count, columns], order [groups, count] and offsets [groups, segments + 1]: segment s takes the updates that `order`
 * names from offsets[s] to offsets[s + 1].
 */
export const segmentReducePrimitive: Primitive = {
  name: "segmentReduce",
  family: "composite",
  shape: ([updates, , offsets]) => [
    at((updates as Node).shape, 0),
    at((offsets as Node).shape, 1) - 1,
    at((updates as Node).shape, 2),
  ],
  dtype: (inputs) => commonDtype("segmentReduce", inputs.slice(0, 1), "number"),
  vjp: null,
  reference: null,
  decompose: (inputs, attrs) => {
    const [updates, order, offsets] = inputs as [Node, Node, Node];
    const [groups, count] = updates.shape as unknown as [number, number];
    const segments = at(offsets.shape, 1) - 1;
    const rank = reshape(inverseOrder(order), [groups, 1, count]);
    const bound = (from: number): Node =>
      reshape(sliceAxis(offsets, 1, from, from + segments), [groups, segments, 1]);
    const isIn = and(greaterEqual(rank, bound(0)), less(rank, bound(1)));
    return reduceMasked(updates, isIn, attrs.operation as SegmentOperation);
  },
  at: null,
  stage: null,
  template: segmentCall,
};

/** Where the elements of each index begin in the order of `indices` [groups, count]: [groups, size + 1]. */
export function segmentOffsets(indices: Node, order: Node, size: number, keys: KeyOptions): Node {
  const targets = broadcastTo(iota([1, size + 1], 1, "int32"), [at(indices.shape, 0), size + 1]);
  return searchSorted(indices, targets, { ...keys, order });
}

/** The updates [groups, count, columns] of each index in int32 `indices` [groups, count], combined: [groups, size, columns]. */
export function segmentReduce(
  updates: Node,
  indices: Node,
  size: number,
  operation: SegmentOperation,
  outOfRange: "clamp" | "drop",
): Node {
  const keys: KeyOptions = { extent: size, outOfRange };
  const order = rowOrder(indices, keys);
  const offsets = segmentOffsets(indices, order, size, keys);
  return record(segmentReducePrimitive, [updates, order, offsets], { operation });
}
