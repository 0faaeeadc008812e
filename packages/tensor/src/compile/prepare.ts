/** @file Recorded nodes to the graph that is compiled: composites inlined, equal nodes merged, no-ops dropped, long sums split. */
import type { Target } from "@tenrec/kernels";
import { internal } from "../graph/errors.ts";
import { type Attrs, attrsKey, type Dtype, Node, type Primitive } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { elementwise } from "../primitives/factory.ts";
import { pad, reshape } from "../primitives/movement.ts";

/** Identity, for roots that would otherwise have no kernel of their own (a leaf, or a second root on one node). */
export const copyPrimitive: Primitive = /*#__PURE__*/ elementwise("copy", {
  dtypes: "compute",
  reference: (x) => x,
  vjp: null,
  code: (_, values) => values[0] as number,
});

/** Stands for a recorded node that has a value, whatever operation made it. */
const leafPrimitive: Primitive = {
  name: "leaf",
  family: "leaf",
  shape: () => [],
  dtype: () => "float32",
  vjp: null,
  reference: null,
  decompose: null,
  at: null,
  stage: null,
};

/** A self-contained copy of what the roots need. Recorded nodes are not touched: those with a value become placeholders. */
export class GraphBuilder {
  /** Recorded node of each placeholder. */
  readonly leaves = new Map<Node, Node>();
  readonly #built = new Map<Node, Node>();
  readonly #known = new Map<string, Node>();
  readonly #ids = new Map<object, number>();
  /** Results of the bundles that were decomposed, by what stands for the bundle. */
  readonly #parts = new Map<Node, readonly Node[]>();
  readonly #isLeaf: (node: Node) => boolean;
  readonly #target: Target | null;

  /** `target`: whose templates may be used; null for none. */
  constructor(isLeaf: (node: Node) => boolean, target: Target | null) {
    this.#target = target;
    this.#isLeaf = isLeaf;
  }

  /** Copies for these roots, each its own node. */
  roots(roots: readonly Node[]): Node[] {
    const taken = new Set<Node>();
    return roots.map((root) => {
      const node = this.#build(root);
      const own = taken.has(node) || this.leaves.has(node) ? copyOf(node) : node;
      taken.add(own);
      return own;
    });
  }

  #build(root: Node): Node {
    const stack = [root];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      if (this.#built.has(node)) {
        stack.pop();
        continue;
      }
      const missing = this.#isLeaf(node) ? [] : node.inputs.filter((input) => !this.#built.has(input));
      if (missing.length > 0) {
        // Reversed, so that inputs are built in order and ids follow the program's order.
        stack.push(...missing.reverse());
        continue;
      }
      stack.pop();
      this.#built.set(node, this.#isLeaf(node) ? this.#placeholder(node) : this.#rewrite(node));
    }
    return this.#built.get(root) as Node;
  }

  #placeholder(leaf: Node): Node {
    const node = new Node(leafPrimitive, [], {}, leaf.shape, leaf.dtype);
    this.leaves.set(node, leaf);
    return node;
  }

  #rewrite(node: Node): Node {
    const inputs = node.inputs.map((input) => this.#built.get(input) as Node);
    const { primitive, attrs } = node;
    const decomposed =
      primitive.family === "part" && this.#parts.get(inputs[0] as Node)?.[attrs.index as number];
    if (decomposed) return decomposed;
    if (this.#takesTemplate(primitive, inputs, attrs)) return this.#intern(primitive, inputs, attrs, node);
    if (primitive.decompose) return this.#inline(primitive.decompose(inputs, attrs), inputs);
    if (primitive.bundle?.decompose)
      return this.#inlineBundle(node, primitive.bundle.decompose(inputs, attrs), inputs);
    if (primitive.family === "leaf") throw internal(`leaf ${node.id} has no value`);
    return this.#simplified(primitive, inputs, attrs, node);
  }

  /** The decomposition's nodes through the same rules; its inputs are built already. */
  #inline(result: Node, inputs: readonly Node[]): Node {
    for (const input of inputs) this.#built.set(input, input);
    return this.#build(result);
  }

  #inlineBundle(node: Node, results: readonly Node[], inputs: readonly Node[]): Node {
    const bundle = new Node(node.primitive, inputs, node.attrs, node.shape, node.dtype);
    this.#parts.set(
      bundle,
      results.map((result) => this.#inline(result, inputs)),
    );
    return bundle;
  }

  #takesTemplate({ template }: Primitive, inputs: readonly Node[], attrs: Attrs): boolean {
    return this.#target !== null && (template?.(inputs, attrs, this.#target) ?? null) !== null;
  }

  #simplified(primitive: Primitive, inputs: readonly Node[], attrs: Attrs, node: Node): Node {
    const [x, y] = inputs;
    if (x && isIdentity(primitive, x, y, node)) return x;
    if (y && isCommutativeIdentity(primitive, x, y, node)) return y;
    const split = primitive.family === "reduce" && x ? splitLongReduction(primitive, x, attrs) : null;
    if (split) return this.#inline(split, inputs);
    return this.#intern(primitive, inputs, attrs, node);
  }

  /** Common subexpressions: equal operation on equal inputs is one node. */
  #intern(primitive: Primitive, inputs: readonly Node[], attrs: Attrs, node: Node): Node {
    const key = [
      this.#idOf(primitive),
      ...inputs.map((i) => i.id),
      node.shape.id,
      node.dtype,
      attrsKey(attrs),
    ].join();
    const known = this.#known.get(key);
    if (known) return known;
    const copy = new Node(primitive, inputs, attrs, node.shape, node.dtype);
    this.#known.set(key, copy);
    this.#built.set(copy, copy);
    return copy;
  }

  #idOf(object: object): number {
    const id = this.#ids.get(object) ?? this.#ids.size;
    this.#ids.set(object, id);
    return id;
  }
}

