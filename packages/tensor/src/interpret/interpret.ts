/** @file The oracle: evaluates node graphs in double precision through each primitive's `reference`, sharing nothing with compilation. */
import { internal } from "../graph/errors.ts";
import { type Dtype, Node, type Primitive, type RefArray, type ResultType } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { roundHalf } from "../primitives/special.ts";

export interface InterpretOptions {
  /** `float32` rounds every float result as a device stores it; the default keeps double precision. */
  readonly round?: "float64" | "float32";
  /** Use the `reference` of composites that have one, where `decompose` is the default. */
  readonly compositeReference?: boolean;
}

/** Value of a leaf, or of a node that already has one; null: compute it. */
export type LeafValue = (node: Node) => RefArray | null;

/** Stands for an input while a composite is evaluated through its decomposition. */
const placeholderPrimitive: Primitive = {
  name: "placeholder",
  family: "leaf",
  shape: () => {
    throw internal("placeholder has no shape rule");
  },
  dtype: () => {
    throw internal("placeholder has no dtype rule");
  },
  vjp: null,
  reference: null,
  decompose: null,
  at: null,
  stage: null,
};

/** How each dtype stores a number: integers wrap, bool is 0 or 1. */
function stored(dtype: Dtype, round: boolean): ((x: number) => number) | null {
  switch (dtype) {
    case "float32":
      return round ? Math.fround : null;
    case "float16":
      return roundHalf;
    case "int32":
      return (x) => x | 0;
    case "uint32":
      return (x) => x >>> 0;
    case "int8":
      return (x) => (x << 24) >> 24;
    case "uint8":
      return (x) => x & 255;
    case "bool":
      return (x) => Number(x !== 0);
  }
}

/** Values through a decomposition over placeholders, so that the graph itself gains no consumers. */
function throughDecomposition(
  node: Node,
  decompose: (inputs: readonly Node[]) => readonly Node[],
  inputs: readonly RefArray[],
  options: InterpretOptions,
): RefArray[] {
  const values = new Map<Node, RefArray>();
  const leaves = node.inputs.map((input) => new Node(placeholderPrimitive, [], {}, input.shape, input.dtype));
  for (const [i, leaf] of leaves.entries()) values.set(leaf, inputs[i] as RefArray);
  return interpret(decompose(leaves), (leaf) => values.get(leaf) ?? null, options);
}

function evaluate(node: Node, inputs: readonly RefArray[], options: InterpretOptions): RefArray {
  const { primitive, attrs, shape, dtype } = node;
  if (primitive.bundle) return { shape, dtype, data: noData, parts: bundleParts(node, inputs, options) };
  const { decompose } = primitive;
  if (decompose && !(options.compositeReference && primitive.reference))
    return throughDecomposition(node, (leaves) => [decompose(leaves, attrs)], inputs, options)[0] as RefArray;
  if (!primitive.reference) throw internal(`${primitive.name} has neither a reference nor a value here`);
  // Of float16, rules know the values alone.
  const data = primitive.reference(inputs.map(wide), attrs, wide({ shape, dtype }));
  return toStored(primitive, data, { shape, dtype }, options);
}

const wide = <T extends { readonly dtype: Dtype }>(value: T): T =>
  value.dtype === "float16" ? { ...value, dtype: "float32" } : value;

/** What a device would store of `data`. */
function toStored(
  { name }: Primitive,
  data: Float64Array,
  { shape, dtype }: Pick<RefArray, "shape" | "dtype">,
  options: InterpretOptions,
): RefArray {
  if (data.length !== shape.size) throw internal(`${name}: ${data.length} values for [${shape.join()}]`);
  const store = stored(dtype, options.round === "float32");
  return { shape, dtype, data: store ? data.map(store) : data };
}

const noData = new Float64Array(0);

function bundleParts(node: Node, inputs: readonly RefArray[], options: InterpretOptions): RefArray[] {
  const { primitive, attrs } = node;
  const { results, reference, decompose } = primitive.bundle as NonNullable<Primitive["bundle"]>;
  if (decompose) return throughDecomposition(node, (leaves) => decompose(leaves, attrs), inputs, options);
  if (!reference) throw internal(`${primitive.name} has neither a reference nor a decomposition`);
  const types = results(node.inputs, attrs);
  return reference(inputs, attrs, types).map((data, i) => {
    const { shape, dtype } = types[i] as ResultType;
    return toStored(primitive, data, { shape: shapeOf(shape), dtype }, options);
  });
}

/** Nodes whose values are needed, inputs before consumers, with the values that are given. */
function schedule(
  roots: readonly Node[],
  leafValue: LeafValue,
): { order: Node[]; values: Map<Node, RefArray> } {
  const values = new Map<Node, RefArray>();
  const seen = new Set<Node>(roots);
  const stack = [...seen];
  const order: Node[] = [];
  for (let node = stack.pop(); node; node = stack.pop()) {
    const given = leafValue(node);
    if (given) {
      values.set(node, given);
      continue;
    }
    order.push(node);
    for (const input of node.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      stack.push(input);
    }
  }
  return { order: order.sort((a, b) => a.id - b.id), values };
}

/**
 * Values of `roots`. `leafValue` is asked for every node first: it gives leaves and stored values, and null for what is to be computed.
 *
 * @example
 * interpret([add(x, y)], (node) => values.get(node) ?? null)
 */
export function interpret(
  roots: readonly Node[],
  leafValue: LeafValue,
  options: InterpretOptions = {},
): RefArray[] {
  const { order, values } = schedule(roots, leafValue);
  const known = (node: Node): RefArray => {
    const value = values.get(node);
    if (!value) throw internal(`no value of ${node.primitive.name}`);
    return value;
  };
  for (const node of order) values.set(node, evaluate(node, node.inputs.map(known), options));
  return roots.map(known);
}
