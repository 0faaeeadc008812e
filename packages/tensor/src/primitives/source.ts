/** @file Sources: constants, positions and random bits. Nothing is stored for them. */
import type { Dtype } from "@tenrec/kernels";
import { ValueError } from "../graph/errors.ts";
import {
  type Attrs,
  type Emitter,
  type IndexTerm,
  type Node,
  type Primitive,
  record,
} from "../graph/node.ts";
import { shapeOf, stridesOf } from "../graph/shape.ts";
import { at, commonDtype, list } from "./factory.ts";
import { threefry2x32 } from "./threefry.ts";

const attrShape = (_: readonly Node[], attrs: Attrs): readonly number[] => list(attrs.shape);
const attrDtype = (_: readonly Node[], attrs: Attrs): Dtype => attrs.dtype as Dtype;

/** Values written into generated code as literals, for they are structure; any other number is a param word. */
const literals: readonly number[] = [0, 1, 2, -1, 0.5];

/** Whether a number is written into code; -0 and the non-finite never are. */
export const isLiteral = (value: number): boolean => literals.includes(value) && !Object.is(value, -0);

export const fillPrimitive: Primitive = {
  name: "fill",
  family: "source",
  shape: attrShape,
  dtype: attrDtype,
  vjp: null,
  reference: (_, attrs, { shape }) => new Float64Array(shape.size).fill(attrs.value as number),
  decompose: null,
  at: (emit, node) => {
    const value = node.attrs.value as number;
    return node.attrs.structural ? emit.literal(value, node.dtype) : emit.number(value, node.dtype);
  },
  stage: null,
};

/**
 * One value everywhere. `structural: true` makes it a literal of the code (the default for 0, 1, 2, -1 and 0.5); give `false` for a
 * number that comes from an extent, so that another batch size compiles nothing.
 */
export function fill(
  value: number,
  shape: readonly number[],
  dtype: Dtype,
  structural: boolean = isLiteral(value),
): Node {
  return record(fillPrimitive, [], { value, shape: shapeOf(shape), dtype, structural });
}

/** A constant of rank 0, which broadcasts. */
export const constant = (value: number, dtype: Dtype = "float32"): Node => fill(value, [], dtype);

/** A constant of rank 0 that comes from an extent: never a literal. */
export const number = (value: number, dtype: Dtype = "float32"): Node => fill(value, [], dtype, false);

export const iotaPrimitive: Primitive = {
  name: "iota",
  family: "source",
  shape: attrShape,
  dtype: attrDtype,
  vjp: null,
  reference: (_, attrs, { shape }) => {
    const axis = attrs.axis as number;
    const stride = at(stridesOf(shape), axis);
    return Float64Array.from({ length: shape.size }, (_, i) => Math.floor(i / stride) % at(shape, axis));
  },
  decompose: null,
  at: (emit, node, index) => {
    const position = emit.indexValue(at(index, node.attrs.axis as number));
    return node.dtype === "int32" ? position : emit.op("cast", node.dtype, position);
  },
  stage: null,
};

/** Positions 0, 1, 2, ... along `axis`. */
export function iota(shape: readonly number[], axis: number, dtype: Dtype): Node {
  return record(iotaPrimitive, [], { shape: shapeOf(shape), axis, dtype });
}

/** Row-major linear index as a uint32. */
function linearIndex(emit: Emitter, node: Node, index: readonly IndexTerm[]): number {
  const strides = stridesOf(node.shape);
  const linear = index.reduce(
    (sum, term, axis) => emit.add(sum, emit.scale(term, at(strides, axis))),
    emit.constantIndex(0),
  );
  return emit.op("cast", "uint32", emit.indexValue(linear));
}

/** The two uint32 scalars of a key. */
function keyDtype(name: string, inputs: readonly Node[]): Dtype {
  const dtype = commonDtype(name, inputs, "integer");
  if (dtype === "uint32" && inputs.every((input) => input.shape.length === 0)) return dtype;
  throw new ValueError(name, "a key is two uint32 scalars.", {
    received: inputs.map((input) => `${input.dtype}[${input.shape.join()}]`).join(", "),
    expected: "uint32[] and uint32[].",
    fix: "pass an integer seed or a SeedGenerator.",
  });
}

export const randomBitsPrimitive: Primitive = {
  name: "randomBits",
  family: "source",
  shape: attrShape,
  dtype: (inputs) => keyDtype("randomBits", inputs),
  vjp: null,
  reference: ([key0, key1], _, { shape }) => {
    const key = [key0?.data[0] ?? 0, key1?.data[0] ?? 0] as const;
    return Float64Array.from({ length: shape.size }, (_, i) => {
      const [first, second] = threefry2x32(key[0], key[1], Math.floor(i / 2 ** 32), i >>> 0);
      return (first ^ second) >>> 0;
    });
  },
  decompose: null,
  at: (emit, node, index) => {
    const key = node.inputs.map((input) => emit.value(input, []));
    // The counter is the 64-bit linear index; buffers end long before its high word is 1.
    const counter = [emit.literal(0, "uint32"), linearIndex(emit, node, index)];
    const first = emit.op("threefry0", "uint32", ...key, ...counter);
    return emit.op("xor", "uint32", first, emit.op("threefry1", "uint32", ...key, ...counter));
  },
  stage: null,
};

/** 32 random bits per element: JAX's partitionable Threefry 2x32-20 of the key (two uint32 scalars). */
export function randomBits(key0: Node, key1: Node, shape: readonly number[]): Node {
  return record(randomBitsPrimitive, [key0, key1], { shape: shapeOf(shape) });
}

export const randomSplitPrimitive: Primitive = {
  name: "randomSplit",
  family: "source",
  shape: attrShape,
  dtype: (inputs) => keyDtype("randomSplit", inputs),
  vjp: null,
  reference: ([key0, key1], _, { shape }) =>
    Float64Array.from({ length: shape.size }, (_, i) =>
      at(threefry2x32(key0?.data[0] ?? 0, key1?.data[0] ?? 0, 0, i >> 1), i & 1),
    ),
  decompose: null,
  at: (emit, node, index) => {
    const key = node.inputs.map((input) => emit.value(input, []));
    const counter = emit.op("cast", "uint32", emit.indexValue(at(index, 0)));
    const words = ["threefry0", "threefry1"].map((name) =>
      emit.op(name, "uint32", ...key, emit.literal(0, "uint32"), counter),
    );
    const isFirst = emit.op("eq", "bool", emit.indexValue(at(index, 1)), emit.literal(0, "int32"));
    return emit.op("select", "uint32", isFirst, at(words, 0), at(words, 1));
  },
  stage: null,
};

/** `count` new keys as uint32[count, 2], equal to `jax.random.split`. */
export function randomSplit(key0: Node, key1: Node, count: number): Node {
  return record(randomSplitPrimitive, [key0, key1], { shape: shapeOf([count, 2]) });
}
