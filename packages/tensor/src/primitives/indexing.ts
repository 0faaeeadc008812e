/** @file Reading and adding at computed positions. Negative positions count from the end; others are clamped into range. */
import { ShapeError } from "../graph/errors.ts";
import { type Attrs, type Node, type Primitive, type RefArray, record } from "../graph/node.ts";
import { stridesOf, typeText } from "../graph/shape.ts";
import { add, maximum, minimum } from "./arithmetic.ts";
import { composite } from "./composite.ts";
import { matmul } from "./contraction.ts";
import { at, perInput, walkStrided } from "./factory.ts";
import { and, cast, equal, greaterEqual, less, where } from "./logic.ts";
import { reshape, transpose } from "./movement.ts";
import { checkIndices, emitWrapped, picking, spliced, wrapped } from "./pick.ts";
import { asRows, fromRows } from "./rows.ts";
import { reduceMasked, segmentReduce } from "./segment.ts";
import { constant, iota, number } from "./source.ts";

/** The position that `index` means, in nodes, as int32. */
function wrappedNode(index: Node, extent: number): Node {
  const position = cast(index, "int32");
  const zero = constant(0, "int32");
  const fromEnd = where(less(position, zero), add(position, number(extent, "int32")), position);
  return minimum(maximum(fromEnd, zero), number(extent - 1, "int32"));
}

export const takePrimitive: Primitive = /*#__PURE__*/ picking(
  "take",
  /*#__PURE__*/ perInput((g, [x, indices], _, attrs) => {
    const axis = attrs.axis as number;
    return scatterAdd(g, indices, axis, at(x.shape, axis), { gradient: true });
  }, null),
);

/** Elements of x along `axis` at `indices` (any rank), whose axes stand in the place of `axis`. */
export const take = (x: Node, indices: Node, axis: number): Node =>
  record(takePrimitive, [x, indices], { axis });

export const takeAlongAxisPrimitive: Primitive = {
  name: "takeAlongAxis",
  family: "indexing",
  shape: ([x, indices], attrs) => {
    const [source, positions] = [x as Node, indices as Node];
    const axis = attrs.axis as number;
    checkIndices("takeAlongAxis", source, positions, axis);
    const fits =
      source.shape.length === positions.shape.length &&
      source.shape.every((extent, i) => i === axis || extent === positions.shape[i]);
    if (fits) return positions.shape;
    throw new ShapeError("takeAlongAxis", "indices do not fit the tensor.", {
      received: `x ${typeText(source.dtype, source.shape)}, indices ${typeText(positions.dtype, positions.shape)}.`,
      expected: `equal shapes except along axis ${axis}.`,
      fix: "broadcast the indices, or use take.",
    });
  },
  dtype: (inputs) => at(inputs, 0).dtype,
  vjp: /*#__PURE__*/ perInput((g, [x, indices], _, attrs) => {
    const axis = attrs.axis as number;
    return scatterAddAlongAxis(g, indices, axis, at(x.shape, axis));
  }, null),
  reference: ([x, indices], attrs, { shape }) => {
    const [source, positions] = [x as RefArray, indices as RefArray];
    const axis = attrs.axis as number;
    const strides = stridesOf(source.shape);
    const stride = at(strides, axis);
    const out = new Float64Array(shape.size);
    walkStrided(shape, spliced(strides, axis, [0]), 0, (linear, offset) => {
      const position = wrapped(positions.data[linear] as number, at(source.shape, axis));
      out[linear] = source.data[offset + position * stride] as number;
    });
    return out;
  },
  decompose: null,
  at: (emit, node, index) => {
    const [x, indices] = [at(node.inputs, 0), at(node.inputs, 1)];
    const axis = node.attrs.axis as number;
    const raw = emit.value(indices, index);
    const signed = indices.dtype === "int32" ? raw : emit.op("cast", "int32", raw);
    const position = emit.valueIndex(emitWrapped(emit, signed, at(x.shape, axis)));
    return emit.value(x, spliced(index, axis, [position]));
  },
  stage: null,
};

/** x[.., indices[.., j, ..], ..]: indices of x's rank choose along `axis` at each other position. */
export const takeAlongAxis = (x: Node, indices: Node, axis: number): Node =>
  record(takeAlongAxisPrimitive, [x, indices], { axis });

/** What becomes of indices out of range: the nearest element takes them, or none. */
export type OutOfRange = "clamp" | "drop";

/**
 * Whether comparing every index with every place is less work than sorting (about 100 comparisons an index), or all that one kernel does
 * anyway.
 */
export const isSmallScatter = (count: number, size: number, columns: number): boolean =>
  count <= 8 || size <= 8 || size * columns <= 128 || count * size * columns <= 1 << 14;

/** Rows of a table up to which its gradient is a product with one-hot rows: the work grows with them. */
const smallTable = 64;

/**
 * Sums of updates [groups, count, columns] at indices [groups, count]: [groups, size, columns]. Work that is small or as good as that of a sum
 * compares positions in one kernel; the gradient of a small table is a product with one-hot rows (where a non-finite update, being multiplied by 0,
 * reaches all rows); else indices are sorted, once for all tables that share them, and segments summed.
 */
function sumByIndex(updates: Node, indices: Node, { size, outOfRange, gradient }: Attrs): Node {
  const [groups, count, columns] = updates.shape as unknown as [number, number, number];
  const extent = size as number;
  const range = outOfRange as OutOfRange;
  const isSmall = isSmallScatter(count, extent, columns);
  if (!isSmall && gradient && groups === 1 && extent <= smallTable && updates.dtype === "float32") {
    const rows = oneHot(positionsOf(indices, extent, range), 2, extent, "float32");
    return matmul(rows, updates, { transposeA: true });
  }
  if (!isSmall) return segmentReduce(updates, cast(indices, "int32"), extent, "sum", range);
  const positions = reshape(positionsOf(indices, extent, range), [groups, 1, count]);
  return reduceMasked(updates, equal(positions, iota([1, extent, 1], 1, "int32")), "sum");
}

