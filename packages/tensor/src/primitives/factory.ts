/** @file What the primitives of a family share: shape and dtype rules, broadcasting of indices, per-input gradient rules. */
import type { Dtype } from "@tenrec/kernels";
import { DtypeError, internal, ShapeError } from "../graph/errors.ts";
import type { Attrs, Emitter, IndexTerm, Node, Primitive, RefArray, ScalarValue } from "../graph/node.ts";
import { broadcastShapes, type Shape, stridesOf, typeText } from "../graph/shape.ts";

/** Inputs as rules read them; a rule only reads those that its primitive has. */
export type Inputs = readonly [Node, Node, Node, Node];

/** Cotangent of one input from `g`, the cotangent of the output, the inputs and the output `y`. */
export type Rule = (g: Node, inputs: Inputs, y: Node, attrs: Attrs) => Node;

/** A vjp from one rule per input (null: that input is never differentiable); unwanted ones are not built. */
export function perInput(...rules: readonly (Rule | null)[]): NonNullable<Primitive["vjp"]> {
  return ({ cotangent, inputs, output, attrs, wants }) =>
    inputs.map((_, i) =>
      wants[i] ? (rules[i]?.(cotangent, inputs as unknown as Inputs, output, attrs) ?? null) : null,
    );
}

/** Input `i` of a node or list; a missing one is a broken invariant. */
export function at<T>(list: readonly T[], i: number): T {
  const value = list[i];
  if (value === undefined) throw internal(`no element ${i} in a list of ${list.length}`);
  return value;
}

/** An attribute that is a list of numbers. */
export const list = (value: Attrs[string] | undefined): readonly number[] => value as readonly number[];

/** Whole numbers from `from` up to, not including, `to`. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

/** The types of several nodes as they print in messages. */
export const typesText = (nodes: readonly { dtype: Dtype; shape: readonly number[] }[]): string =>
  nodes.map((node) => typeText(node.dtype, node.shape)).join(", ");

/** Sets of dtypes an operation takes. */
export const dtypeSets = {
  float: ["float32"],
  number: ["float32", "int32", "uint32"],
  integer: ["int32", "uint32"],
  bits: ["int32", "uint32", "bool"],
  bool: ["bool"],
  compute: ["float32", "int32", "uint32", "bool"],
  any: ["float32", "float16", "int32", "uint32", "bool", "uint8", "int8"],
} as const satisfies Record<string, readonly Dtype[]>;

export type DtypeSet = keyof typeof dtypeSets;

/** Common dtype of operands, which must be in `set`. */
export function commonDtype(name: string, operands: readonly Node[], set: DtypeSet): Dtype {
  const dtype = at(operands, 0).dtype;
  const allowed: readonly Dtype[] = dtypeSets[set];
  if (allowed.includes(dtype) && operands.every((operand) => operand.dtype === dtype)) return dtype;
  throw new DtypeError(name, "dtype not supported here.", {
    received: `${typesText(operands)}.`,
    expected: `${operands.length > 1 ? "operands of one dtype, " : ""}one of ${allowed.join(", ")}.`,
    fix: "convert with cast(x, dtype).",
  });
}

/** NumPy broadcasting of all inputs. */
export function broadcastAll(name: string, inputs: readonly Node[]): Shape {
  let shape: Shape | null = at(inputs, 0).shape;
  for (const input of inputs) if (input.shape !== shape) shape = shape && broadcastShapes(shape, input.shape);
  if (shape) return shape;
  throw new ShapeError(name, "shapes do not broadcast.", {
    received: `${typesText(inputs)}.`,
    expected: "from the last axis backwards, equal extents or an extent of 1.",
    fix: "reshape or transpose one of them, or insert axes with expandDims.",
  });
}

/** The index into `input` for an element of a result it was broadcast to. */
export function broadcastIndex(
  emit: Emitter,
  input: Node,
  node: Node,
  index: readonly IndexTerm[],
): IndexTerm[] {
  const skip = index.length - input.shape.length;
  // An extent of 1 that is 1 in the result too keeps its index, so that the code does not change with the extent.
  return input.shape.map((extent, axis) =>
    extent === node.shape[axis + skip] ? at(index, axis + skip) : emit.constantIndex(0),
  );
}

