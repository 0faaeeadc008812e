/** @file Node, one value of the lazily recorded graph, and Primitive, the record of everything known about an operation. */
import type { Dtype, Target, Template } from "@tenrec/kernels";
import { internal, StateError } from "./errors.ts";
import { type Shape, shapeOf } from "./shape.ts";

export type { Dtype } from "@tenrec/kernels";

/** Static attributes of a node: plain numbers, strings, booleans and arrays of numbers. They are structure, never per-step data. */
export type Attrs = Readonly<
  Record<string, number | string | boolean | readonly number[] | readonly boolean[]>
>;

/** A dense array in double precision, the currency of the reference interpreter. */
export interface RefArray {
  readonly shape: Shape;
  readonly dtype: Dtype;
  readonly data: Float64Array;
  /** The results of a bundle, which has no data of its own. */
  readonly parts?: readonly RefArray[];
}

/** Type of one result of a bundle. */
export interface ResultType {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

/** The rules of an operation with several results. Exactly one of `reference` and `decompose` is there. */
export interface Bundle {
  /** Types of the results; throws ShapeError and DtypeError. */
  results(inputs: readonly Node[], attrs: Attrs): readonly ResultType[];
  readonly reference:
    | ((inputs: readonly RefArray[], attrs: Attrs, results: readonly ResultType[]) => readonly Float64Array[])
    | null;
  readonly decompose: ((inputs: readonly Node[], attrs: Attrs) => readonly Node[]) | null;
}

/** A call of a hand-written kernel: its operands are the node's inputs, its results the node, or the parts of a bundle in order. */
export interface TemplateCall {
  readonly template: Template;
  readonly constants: Readonly<Record<string, number | boolean>>;
  /** Words that `param(0)`... gives (int32). */
  readonly params: readonly number[];
  readonly workgroups: number;
  readonly workgroupSize: number;
}

/** What a vjp rule may use. `wants[i]` tells whether input i needs a cotangent; rules must not build nodes for others. */
export interface VjpContext {
  readonly cotangent: Node;
  readonly inputs: readonly Node[];
  readonly output: Node;
  readonly attrs: Attrs;
  readonly wants: readonly boolean[];
}

/** Opaque handles of the lowering: a position along an axis (affine where possible) and a scalar value. */
export interface IndexTerm {
  readonly __index: true;
}
export type ScalarValue = number;

/** The builder that `at` rules emit scalar code through. Index arithmetic is in elements; the numbers become params, not literals. */
export interface Emitter {
  /** The element of `node` at `index` (one term per axis of node.shape). */
  value(node: Node, index: readonly IndexTerm[]): ScalarValue;
  /** A row of kernels' scalarOps. */
  op(name: string, dtype: Dtype, ...args: ScalarValue[]): ScalarValue;
  /** A literal that is structure. */
  literal(value: number, dtype: Dtype): ScalarValue;
  /** A number that may differ between shapes or calls: a param word. */
  number(value: number, dtype: Dtype): ScalarValue;
  /** The position as an int32 value, and a computed int32 value as a position. */
  indexValue(index: IndexTerm): ScalarValue;
  valueIndex(value: ScalarValue): IndexTerm;
  constantIndex(value: number): IndexTerm;
  add(a: IndexTerm, b: IndexTerm | number): IndexTerm;
  scale(a: IndexTerm, factor: number): IndexTerm;
  /** Floor division and remainder for non-negative positions. */
  div(a: IndexTerm, by: number): IndexTerm;
  mod(a: IndexTerm, by: number): IndexTerm;
}

export type Family =
  | "elementwise"
  | "reduce"
  | "movement"
  | "contraction"
  | "indexing"
  | "source"
  | "composite"
  | "bundle"
  | "part"
  | "leaf";

/** Everything known of an operation, side by side. A missing rule does not compile. */
export interface Primitive {
  readonly name: string;
  readonly family: Family;
  /** Result shape; throws ShapeError in the house form, at the call. */
  shape(inputs: readonly Node[], attrs: Attrs): readonly number[];
  /** Result dtype; throws DtypeError. */
  dtype(inputs: readonly Node[], attrs: Attrs): Dtype;
  /**
   * Cotangents of the inputs, written with node functions only, so that any order works. A cotangent may have the output's shape where
   * an input was broadcast: the walk undoes broadcasting. null: not differentiable (integer or piecewise constant result).
   */
  readonly vjp: ((context: VjpContext) => readonly (Node | null)[]) | null;
  /** Double-precision meaning, sharing nothing with the lowering. Composites have `decompose` instead. */
  readonly reference:
    | ((inputs: readonly RefArray[], attrs: Attrs, output: { shape: Shape; dtype: Dtype }) => Float64Array)
    | null;
  /** Composites: the same value in primitives: oracle, fallback, higher derivative. */
  readonly decompose: ((inputs: readonly Node[], attrs: Attrs) => Node) | null;
  /** elementwise, movement, indexing, source: scalar code of one element. */
  readonly at: ((emit: Emitter, node: Node, index: readonly IndexTerm[]) => ScalarValue) | null;
  /** reduce: the stage op of the kernel; attrs.axes are the reduced axes (ascending), attrs.keepDims. */
  readonly stage: "sum" | "prod" | "max" | "min" | "argmax" | "argmin" | null;
  /** Control flow: a bundle that runs sub-graphs (attributes name them). */
  readonly flow?: "scan" | "switch";
  /** Operations with several results: the node is a bundle, which has no value; its results are `part` nodes. */
  readonly bundle?: Bundle;
  /** Composites and bundles: the hand-written kernel for these operands on this device, or null to decompose. */
  readonly template?: (inputs: readonly Node[], attrs: Attrs, target: Target) => TemplateCall | null;
  /** Reserved for vmap. */
  readonly batch?: never;
}

/** Memory that holds a node's value. Owned by the runtime (`runtime/`); the graph only carries it. */
export interface Stored {
  readonly bytes: number;
  /** The memory was recycled: the value is gone. */
  readonly lost: boolean;
}

/** Where a value was fused away: position `position` of a cached program, which learns to keep it when it is asked for. */
export interface Fused {
  readonly keeps: Set<number>;
  readonly position: number;
}

/** Attributes as text; -0, NaN and the infinities keep their identity, which JSON would lose. */
export function attrsKey(attrs: Attrs): string {
  let text = "";
  for (const name in attrs) {
    const value = attrs[name];
    const shown = Object.is(value, -0) ? "-0" : String(value);
    text += `${name}:${typeof value}:${shown};`;
  }
  return text;
}

let sequence = 0;

/** A value: recorded, perhaps stored. Inputs are let go once the value is stored and no tape keeps them (see `settle`). */
export class Node {
  readonly id: number = ++sequence;
  readonly primitive: Primitive;
  readonly attrs: Attrs;
  readonly shape: Shape;
  readonly dtype: Dtype;
  inputs: readonly Node[];
  /** Number of edges from nodes that still hold this one as an input. */
  uses = 0;
  /** Number of tensors the user holds on it. */
  handles = 0;
  /** Where its value is, once it has one. */
  stored: Stored | null = null;
  /** It has let go of its inputs without a value: nobody was to need it any more. */
  released = false;
  /** Set when it was computed inside a kernel and not stored. */
  fused: Fused | null = null;
  /** Of a bundle: its results that somebody asked for, by index. */
  parts: Node[] | null = null;
  /** The user asked for it to be stored when it is computed. */
  pinned = false;
  /** Where the newest walk has put it; see `NodeOrder`. */
  position = 0;

