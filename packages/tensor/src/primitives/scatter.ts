/** @file Extremes and products of segments, and which of several updates of one place is the last. Indices out of range are dropped. */
import { type Attrs, type Node, type Primitive, type RefArray, record } from "../graph/node.ts";
import { div, maximum, mul, sub } from "./arithmetic.ts";
import { composite, vjpByDecomposition } from "./composite.ts";
import { at, commonDtype } from "./factory.ts";
import { identityOf } from "./identity.ts";
import { isSmallScatter, keptOnly, scatterAdd, take } from "./indexing.ts";
import { cast, equal, greater, where } from "./logic.ts";
import { reshape, sliceAxis } from "./movement.ts";
import { rowOrder } from "./order.ts";
import type { KeyOptions } from "./orderKey.ts";
import { max } from "./reduce.ts";
import { reduceMasked, type SegmentOperation, segmentOffsets, segmentReduce } from "./segment.ts";
import { constant, iota } from "./source.ts";

const drop = "drop";

/** 1 where element t has index s: [1, size, count]. */
const hitsOf = (indices: Node, size: number): Node =>
  equal(reshape(cast(indices, "int32"), [1, 1, indices.shape.size]), iota([1, size, 1], 1, "int32"));

function masked(inputs: readonly Node[], attrs: Attrs): Node {
  const [x, indices] = [at(inputs, 0), at(inputs, 1)];
  const [size, operation] = [attrs.size as number, attrs.operation as SegmentOperation];
  const reduced = reduceMasked(reshape(x, [1, ...x.shape]), hitsOf(indices, size), operation);
  return reshape(reduced, [size, at(x.shape, 1)]);
}

function decompose(inputs: readonly Node[], attrs: Attrs): Node {
  const [x, indices] = [at(inputs, 0), at(inputs, 1)];
  const [count, columns] = x.shape as unknown as [number, number];
  const [size, operation] = [attrs.size as number, attrs.operation as SegmentOperation];
  if (isSmallScatter(count, size, columns)) return masked(inputs, attrs);
  const positions = reshape(cast(indices, "int32"), [1, count]);
  const reduced = segmentReduce(reshape(x, [1, count, columns]), positions, size, operation, drop);
  return reshape(reduced, [size, columns]);
}

function reference([x, indices]: readonly RefArray[], attrs: Attrs): Float64Array {
  const { data, shape, dtype } = x as RefArray;
  const columns = at(shape, 1);
  const [size, operation] = [attrs.size as number, attrs.operation as SegmentOperation];
  const multiply = dtype === "float32" ? (a: number, b: number) => a * b : Math.imul;
  const combine = { sum: (a: number, b: number) => a + b, prod: multiply, max: Math.max, min: Math.min };
  const out = new Float64Array(size * columns).fill(identityOf(operation, dtype));
  for (const [i, value] of data.entries()) {
    const index = (indices as RefArray).data[Math.floor(i / columns)] as number;
    const place = index * columns + (i % columns);
    if (index >= 0 && index < size) out[place] = combine[operation](out[place] as number, value);
  }
  return out;
}

/**
 * x [count, columns] combined by int32 indices [count]: [size, columns]; attributes size and operation. The best elements of a segment share its
 * gradient, as in `max`; that of products is the decomposition's, exact where elements are 0.
 */
export const segmentPrimitive: Primitive = /*#__PURE__*/ composite("segment", {
  shape: (inputs, attrs) => [attrs.size as number, at(at(inputs, 0).shape, 1)],
  dtype: (inputs) => commonDtype("segment", inputs.slice(0, 1), "number"),
  decompose,
  reference,
  vjp: (context) => {
    const { attrs, cotangent, inputs, output, wants } = context;
    if (attrs.operation === "prod") return vjpByDecomposition(masked)(context);
    const [x, indices] = [at(inputs, 0), at(inputs, 1)];
    if (!wants[0]) return [null, null];
    const range = { ...attrs, outOfRange: drop };
    const isBest = keptOnly(cast(equal(x, take(output, indices, 0)), x.dtype), indices, 0, range);
    const count = scatterAdd(isBest, indices, 0, attrs.size as number, { outOfRange: drop });
    const share = div(cotangent, maximum(count, constant(1, x.dtype)));
    return [mul(isBest, take(share, indices, 0)), null];
  },
});

/** Products, largest or smallest values by index. */
export const segment = (x: Node, indices: Node, size: number, operation: "prod" | "max" | "min"): Node =>
  record(segmentPrimitive, [x, indices], { size, operation });

/** For each of `size` places the last t with indices[t] at it, or -1: int32 [size]. */
export function lastAt(indices: Node, size: number): Node {
  const count = indices.shape.size;
  const none = constant(-1, "int32");
  if (isSmallScatter(count, size, 1)) {
    const places = where(hitsOf(indices, size), iota([1, 1, count], 2, "int32"), none);
    return reshape(max(places, [2]), [size]);
  }
  const keys: KeyOptions = { extent: size, outOfRange: drop };
  const rows = reshape(cast(indices, "int32"), [1, count]);
  const order = rowOrder(rows, keys);
  const offsets = reshape(segmentOffsets(rows, order, size, keys), [size + 1]);
  const [begin, end] = [sliceAxis(offsets, 0, 0, size), sliceAxis(offsets, 0, 1, size + 1)];
  const last = take(reshape(order, [count]), sub(end, constant(1, "int32")), 0);
  return where(greater(end, begin), last, none);
}
