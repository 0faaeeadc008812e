/** @file Recorded nodes to the graph that is compiled: composites inlined, equal nodes merged, no-ops dropped, long sums split. */
import type { Target } from "@tenrec/kernels";
import { internal } from "../graph/errors.ts";
import { type Attrs, attrsKey, isHalf, Node, type Primitive } from "../graph/node.ts";
import { Origins } from "../graph/origins.ts";
import { elementwise } from "../primitives/factory.ts";
import { equal } from "../primitives/logic.ts";
import { reshape } from "../primitives/movement.ts";
import { iota } from "../primitives/source.ts";
import { type PartCounts, splitLong } from "./split.ts";

/** Identity, for roots that would otherwise have no kernel of their own (a leaf, or a second root on one node). */
export const copyPrimitive: Primitive = /*#__PURE__*/ elementwise("copy", {
  dtypes: "compute",
  reference: (x) => x,
  vjp: null,
  code: (_, values) => values[0] as number,
});

/** Stands for a recorded node that has a value, whatever operation made it. */
export const leafPrimitive: Primitive = {
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
  readonly #target: Target;
  readonly #partCounts: PartCounts;
  readonly #templates: boolean;
  /** Recorded nodes, as what their copies come from. */
  readonly #copied = new Origins<Node>();

  /** `templates`: composites may keep their names where the target has a hand-written kernel for them. */
  constructor(isLeaf: (node: Node) => boolean, target: Target, partCounts: PartCounts, templates: boolean) {
    this.#target = target;
    this.#partCounts = partCounts;
    this.#templates = templates;
    this.#isLeaf = isLeaf;
  }

  /** Copies for these roots, each its own node. */
  roots(roots: readonly Node[]): Node[] {
    const taken = new Set<Node>();
    return roots.map((root) => {
      const node = this.#behindReshapes(this.#build(root), taken);
      const own = taken.has(node) || this.leaves.has(node) ? copyOf(node) : node;
      taken.add(own);
      return own;
    });
  }

  /** A reshaped result lies in memory as it was before: no kernel need copy it. */
  #behindReshapes(root: Node, taken: ReadonlySet<Node>): Node {
    let node = root;
    for (let [input] = node.inputs; node.primitive.name === "reshape" && input; [input] = node.inputs) {
      if (taken.has(input) || this.leaves.has(input)) return node;
      node = input;
    }
    return node;
  }

  /** The recorded node that this one comes from, be it a part of its decomposition. */
  originOf({ id, inputs, primitive }: Node): Node | null {
    if (primitive === copyPrimitive && inputs[0]) return this.originOf(inputs[0]);
    return this.#copied.of(id) ?? null;
  }

  /** `target` stands for `leaf` in what is built from now on. */
  substitute(leaf: Node, target: Node): void {
    this.#built.set(leaf, this.#build(target));
  }

  /** `isPart`: of a decomposition. */
  #build(root: Node, isPart = false): Node {
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
      if (!isPart) {
        this.#copied.begin(node);
      }
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
    if (primitive.flow) return new Node(primitive, flowInputs(node, inputs), attrs, node.shape, node.dtype);
    return this.#simplified(primitive, inputs, attrs, node);
  }

  /** The decomposition's nodes through the same rules; its inputs are built already. */
  #inline(result: Node, inputs: readonly Node[]): Node {
    for (const input of inputs) this.#built.set(input, input);
    return this.#build(result, true);
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
    return this.#templates && (template?.(inputs, attrs, this.#target) ?? null) !== null;
  }

  #simplified(primitive: Primitive, inputs: readonly Node[], attrs: Attrs, node: Node): Node {
    const [x, y] = inputs;
    if (x && isIdentity(primitive, x, y, node)) return x;
    if (x && isHalf(node) && primitive.name === "cast" && isWidened(x)) return x.inputs[0] as Node;
    if (y && isCommutativeIdentity(primitive, x, y, node)) return y;
    if (x && movesUnitAxes(primitive, attrs, x)) return this.#inline(reshape(x, [...node.shape]), inputs);
    const split = splitLong(primitive, inputs, attrs, this.#partCounts);
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

/** A value of its own, equal to `node`. */
export const copyOf = (node: Node): Node => new Node(copyPrimitive, [node], {}, node.shape, node.dtype);

/**
 * What has memory before control flow begins: a loop goes on in the memory of its initial carries, and a switch reads one flag for each of
 * its branches. Nothing else has these values.
 */
export function ownedInputs({
  primitive,
  attrs,
  inputs,
}: Pick<Node, "primitive" | "attrs" | "inputs">): number {
  if (primitive.flow === "scan") return attrs.carries as number;
  return primitive.flow === "switch" ? Math.min(1, inputs.length) : 0;
}

function flowInputs(node: Node, inputs: readonly Node[]): Node[] {
  if (node.primitive.flow === "scan")
    return inputs.map((input, i) => (i < ownedInputs(node) ? copyOf(input) : input));
  const [index, ...operands] = inputs as [Node, ...Node[]];
  const numBranches = (node.attrs.branches as readonly number[]).length;
  return [equal(index, iota([numBranches], 0, "int32")), ...operands];
}

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

/** A float16 as float32: making it float16 again changes nothing. */
const isWidened = ({ primitive, inputs, dtype }: Node): boolean =>
  primitive.name === "cast" && dtype === "float32" && inputs[0]?.dtype === "float16";

/** A transposition that leaves all axes above 1 in order. */
function movesUnitAxes({ name }: Primitive, { permutation }: Attrs, { shape }: Node): boolean {
  if (name !== "transpose") return false;
  const long = (permutation as readonly number[]).filter((axis) => shape[axis] !== 1);
  return long.every((axis, i) => i === 0 || axis > (long[i - 1] as number));
}

function isCommutativeIdentity({ name }: Primitive, x: Node | undefined, y: Node, node: Node): boolean {
  if (y.shape !== node.shape) return false;
  return (name === "multiply" && isFill(x, 1)) || (name === "add" && isFill(x, 0));
}