  constructor(primitive: Primitive, inputs: readonly Node[], attrs: Attrs, shape: Shape, dtype: Dtype) {
    this.primitive = primitive;
    this.inputs = inputs;
    this.attrs = attrs;
    this.shape = shape;
    this.dtype = dtype;
    for (const input of inputs) input.uses++;
  }
}

export const elementBytes = (dtype: Dtype): number =>
  dtype === "float16" ? 2 : dtype === "uint8" || dtype === "int8" ? 1 : 4;

/** Bytes of a node's value. */
export const bytesOf = (node: Node): number => node.shape.size * elementBytes(node.dtype);

/** The newest sequence number: nodes recorded later have larger ids. */
export function newestId(): number {
  return sequence;
}

/** Lets `node` go of its inputs, and theirs in turn where nothing needs them any more (no value, no handle, no consumer). */
export function release(node: Node): void {
  const stack = [node];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const inputs = next.inputs;
    if (next.stored === null) next.released = true;
    next.inputs = [];
    for (const input of inputs) {
      if (--input.uses < 0) throw internal(`negative use count of ${input.primitive.name}`);
      if (input.uses === 0 && input.handles === 0 && input.stored === null) stack.push(input);
    }
  }
}

const noAttrs: Attrs = Object.freeze({});
/** Packed bytes are a form of host data. What is computed from them has whole words: uint32 for uint8, int32 for int8. */
function computedDtype(dtype: Dtype): Dtype {
  if (dtype === "uint8") return "uint32";
  return dtype === "int8" ? "int32" : dtype;
}

/** How an operation on float16 is recorded: code that comes with the device, or with a policy for it. */
export type HalfRule = (primitive: Primitive, inputs: readonly Node[], attrs: Attrs) => Node | null;
let halfRule: HalfRule | null = null;

export function useHalfRule(rule: HalfRule): void {
  halfRule = rule;
}

type Typed = { readonly dtype: Dtype };
export const isHalf = ({ dtype }: Typed): boolean => dtype === "float16";
export const isFloat = ({ dtype }: Typed): boolean => dtype.startsWith("float");

/** Records one operation: shape and dtype rules run here, so errors show the caller's line. */
export function record(primitive: Primitive, inputs: readonly Node[], attrs: Attrs = noAttrs): Node {
  const half = halfRule && inputs.some(isHalf) && halfRule(primitive, inputs, attrs);
  if (half) return half;
  const shape = shapeOf(primitive.shape(inputs, attrs));
  const dtype = computedDtype(primitive.dtype(inputs, attrs));
  if (dtype === "float16" && !halfRule) throw tooEarly();
  return new Node(primitive, inputs, attrs, shape, dtype);
}

function tooEarly(): StateError {
  return new StateError("float16", "no device is open.", {
    received: "a float16 value.",
    expected: "an open device.",
    fix: "await init() first.",
  });
}
