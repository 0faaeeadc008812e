/** @file Tensor, the user's handle on a node, and the conversion of everything tensor-like to nodes. */
import type { Dtype } from "@tenrec/kernels";
import { DisposedError, ShapeError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { type Shape, typeText } from "../graph/shape.ts";
import { fill } from "../primitives/source.ts";
import { type HostArray, hostNode, isHostArray, type NestedNumbers, nest, nestedNode } from "./host.ts";
import { ScalarNode } from "./leaf.ts";
import { type HostData, letGo } from "./memory.ts";
import { awaitValue, touch } from "./pending.ts";
import { readNode } from "./read.ts";
import { escaped, isHandleFree, scopes, type Trace } from "./scope.ts";

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
    if (this.#held || this.#trace) return this;
    if (isHandleFree()) {
      const node = this.value();
      node.uses++;
      scopes.library.push(node);
      return this;
    }
    this.#held = true;
    scopes.tidy?.add(this);
    holdNode(this.value());
    return this;
  }

  /** Like `hold`, also in library code: for tensors that an object of the library keeps (and disposes of) itself. */
  retain(): this {
    if (this.#held || this.#trace) return this;
    this.#held = true;
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
  awaitValue(node);
}

/** One handle less; with the last reader a value's memory goes back at once. */
function dropHandle(node: Node): void {
  node.handles--;
  letGo(node);
}

const goneParts = {
  received: "a tensor whose memory was given back.",
  expected: "a tensor that is still alive.",
  fix: "read it before dispose(), or return it from tidy.",
};

export const isTensor = (value: unknown): value is TensorBase => value instanceof TensorBase;

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
  return nestedNode(value as NestedNumbers);
}

function numberNode(value: number | boolean, like?: Dtype): Node {
  const dtype = scalarDtype(value, like);
  // Inside the library and in traces numbers are structure; a user's number is data, so that a schedule of rates is one program.
  if (isHandleFree() || (scopes.trace && !scopes.trace.numbersAreData)) return fill(Number(value), [], dtype);
  return new ScalarNode(Number(value), dtype);
}

function scalarDtype(value: number | boolean, like?: Dtype): Dtype {
  if (typeof value === "boolean") return like ?? "bool";
  if (!like) return "float32";
  if (like === "float16") return like;
  if (like === "float32" || !Number.isInteger(value)) return "float32";
  return like === "bool" ? "int32" : like;
}

/** A node of given shape and dtype for `tensor(value, options)`. */
export function createNode(
  value: TensorLike,
  shape: readonly number[] | undefined,
  dtype: Dtype | undefined,
): Node {
  if (value instanceof TensorBase) return useNode(value);
  if (ArrayBuffer.isView(value))
    return hostNode(value as HostData, shape ?? [(value as HostData).length], dtype);
  if (isHostArray(value)) return hostNode(value.data, shape ?? value.shape, dtype);
  return nestedNode(value as NestedNumbers, shape, dtype);
}
