/** @file Values of a prepared graph as kernels see them: stored, or computed on the fly by everyone who reads them. */
import { isFloat, isHalf, type Node } from "../graph/node.ts";
import { barrierPrimitive } from "../primitives/barrier.ts";
import type { GroupingInput } from "./grouping.ts";

/** Integers of at most this many elements (counters, keys) are cheap enough to be read by every kernel. */
const smallLeaf = 4;
/** Operations that each reader repeats rather than loads; a longer computation from nothing is stored once. */
const freeOperations = 64;

type ValuesInput = Pick<GroupingInput, "order" | "roots" | "isStoredLeaf">;

/**
 * Views, constants, positions, random bits and integer arithmetic on scalars are virtual: every kernel that reads them computes them.
 * `bases` and `readers` look through them.
 */
export class Values {
  readonly #input: ValuesInput;
  readonly #virtual = new Map<Node, boolean>();
  readonly #cost = new Map<Node, number>();
  readonly #bases = new Map<Node, readonly Node[]>();
  readonly #consumers = new Map<Node, Node[]>();

  /** `recomputed`: values that are virtual besides, because their readers may compute them. */
  constructor(input: ValuesInput, recomputed: Iterable<Node> = []) {
    this.#input = input;
    for (const node of recomputed) this.#virtual.set(node, true);
    for (const node of input.order) {
      for (const operand of node.inputs) {
        const list = this.#consumers.get(operand);
        if (list) list.push(node);
        else this.#consumers.set(operand, [node]);
      }
      // In program order, so that no recursion is deep.
      this.basesOf(node);
    }
  }

  /** True where kernels load the value. */
  readonly isStored = (node: Node): boolean =>
    !this.isVirtual(node) && (node.primitive.family !== "leaf" || this.#input.isStoredLeaf(node));

  isVirtual(node: Node): boolean {
    let known = this.#virtual.get(node);
    if (known === undefined) {
      known = !this.#input.roots.has(node) && this.#isFree(node);
      this.#virtual.set(node, known);
    }
    return known;
  }

  #isFree(node: Node): boolean {
    const { family } = node.primitive;
    if (family === "leaf") return !this.#input.isStoredLeaf(node);
    if (family === "source") return true;
    if (this.#costOf(node) > freeOperations) return false;
    if (node.primitive === barrierPrimitive) return true;
    // A concatenation is stored: each reader of it would bind all its parts.
    if (family === "movement") return node.inputs.length === 1 || this.basesOf(node).length <= 1;
    if (family !== "elementwise") return false;
    if (this.#isConversion(node)) return true;
    const readsNothing = (input: Node) => this.isVirtual(input) && this.basesOf(input).length === 0;
    return node.inputs.every(readsNothing) || this.#isScalarIndex(node);
  }

  /** To and from float16 in memory: part of each reader's load. */
  #isConversion(node: Node): boolean {
    const [x] = node.inputs as [Node];
    if (node.primitive.name !== "cast") return false;
    return isHalf(x) || (isHalf(node) && this.#input.isStoredLeaf(x));
  }

  #costOf(node: Node): number {
    const known = this.#cost.get(node);
    if (known !== undefined) return known;
    const cost = node.inputs.reduce(
      (sum, input) => sum + (this.isVirtual(input) ? (this.#cost.get(input) ?? 0) : 0),
      1,
    );
    this.#cost.set(node, cost);
    return cost;
  }

  /** Integer arithmetic on scalars: keys, counters, offsets. */
  #isScalarIndex({ dtype, shape, inputs }: Node): boolean {
    const isInteger = !isFloat({ dtype }) && shape.size === 1;
    return isInteger && inputs.every((input) => this.isVirtual(input) || this.#isSmallLeaf(input));
  }

  #isSmallLeaf(node: Node): boolean {
    return this.#input.isStoredLeaf(node) && node.shape.size <= smallLeaf && !isFloat(node);
  }

  /** The computed or stored values a node reads. */
  basesOf(node: Node): readonly Node[] {
    let known = this.#bases.get(node);
    if (!known) {
      const found = node.inputs.flatMap((input) => (this.isVirtual(input) ? this.basesOf(input) : [input]));
      known = [...new Set(found)];
      this.#bases.set(node, known);
    }
    return known;
  }

  consumers(node: Node): readonly Node[] {
    return this.#consumers.get(node) ?? [];
  }

  /** Consumers that are not virtual themselves. */
  readers(node: Node): Node[] {
    return this.consumers(node).flatMap((reader) =>
      this.isVirtual(reader) ? this.readers(reader) : [reader],
    );
  }
}

/** Elementwise values of a parameter's shape that serve only to update arenas: they stay out of the gradients' kernels. */
export function updateNodes(
  { order, roots, arenaRoots }: Pick<GroupingInput, "order" | "roots" | "arenaRoots">,
  values: Values,
): Set<Node> {
  const update = new Set<Node>();
  for (const node of [...order].reverse()) {
    if (node.primitive.family !== "elementwise") continue;
    const readers = values.consumers(node);
    const servesUpdates =
      readers.length > 0 && readers.every((reader) => update.has(reader) && reader.shape === node.shape);
    if (roots.has(node) ? arenaRoots.has(node) : servesUpdates) update.add(node);
  }
  return update;
}
