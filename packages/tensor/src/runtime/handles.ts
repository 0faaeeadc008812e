/** @file Tensor, the user's handle on a node, and the conversion of everything tensor-like to nodes. */
import type { Dtype } from "@tenrec/kernels";
import { DisposedError, DtypeError, ShapeError, ValueError } from "../graph/errors.ts";
import { type Node, release } from "../graph/node.ts";
import { type Shape, shapeOf, typeText } from "../graph/shape.ts";
import { fill } from "../primitives/source.ts";
import { flush, pendingLimit, touch } from "./flush.ts";
import { dataNode, ScalarNode } from "./leaf.ts";
import { type Block, type HostData, Memory } from "./memory.ts";
import { recording } from "./recording.ts";
import { openRuntime, type Runtime, ready } from "./runtime.ts";
import { escaped, isHandleFree, scopes, type Trace } from "./scope.ts";
import { chunkRoots, periodicCut } from "./threshold.ts";

/** Nested arrays of numbers or booleans. */
export type NestedNumbers = number | boolean | readonly NestedNumbers[];

/** A plain record of host data with its shape, as data sets come. */
export interface HostArray {
  readonly data: HostData;
  readonly shape: readonly number[];
}

/** Everything that operations take where they expect a tensor. */
export type TensorLike = TensorBase | NestedNumbers | HostData | HostArray;

/** The part of a tensor that everything below the methods needs; `Tensor` (tensor.ts) adds the operations. */
export abstract class TensorBase {
  readonly #trace: Trace | null = scopes.trace;
  #held = false;
  #disposed = false;

  /** The value in the graph, whether or not this handle may still be used. */
  protected abstract value(): Node;

