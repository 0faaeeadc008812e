/** @file The oracle: evaluates node graphs in double precision through each primitive's `reference`, sharing nothing with compilation. */
import { internal } from "../graph/errors.ts";
import { type Dtype, Node, type Primitive, type RefArray } from "../graph/node.ts";

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

/** A composite's value through its decomposition over placeholders, so that the graph itself gains no consumers. */
function throughDecomposition(
  node: Node,
  decompose: NonNullable<Primitive["decompose"]>,
  inputs: readonly RefArray[],
  options: InterpretOptions,
): Float64Array {
  const values = new Map<Node, RefArray>();
  const leaves = node.inputs.map((input) => new Node(placeholderPrimitive, [], {}, input.shape, input.dtype));
  for (const [i, leaf] of leaves.entries()) values.set(leaf, inputs[i] as RefArray);
  const root = decompose(leaves, node.attrs);
  const [result] = interpret([root], (leaf) => values.get(leaf) ?? null, options);
  return (result as RefArray).data;
}

function evaluate(node: Node, inputs: readonly RefArray[], options: InterpretOptions): RefArray {
  const { primitive, attrs, shape, dtype } = node;
  const viaReference = primitive.decompose === null || (options.compositeReference && primitive.reference);
  let data: Float64Array;
  if (!viaReference && primitive.decompose)
    data = throughDecomposition(node, primitive.decompose, inputs, options);
  else if (primitive.reference) data = primitive.reference(inputs, attrs, { shape, dtype });
  else throw internal(`${primitive.name} has neither a reference nor a value here`);
  if (data.length !== shape.size)
    throw internal(`${primitive.name}: ${data.length} values for [${shape.join()}]`);
  const store = stored(dtype, options.round === "float32");
  return { shape, dtype, data: store ? data.map(store) : data };
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