/** Values of all inputs of an elementwise node at one element. */
export function operandsAt(emit: Emitter, node: Node, index: readonly IndexTerm[]): ScalarValue[] {
  return node.inputs.map((input) => emit.value(input, broadcastIndex(emit, input, node, index)));
}

/** Element strides of `input` along the axes of `shape`: 0 where it is broadcast. */
export function broadcastStrides(input: readonly number[], shape: readonly number[]): number[] {
  const strides = stridesOf(input);
  const skip = shape.length - input.length;
  return shape.map((_, axis) => (axis < skip || input[axis - skip] === 1 ? 0 : at(strides, axis - skip)));
}

/** Calls `visit(linear, offset)` for each element of `shape` in order, `offset` following `strides`. */
export function walkStrided(
  shape: readonly number[],
  strides: readonly number[],
  start: number,
  visit: (linear: number, offset: number) => void,
): void {
  const rank = shape.length;
  const size = shape.reduce((a, b) => a * b, 1);
  const counter = new Int32Array(rank);
  let offset = start;
  for (let linear = 0; linear < size; linear++) {
    visit(linear, offset);
    for (let axis = rank - 1; axis >= 0; axis--) {
      offset += strides[axis] as number;
      if (++(counter[axis] as number) < (shape[axis] as number)) break;
      offset -= (strides[axis] as number) * (counter[axis] as number);
      counter[axis] = 0;
    }
  }
}

/** The input's data spread over `shape`: itself where nothing is broadcast. */
export function spread(input: RefArray, shape: Shape): Float64Array {
  if (input.shape === shape) return input.data;
  const out = new Float64Array(shape.size);
  walkStrided(shape, broadcastStrides(input.shape, shape), 0, (linear, offset) => {
    out[linear] = input.data[offset] as number;
  });
  return out;
}

/** Meaning of one element; `dtype` is that of the result. */
export type ScalarReference = (x: number, y: number, z: number, dtype: Dtype, attrs: Attrs) => number;

export interface ElementwiseSpec {
  /** Dtypes of the operands, which must agree. */
  readonly dtypes: DtypeSet;
  /** Dtype of the result where it is not the operands'. */
  readonly result?: Dtype;
  /** Row of kernels' scalarOps; the name if absent. */
  readonly scalar?: string;
  readonly reference: ScalarReference;
  readonly vjp: readonly (Rule | null)[] | null;
  /** Scalar code where it is not one row of scalarOps. */
  readonly code?: (emit: Emitter, values: readonly ScalarValue[], node: Node) => ScalarValue;
}

/** Applies a scalar function to broadcast inputs. */
export function mapElements(reference: ScalarReference): NonNullable<Primitive["reference"]> {
  return (inputs, attrs, { shape, dtype }) => {
    const [x, y, z] = inputs.map((input) => spread(input, shape));
    return Float64Array.from({ length: shape.size }, (_, i) =>
      reference(x?.[i] ?? 0, y?.[i] ?? 0, z?.[i] ?? 0, dtype, attrs),
    );
  };
}

/** A primitive that maps element by element under NumPy broadcasting. */
export function elementwise(name: string, spec: ElementwiseSpec): Primitive {
  const scalar = spec.scalar ?? name;
  return {
    name,
    family: "elementwise",
    shape: (inputs) => broadcastAll(name, inputs),
    dtype: (inputs) => {
      const dtype = commonDtype(name, inputs, spec.dtypes);
      return spec.result ?? dtype;
    },
    vjp: spec.vjp && perInput(...spec.vjp),
    reference: mapElements(spec.reference),
    decompose: null,
    at: (emit, node, index) => {
      const values = operandsAt(emit, node, index);
      return spec.code ? spec.code(emit, values, node) : emit.op(scalar, node.dtype, ...values);
    },
    stage: null,
  };
}
