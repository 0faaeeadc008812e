/** @file Host data: typed and nested arrays as leaves of the graph, and device bytes as arrays again. */
import type { Dtype } from "@tenrec/kernels";
import { DtypeError, ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { cast } from "../primitives/logic.ts";
import { dataNode } from "./leaf.ts";
import { type HostData, Memory } from "./memory.ts";

/** Nested arrays of numbers or booleans. */
export type NestedNumbers = number | boolean | readonly NestedNumbers[];

/** A plain record of host data with its shape, as data sets come. */
export interface HostArray {
  readonly data: HostData;
  readonly shape: readonly number[];
}

export function isHostArray(value: unknown): value is HostArray {
  return typeof value === "object" && value !== null && "data" in value && "shape" in value;
}

/** Copies are made of whole words. */
export const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4;

const arrayTypes = {
  float32: Float32Array,
  // Only devices have float16: it is uploaded and read as float32.
  float16: Float32Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint32Array,
  uint8: Uint8Array,
  int8: Int8Array,
} as const;

/** The elements in device bytes. */
export function view(dtype: Dtype, bytes: ArrayBuffer, size: number): HostData {
  const data = new arrayTypes[dtype](bytes, 0, size);
  return dtype === "bool" ? Uint8Array.from(data) : data;
}

/** Typed array of a dtype, in the layout of device memory. */
export function typed(dtype: Dtype, values: ArrayLike<number>): HostData {
  return new arrayTypes[dtype](values);
}

/** Elements as nested arrays. */
export function nest(data: HostData, shape: readonly number[], isBool: boolean): NestedNumbers {
  let next = 0;
  const build = (axis: number): NestedNumbers => {
    if (axis === shape.length) return isBool ? data[next++] !== 0 : (data[next++] as number);
    return Array.from({ length: shape[axis] as number }, () => build(axis + 1));
  };
  return build(0);
}

/** A leaf of host data, uploaded at first use. Bool data is widened to the device's 32-bit layout. */
export function hostNode(data: HostData, shape: readonly number[], dtype: Dtype = dtypeOf(data)): Node {
  const extents = shapeOf(shape);
  if (extents.size !== data.length) {
    throw new ShapeError("tensor", "the data does not fill the shape.", {
      received: `${data.length} values, shape [${extents.join()}] (${extents.size} elements).`,
      expected: "as many values as the shape has elements.",
      fix: "check the shape, or leave it out for a flat tensor.",
    });
  }
  if (dtype === "float16") return cast(hostNode(data, shape, "float32"), dtype);
  const copy = typed(dtype, data);
  const bytes = padded(copy.byteLength);
  const host = copy.byteLength === bytes ? copy : padBytes(copy, bytes);
  return dataNode(extents, dtype, new Memory(bytes, null, 0, host));
}

function padBytes(data: HostData, bytes: number): HostData {
  const out = new Uint8Array(bytes);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return data instanceof Int8Array ? new Int8Array(out.buffer) : out;
}

export function dtypeOf(data: HostData): Dtype {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint32Array) return "uint32";
  if (data instanceof Uint8Array) return "uint8";
  if (data instanceof Int8Array) return "int8";
  throw new DtypeError("tensor", "unsupported array type.", {
    received: Object.prototype.toString.call(data),
    expected: "Float32Array, Int32Array, Uint32Array, Uint8Array or Int8Array.",
    fix: "convert it, for example Float32Array.from(data).",
  });
}

/** A leaf of nested arrays: float32, or bool where all elements are booleans. */
export function nestedNode(value: NestedNumbers, shape?: readonly number[], dtype?: Dtype): Node {
  const nested = flattenNested(value);
  const isBool = nested.flat.length > 0 && nested.flat.every((item) => typeof item === "boolean");
  const target = dtype ?? (isBool ? "bool" : "float32");
  return hostNode(typed(target, nested.flat.map(Number)), shape ?? nested.shape, target);
}

/** Extents and elements of nested arrays; ragged ones are refused with the position. */
export function flattenNested(value: NestedNumbers): { shape: number[]; flat: (number | boolean)[] } {
  const shape: number[] = [];
  for (let level: NestedNumbers | undefined = value; Array.isArray(level); level = level[0])
    shape.push(level.length);
  const flat: (number | boolean)[] = [];
  const visit = (item: NestedNumbers, axis: number, path: string): void => {
    const isArray = Array.isArray(item);
    if (isArray !== axis < shape.length || (isArray && item.length !== shape[axis]))
      throw raggedError(item, axis, path, shape);
    if (isArray) for (const [i, part] of item.entries()) visit(part, axis + 1, `${path}[${i}]`);
    else flat.push(item as number | boolean);
  };
  visit(value, 0, "");
  return { shape, flat };
}

function raggedError(item: NestedNumbers, axis: number, path: string, shape: readonly number[]): Error {
  const found = Array.isArray(item)
    ? `an array of length ${item.length}`
    : (JSON.stringify(item) ?? String(item));
  const wanted = axis < shape.length ? `an array of length ${shape[axis]}` : "a number";
  return new ValueError("tensor", "the nested arrays are ragged.", {
    received: `${found} at ${path || "the top"}.`,
    expected: `${wanted} there, as in the first row.`,
    fix: "make all rows equally long.",
  });
}