const copyOf = (node: Node): Node => new Node(copyPrimitive, [node], {}, node.shape, node.dtype);

/** A structural constant, also behind views that keep every element. */
function isFill(node: Node | undefined, value: number): boolean {
  const { primitive, attrs, inputs } = node ?? {};
  if (primitive?.name === "broadcastTo" || primitive?.name === "reshape") return isFill(inputs?.[0], value);
  return primitive?.name === "fill" && attrs?.structural === true && attrs.value === value;
}

/** x * 1, x + 0, x - 0, x / 1, and movements and casts that change nothing. */
function isIdentity({ name }: Primitive, x: Node, y: Node | undefined, node: Node): boolean {
  if (x.shape !== node.shape || x.dtype !== node.dtype) return false;
  if (name === "multiply" || name === "divide") return isFill(y, 1);
  if (name === "add" || name === "subtract") return isFill(y, 0);
  return (
    name === "reshape" || name === "broadcastTo" || name === "cast" || name === "assign" || name === "read"
  );
}

function isCommutativeIdentity({ name }: Primitive, x: Node | undefined, y: Node, node: Node): boolean {
  if (y.shape !== node.shape) return false;
  return (name === "multiply" && isFill(x, 1)) || (name === "add" && isFill(x, 0));
}

/** Reductions with few results and more elements per result than this run in two passes. */
const longReduction = 1 << 15;
const chunkLength = 1 << 12;
const fewResults = 64;

/** The value that changes no result of this reduction, or null where there is none. */
function identityElement(stage: Primitive["stage"], dtype: Dtype): number | null {
  const [lowest, highest] =
    dtype === "float32"
      ? [-Infinity, Infinity]
      : dtype === "int32"
        ? [-(2 ** 31), 2 ** 31 - 1]
        : [0, 2 ** 32 - 1];
  if (stage === "sum") return 0;
  if (stage === "prod") return 1;
  if (stage === "max") return lowest as number;
  return stage === "min" ? (highest as number) : null;
}

/**
 * Two passes for a reduction of many elements to few: several axes are reduced one after another, one long axis is cut into chunks
 * (padded with the identity). The order of additions depends on shapes only.
 */
function splitLongReduction(primitive: Primitive, x: Node, attrs: Attrs): Node | null {
  const axes = attrs.axes as readonly number[];
  const length = axes.reduce((n, axis) => n * (x.shape[axis] as number), 1);
  const identity = identityElement(primitive.stage, x.dtype);
  if (identity === null || length <= longReduction || x.shape.size / length > fewResults) return null;
  const keepDims = attrs.keepDims as boolean;
  const long = axes.filter((axis) => (x.shape[axis] as number) > 1);
  if (long.length > 1) {
    const last = long.at(-1) as number;
    const first = reduce(primitive, x, [last], true);
    return reduce(primitive, first, axes, keepDims);
  }
  const axis = long[0] as number;
  return reduceInChunks(primitive, x, axes, axis, keepDims, identity);
}

function reduceInChunks(
  primitive: Primitive,
  x: Node,
  axes: readonly number[],
  axis: number,
  keepDims: boolean,
  identity: number,
): Node {
  const extent = x.shape[axis] as number;
  const chunks = Math.ceil(extent / chunkLength);
  const zeros = x.shape.map(() => 0);
  const high = x.shape.map((_, i) => (i === axis ? chunks * chunkLength - extent : 0));
  const padded = chunks * chunkLength === extent ? x : pad(x, zeros, high, zeros, identity);
  const cut = reshape(padded, [...x.shape.slice(0, axis), chunks, chunkLength, ...x.shape.slice(axis + 1)]);
  const partial = reduce(primitive, cut, [axis + 1], false);
  return reduce(primitive, partial, axes, keepDims);
}

function reduce(primitive: Primitive, x: Node, axes: readonly number[], keepDims: boolean): Node {
  const attrs: Attrs = { axes, keepDims };
  return new Node(primitive, [x], attrs, shapeOf(primitive.shape([x], attrs)), primitive.dtype([x], attrs));
}
