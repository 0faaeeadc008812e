/** @file Words whose unsigned order is that of numbers: NaN last, both zeros equal; indices wrapped and clamped or, out of range, last. */
import { indexKeys } from "@tenrec/kernels";
import {
  type Attrs,
  type Emitter,
  type Node,
  type Primitive,
  record,
  type ScalarValue,
} from "../graph/node.ts";
import { at, commonDtype, operandsAt } from "./factory.ts";

/** What the elements of a sequence stand for. */
export interface KeyOptions {
  /** Largest first; NaN, larger than all, then comes first. */
  readonly descending?: boolean;
  /** int32 elements are indices of `extent` elements: `clamp` counts negative ones from the end and clamps, `drop` puts those out of range last. */
  readonly extent?: number;
  readonly outOfRange?: "clamp" | "drop";
}

/** The same as attributes. */
export const keyAttrs = ({ descending = false, extent = 0, outOfRange }: KeyOptions): Attrs => ({
  descending,
  extent,
  indices: outOfRange ? indexKeys[outOfRange] : indexKeys.none,
});

/** The position that an index means; `extent` itself for a dropped one. */
export function indexPosition(index: number, extent: number, indices: number): number {
  if (indices === indexKeys.clamp)
    return Math.min(Math.max(index < 0 ? index + extent : index, 0), extent - 1);
  return indices === indexKeys.drop && (index < 0 || index >= extent) ? extent : index;
}

const word = new DataView(new ArrayBuffer(4));

/** The key of one number. */
export function keyOf(x: number, dtype: Node["dtype"], attrs: Attrs): number {
  const flip = attrs.descending ? 0xffffffff : 0;
  if (dtype === "uint32") return (x ^ flip) >>> 0;
  if (dtype === "int32")
    return (indexPosition(x, attrs.extent as number, attrs.indices as number) ^ 0x80000000 ^ flip) >>> 0;
  word.setFloat32(0, x);
  const bits = word.getUint32(0);
  if (Number.isNaN(x)) return (0xffffffff ^ flip) >>> 0;
  if (x === 0) return (0x80000000 ^ flip) >>> 0;
  return ((bits >>> 31 ? ~bits : bits | 0x80000000) ^ flip) >>> 0;
}

/** An int32 scalar as the position it means. */
function emitIndex(emit: Emitter, value: ScalarValue, { extent, indices }: Attrs): ScalarValue {
  if (indices === indexKeys.none) return value;
  const zero = emit.literal(0, "int32");
  const length = emit.number(extent as number, "int32");
  const isNegative = emit.op("lt", "bool", value, zero);
  if (indices === indexKeys.drop) {
    const isOut = emit.op("or", "bool", isNegative, emit.op("ge", "bool", value, length));
    return emit.op("select", "int32", isOut, length, value);
  }
  const chosen = emit.op("select", "int32", isNegative, emit.op("add", "int32", value, length), value);
  const last = emit.op("sub", "int32", length, emit.literal(1, "int32"));
  return emit.op("min", "int32", emit.op("max", "int32", chosen, zero), last);
}

function emitFloatImage(emit: Emitter, value: ScalarValue): ScalarValue {
  const literal = (number: number): ScalarValue => emit.literal(number, "uint32");
  const bits = emit.op("bitcast", "uint32", value);
  const magnitude = emit.op("and", "uint32", bits, literal(0x7fffffff));
  const isNegative = emit.op("ge", "bool", bits, literal(0x80000000));
  const positive = emit.op("or", "uint32", bits, literal(0x80000000));
  const image = emit.op("select", "uint32", isNegative, emit.op("not", "uint32", bits), positive);
  const isNan = emit.op("gt", "bool", magnitude, literal(0x7f800000));
  const numbers = emit.op("select", "uint32", isNan, literal(0xffffffff), image);
  const isZero = emit.op("eq", "bool", magnitude, literal(0));
  return emit.op("select", "uint32", isZero, literal(0x80000000), numbers);
}

/** The key of a scalar of `dtype` in scalar code. */
export function emitKey(emit: Emitter, value: ScalarValue, dtype: Node["dtype"], attrs: Attrs): ScalarValue {
  const image = (): ScalarValue => {
    if (dtype === "float32") return emitFloatImage(emit, value);
    if (dtype === "uint32") return value;
    const position = emit.op("bitcast", "uint32", emitIndex(emit, value, attrs));
    return emit.op("xor", "uint32", position, emit.literal(0x80000000, "uint32"));
  };
  return attrs.descending ? emit.op("not", "uint32", image()) : image();
}

export const orderKeyPrimitive: Primitive = {
  name: "orderKey",
  family: "elementwise",
  shape: (inputs) => at(inputs, 0).shape,
  dtype: (inputs) => {
    commonDtype("orderKey", inputs, "number");
    return "uint32";
  },
  vjp: null,
  reference: ([x], attrs) => {
    const { data, dtype } = x as NonNullable<typeof x>;
    return data.map((value) => keyOf(value, dtype, attrs));
  },
  decompose: null,
  at: (emit, node, index) =>
    emitKey(emit, at(operandsAt(emit, node, index), 0), at(node.inputs, 0).dtype, node.attrs),
  stage: null,
};

/** Words (uint32) whose order is that of the elements. */
export const orderKey = (x: Node, options: KeyOptions): Node =>
  record(orderKeyPrimitive, [x], keyAttrs(options));