/** int32 positions; dropped ones are in no place. */
const positionsOf = (indices: Node, size: number, range: OutOfRange): Node =>
  range === "drop" ? cast(indices, "int32") : wrappedNode(indices, size);

/** `x` where the index is in range, zeros for the dropped. */
export function keptOnly(x: Node, indices: Node, axis: number, { size, outOfRange }: Attrs): Node {
  if (outOfRange !== "drop") return x;
  const positions = cast(indices, "int32");
  const isIn = and(
    greaterEqual(positions, constant(0, "int32")),
    less(positions, number(size as number, "int32")),
  );
  const behind = x.shape.length - axis - indices.shape.length;
  const spread = reshape(isIn, [...indices.shape, ...Array<number>(behind).fill(1)]);
  return where(spread, x, constant(0, x.dtype));
}

/** The reverse of take: inputs updates and indices, attributes axis, size, outOfRange and gradient. */
export const scatterAddPrimitive: Primitive = /*#__PURE__*/ composite("scatterAdd", {
  shape: ([updates, indices], attrs) => {
    const shape = (updates as Node).shape;
    const axis = attrs.axis as number;
    return [
      ...shape.slice(0, axis),
      attrs.size as number,
      ...shape.slice(axis + (indices as Node).shape.length),
    ];
  },
  dtype: (inputs) => at(inputs, 0).dtype,
  decompose: (inputs, attrs) => {
    const [updates, indices] = [at(inputs, 0), at(inputs, 1)];
    const axis = attrs.axis as number;
    const [count, size] = [indices.shape.size, attrs.size as number];
    const before = updates.shape.slice(0, axis);
    const behind = updates.shape.slice(axis + indices.shape.length);
    const [outer, inner] = [sizeOf(before), sizeOf(behind)];
    const rows = transpose(reshape(updates, [outer, count, inner]), [1, 0, 2]);
    const flat = reshape(rows, [1, count, outer * inner]);
    const sums = reshape(sumByIndex(flat, reshape(indices, [1, count]), attrs), [size, outer, inner]);
    return reshape(transpose(sums, [1, 0, 2]), [...before, size, ...behind]);
  },
  vjp: /*#__PURE__*/ perInput((g, [, indices], _, attrs) => {
    const axis = attrs.axis as number;
    return keptOnly(take(g, indices, axis), indices, axis, attrs);
  }, null),
  reference: ([updates, indices], attrs, { shape }) => {
    const [values, positions] = [updates as RefArray, indices as RefArray];
    const size = attrs.size as number;
    const inner = sizeOf(shape.slice((attrs.axis as number) + 1));
    const count = positions.shape.size;
    const out = new Float64Array(shape.size);
    for (const [i, value] of values.data.entries()) {
      const row = Math.floor(i / inner);
      const index = positions.data[row % count] as number;
      if (attrs.outOfRange === "drop" && (index < 0 || index >= size)) continue;
      const target = (Math.floor(row / count) * size + wrapped(index, size)) * inner + (i % inner);
      out[target] = (out[target] as number) + value;
    }
    return out;
  },
});

const sizeOf = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);

export interface ScatterOptions {
  readonly outOfRange?: OutOfRange;
  /** The sums are a gradient: see `sumByIndex`. */
  readonly gradient?: boolean;
}

/** Sums of `updates` at `indices` into zeros with extent `size` along `axis`. */
export function scatterAdd(
  updates: Node,
  indices: Node,
  axis: number,
  size: number,
  { outOfRange = "clamp", gradient = false }: ScatterOptions = {},
): Node {
  return record(scatterAddPrimitive, [updates, indices], { axis, size, outOfRange, gradient });
}

/** The reverse of takeAlongAxis. */
export const scatterAddAlongAxisPrimitive: Primitive = /*#__PURE__*/ composite("scatterAddAlongAxis", {
  shape: (inputs, attrs) => spliced(at(inputs, 0).shape, attrs.axis as number, [attrs.size as number]),
  dtype: (inputs) => at(inputs, 0).dtype,
  decompose: ([updates, indices], attrs) => {
    const [values, axis] = [updates as Node, attrs.axis as number];
    const rows = asRows(values, axis);
    const positions = asRows(indices as Node, axis);
    const sums = sumByIndex(reshape(rows, [...rows.shape, 1]), positions, { ...attrs, outOfRange: "clamp" });
    return fromRows(reshape(sums, [at(rows.shape, 0), attrs.size as number]), values.shape, axis);
  },
  vjp: /*#__PURE__*/ perInput(
    (g, [, indices], _, attrs) => takeAlongAxis(g, indices, attrs.axis as number),
    null,
  ),
});

export const scatterAddAlongAxis = (updates: Node, indices: Node, axis: number, size: number): Node =>
  record(scatterAddAlongAxisPrimitive, [updates, indices], { axis, size });

/** True at the index along a new axis `axis` of extent `size`, as dtype; indices out of range give zeros. */
export function oneHot(indices: Node, axis: number, size: number, dtype: Node["dtype"]): Node {
  const shape = [...indices.shape.slice(0, axis), 1, ...indices.shape.slice(axis)];
  const positions = iota(
    shape.map((_, i) => (i === axis ? size : 1)),
    axis,
    "int32",
  );
  return cast(equal(reshape(cast(indices, "int32"), shape), positions), dtype);
}
