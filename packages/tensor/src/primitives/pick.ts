/** @file Reading at computed positions. Negative positions count from the end; others are clamped into range. */
import { DtypeError, ShapeError } from "../graph/errors.ts";
import {
  type Emitter,
  type Node,
  type Primitive,
  type RefArray,
  record,
  type ScalarValue,
} from "../graph/node.ts";
import { at, dtypeSets, typesText } from "./factory.ts";

/** Position 0 <= p < extent meant by `index`. */
export const wrapped = (index: number, extent: number): number =>
  Math.min(Math.max(index < 0 ? index + extent : index, 0), extent - 1);

/** The same in scalar code. The extent is a param. */
export function emitWrapped(emit: Emitter, index: ScalarValue, extent: number): ScalarValue {
  const zero = emit.literal(0, "int32");
  const length = emit.number(extent, "int32");
  const isNegative = emit.op("lt", "bool", index, zero);
  const fromEnd = emit.op("add", "int32", index, length);
  const chosen = emit.op("select", "int32", isNegative, fromEnd, index);
  const last = emit.op("sub", "int32", length, emit.literal(1, "int32"));
  return emit.op("min", "int32", emit.op("max", "int32", chosen, zero), last);
}

export function checkIndices(name: string, x: Node, indices: Node, axis: number): void {
  if (!dtypeSets.integer.some((dtype) => dtype === indices.dtype))
    throw new DtypeError(name, "indices must be integers.", {
      received: `${typesText([x, indices])}.`,
      expected: "indices of dtype int32 or uint32.",
      fix: 'convert with cast(indices, "int32").',
    });
  if (x.shape[axis] === 0 && indices.shape.size > 0)
    throw new ShapeError(name, `nothing to index: axis ${axis} is empty.`, {
      received: `${typesText([x, indices])}.`,
      expected: "an axis with at least one element.",
      fix: "check the tensor that is indexed.",
    });
}

/** Replaces the entry at `axis` by `entries`. */
export const spliced = <T>(values: readonly T[], axis: number, entries: readonly T[]): T[] => [
  ...values.slice(0, axis),
  ...entries,
  ...values.slice(axis + 1),
];

/** An operation that reads elements of its first input along attribute `axis` at the positions that the second one holds. */
export function picking(name: string, vjp: Primitive["vjp"]): Primitive {
  return {
    name,
    family: "indexing",
    shape: ([x, indices], attrs) => {
      const [source, positions] = [x as Node, indices as Node];
      const axis = attrs.axis as number;
      checkIndices("take", source, positions, axis);
      return spliced(source.shape, axis, positions.shape);
    },
    dtype: (inputs) => at(inputs, 0).dtype,
    vjp,
    reference: ([x, indices], attrs, { shape }) => {
      const [source, positions] = [x as RefArray, indices as RefArray];
      const axis = attrs.axis as number;
      const extent = at(source.shape, axis);
      const inner = source.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
      return Float64Array.from({ length: shape.size }, (_, i) => {
        const column = i % inner;
        const row = Math.floor(i / inner);
        const index = positions.data[row % positions.shape.size] as number;
        const outer = Math.floor(row / positions.shape.size);
        return source.data[(outer * extent + wrapped(index, extent)) * inner + column] as number;
      });
    },
    decompose: null,
    at: (emit, node, index) => {
      const [x, indices] = [at(node.inputs, 0), at(node.inputs, 1)];
      const axis = node.attrs.axis as number;
      const rank = indices.shape.length;
      const raw = emit.value(indices, index.slice(axis, axis + rank));
      const signed = indices.dtype === "int32" ? raw : emit.op("cast", "int32", raw);
      const position = emit.valueIndex(emitWrapped(emit, signed, at(x.shape, axis)));
      return emit.value(x, [...index.slice(0, axis), position, ...index.slice(axis + rank)]);
    },
    stage: null,
  };
}

/** Elements at positions, without a gradient: what a training step does to its data. `take` is the same with one. */
export const pickPrimitive: Primitive = /*#__PURE__*/ picking("pick", null);

export const pick = (x: Node, indices: Node, axis: number): Node =>
  record(pickPrimitive, [x, indices], { axis });