  /**
   * The value in the graph. For a Variable, its newest one.
   *
   * @throws DisposedError after `dispose()`; EscapedTensor outside of the trace that made this tensor.
   */
  get node(): Node {
    if (this.#disposed) throw new DisposedError("tensor", "used after dispose().", goneParts);
    if (this.#trace && !this.#trace.open) throw escaped(this.#trace);
    return this.value();
  }

  /** Counts this handle as the user's: small values are stored when computed, unread ones when variables are flushed. */
  hold(): this {
    if (this.#held || this.#trace || isHandleFree()) return this;
    this.#held = true;
    scopes.tidy?.add(this);
    holdNode(this.value());
    return this;
  }

  /** Extents, outermost first. */
  get shape(): Shape {
    return this.node.shape;
  }
  get dtype(): Dtype {
    return this.node.dtype;
  }
  /** Number of axes. */
  get ndim(): number {
    return this.node.shape.length;
  }
  /** Number of elements. */
  get size(): number {
    return this.node.shape.size;
  }

  /**
   * The elements in row-major order, as a typed array of the dtype (bool: Uint8Array of 0 and 1).
   *
   * @throws DeviceError if the device failed; StaleTensor if the value depends on a recycled version of a variable.
   */
  async data(): Promise<HostData> {
    return readNode(this.node);
  }

  /** The elements as nested arrays of numbers (a number for rank 0). */
  async array(): Promise<NestedNumbers> {
    const { shape, dtype } = this;
    return nest(await this.data(), shape, dtype === "bool");
  }

  /** The single element of a tensor of size 1. */
  async item(): Promise<number> {
    if (this.size !== 1) {
      throw new ShapeError("item", "the tensor has not exactly one element.", {
        received: `${typeText(this.dtype, this.shape)}.`,
        expected: "a tensor of size 1.",
        fix: "reduce it (mean, sum, max) or use array().",
      });
    }
    return (await this.data())[0] as number;
  }

  /** `float32[2,3]`, without reading the values. */
  toString(): string {
    return `Tensor ${typeText(this.dtype, this.shape)}`;
  }

  /** Prints type and values on the console. */
  async print(): Promise<void> {
    console.log(`${this} ${JSON.stringify(await this.array())}`);
  }

  /** Gives the value's memory back now instead of when GC finds it. Using the tensor afterwards throws DisposedError. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#held) dropHandle(this.value());
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function holdNode(node: Node): void {
  node.handles++;
  if (node.stored || node instanceof ScalarNode) return;
  recording.handles.push(node);
  if (recording.handles.length > pendingLimit) flushPending();
}

/** One handle less; with the last reader a value's memory goes back at once. */
function dropHandle(node: Node): void {
  node.handles--;
  letGo(node);
}

function letGo(node: Node): void {
  if (node.handles > 0 || node.uses > 0) return;
  const memory = node.stored as Memory | null;
  if (memory) memory.free();
  else release(node);
}

export async function readNode(node: Node): Promise<HostData> {
  const [data] = await readNodes([node]);
  return data as HostData;
}

/**
 * Reads several values with one flush. With an open device the read is queued before this returns, so nothing that comes later in the
 * program changes it; until there is a device, the values are held.
 */
export function readNodes(nodes: readonly Node[]): Promise<HostData[]> {
  for (const node of nodes) node.uses++;
  const runtime = openRuntime();
  return runtime ? queueReads(runtime, nodes) : ready().then((opened) => queueReads(opened, nodes));
}

function queueReads(runtime: Runtime, nodes: readonly Node[]): Promise<HostData[]> {
  try {
    const pending = nodes.filter((node) => !node.stored && !(node instanceof ScalarNode));
    if (pending.length > 0) flush(runtime, pending);
    return Promise.all(nodes.map((node) => readStored(runtime, node)));
  } catch (error) {
    return Promise.reject(error);
  } finally {
    for (const node of nodes) {
      node.uses--;
      letGo(node);
    }
  }
}

async function readStored(runtime: Runtime, node: Node): Promise<HostData> {
  if (node instanceof ScalarNode)
    return view(node.dtype, typed(node.dtype, [node.value]).buffer as ArrayBuffer, 1);
  const memory = node.stored as Memory;
  if (memory.host) return view(node.dtype, memory.host.slice().buffer as ArrayBuffer, node.shape.size);
  const { block, offset, bytes } = runtime.resident(memory);
  return view(
    node.dtype,
    await runtime.device.read((block as Block).buffer, offset, padded(bytes)),
    node.shape.size,
  );
}

const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4;

const goneParts = {
  received: "a tensor whose memory was given back.",
  expected: "a tensor that is still alive.",
  fix: "read it before dispose(), or return it from tidy.",
};

const arrayTypes = {
  float32: Float32Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint32Array,
  uint8: Uint8Array,
  int8: Int8Array,
} as const;

function view(dtype: Dtype, bytes: ArrayBuffer, size: number): HostData {
  const data = new arrayTypes[dtype](bytes, 0, size);
  return dtype === "bool" ? Uint8Array.from(data) : data;
}

/** Typed array of a dtype, in the layout of device memory. */
export function typed(dtype: Dtype, values: ArrayLike<number>): HostData {
  return new arrayTypes[dtype](values);
}

function nest(data: HostData, shape: readonly number[], isBool: boolean): NestedNumbers {
  let next = 0;
  const build = (axis: number): NestedNumbers => {
    if (axis === shape.length) return isBool ? data[next++] !== 0 : (data[next++] as number);
    return Array.from({ length: shape[axis] as number }, () => build(axis + 1));
  };
  return build(0);
}

export const isTensor = (value: unknown): value is TensorBase => value instanceof TensorBase;

/** A program with thousands of results would be as slow to compile as it is useless to keep. */
const rootsPerProgram = 256;

/** A long run of pending values is evaluated in chunks; before a device is open it only grows. */
function flushPending(): void {
  const runtime = openRuntime();
  if (!runtime) return;
  const { handles } = recording;
  const cut = periodicCut(handles);
  const rest = handles.slice(cut);
  const roots = chunkRoots(handles.slice(0, cut), rest);
  for (let i = 0; i < roots.length; i += rootsPerProgram) flush(runtime, roots.slice(i, i + rootsPerProgram));
  recording.handles = rest;
}

/** The node of a handle that becomes an operand. */
export function useNode({ node }: TensorBase): Node {
  touch(node);
  return node;
}

/**
 * Node of a tensor-like value. A number takes `like`'s dtype (a fraction with an integer `like` makes float32); nested numbers are
 * float32 (booleans bool); typed arrays keep their type.
 */
export function toNode(value: TensorLike, like?: Dtype): Node {
  if (value instanceof TensorBase) return useNode(value);
  if (typeof value === "number" || typeof value === "boolean") return numberNode(value, like);
  if (ArrayBuffer.isView(value)) return hostNode(value as HostData, [(value as HostData).length]);
  if (isHostArray(value)) return hostNode(value.data, value.shape);
  return nestedNode(value as readonly NestedNumbers[]);
}

export function isHostArray(value: unknown): value is HostArray {
  return typeof value === "object" && value !== null && "data" in value && "shape" in value;
}

function numberNode(value: number | boolean, like?: Dtype): Node {
  const dtype = scalarDtype(value, like);
  // Inside the library and in traces numbers are structure; a user's number is data, so that a schedule of rates is one program.
  if (isHandleFree() || scopes.trace) return fill(Number(value), [], dtype);
  return new ScalarNode(Number(value), dtype);
}

function scalarDtype(value: number | boolean, like?: Dtype): Dtype {
  if (typeof value === "boolean") return like ?? "bool";
  if (!like) return "float32";
  if (like === "float32" || !Number.isInteger(value)) return "float32";
  return like === "bool" ? "int32" : like;
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

function nestedNode(value: readonly NestedNumbers[], dtype?: Dtype): Node {
  const { shape, flat } = flattenNested(value);
  const isBool = flat.length > 0 && flat.every((item) => typeof item === "boolean");
  const target = dtype ?? (isBool ? "bool" : "float32");
  return hostNode(typed(target, flat.map(Number)), shape, target);
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

/** Dtype-checked creation for `tensor(value, options)`. */
export function createNode(
  value: TensorLike,
  shape: readonly number[] | undefined,
  dtype: Dtype | undefined,
): Node {
  if (value instanceof TensorBase) return useNode(value);
  if (ArrayBuffer.isView(value))
    return hostNode(value as HostData, shape ?? [(value as HostData).length], dtype);
  if (isHostArray(value)) return hostNode(value.data, shape ?? value.shape, dtype);
  const nested = flattenNested(value as NestedNumbers);
  const isBool = nested.flat.length > 0 && nested.flat.every((item) => typeof item === "boolean");
  const target = dtype ?? (isBool ? "bool" : "float32");
  return hostNode(typed(target, nested.flat.map(Number)), shape ?? nested.shape, target);
}
