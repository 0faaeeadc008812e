/** @file Values that are cheaper to compute again than to store: short elementwise chains over values that are in memory anyway. */
import { bytesOf, type Node } from "../graph/node.ts";
import type { Group } from "./group.ts";
import type { Grouping } from "./grouping.ts";
import type { Values } from "./values.ts";

/** Scalar operations that a reader repeats at most; functions count for several. */
const maxCost = 12;
const functionCost = 4;
const simple = new Set(
  "add subtract multiply negative abs maximum minimum square where cast relu less greater equal notEqual lessEqual greaterEqual logicalAnd logicalOr logicalNot sign copy".split(
    " ",
  ),
);

/** The values of `grouping` that no kernel needs to store if all readers compute them. */
export function cheapValues(grouping: Grouping, roots: ReadonlySet<Node>, values: Values): Set<Node> {
  const stored = new Set(grouping.groups.flatMap((group) => grouping.storedMembers(group)));
  const cheap = new Set<Node>();
  for (const group of grouping.groups) {
    const found = new GroupSearch(grouping, group, stored, roots, values).run();
    for (const node of found) cheap.add(node);
  }
  return cheap;
}

/** What a value is computed from when nothing between is stored. */
interface Chain {
  readonly terminals: ReadonlySet<Node>;
  /** The values between, and the value itself. */
  readonly inside: ReadonlySet<Node>;
}

class GroupSearch {
  readonly #grouping: Grouping;
  readonly #group: Group;
  readonly #stored: ReadonlySet<Node>;
  readonly #roots: ReadonlySet<Node>;
  readonly #values: Values;
  #candidates: Set<Node>;

  constructor(
    grouping: Grouping,
    group: Group,
    stored: ReadonlySet<Node>,
    roots: ReadonlySet<Node>,
    values: Values,
  ) {
    this.#grouping = grouping;
    this.#group = group;
    this.#stored = stored;
    this.#roots = roots;
    this.#values = values;
    this.#candidates = new Set(grouping.storedMembers(group).filter((node) => this.#isCandidate(node)));
  }

  /** Drops candidates until those that are left pay. */
  run(): ReadonlySet<Node> {
    for (let size = -1; size !== this.#candidates.size; ) {
      size = this.#candidates.size;
      const chains = this.#chains();
      this.#candidates = new Set([...chains.keys()].filter((node) => this.#readersGain(node, chains)));
    }
    const chains = this.#chains();
    const added = new Set([...chains.values()].flatMap(({ terminals }) => [...terminals]));
    const newBytes = totalBytes([...added].filter((node) => this.#isNew(node)));
    if (newBytes >= totalBytes(this.#candidates)) return new Set();
    return new Set([...chains.values()].flatMap(({ inside }) => [...inside]));
  }

  #isCandidate(node: Node): boolean {
    if (this.#group.kind === "template" || this.#grouping.arenaGroups.has(this.#group)) return false;
    // No threshold in bytes: a smaller batch must give the same kernels.
    if (!this.#isElementwise(node) || node.shape.size === 1) return false;
    return this.#values.readers(node).every((reader) => {
      const group = this.#grouping.groupOf.get(reader);
      const { family } = reader.primitive;
      return (
        group && !this.#grouping.arenaGroups.has(group) && (family === "elementwise" || family === "reduce")
      );
    });
  }

  #isElementwise(node: Node): boolean {
    return node.primitive.family === "elementwise" && !this.#roots.has(node);
  }

  /** Not in memory unless somebody recomputes from it. */
  #isNew(node: Node): boolean {
    return node.primitive.family !== "leaf" && !this.#stored.has(node);
  }

  #chains(): Map<Node, Chain> {
    const chains = new Map<Node, Chain>();
    for (const node of this.#candidates) {
      const chain = this.#chainOf(node);
      if (chain) chains.set(node, chain);
    }
    return chains;
  }

  /** Down to what is in memory or costs more than arithmetic; null where that takes too many operations. */
  #chainOf(root: Node): Chain | null {
    const terminals = new Set<Node>();
    const inside = new Set([root]);
    let cost = 0;
    for (const node of inside) {
      cost += simple.has(node.primitive.name) ? 1 : functionCost;
      if (cost > maxCost) return null;
      for (const base of this.#values.basesOf(node)) {
        const passes = this.#isElementwise(base) && (this.#candidates.has(base) || this.#isNew(base));
        (passes ? inside : terminals).add(base);
      }
    }
    return { terminals, inside };
  }

  /** No reader loads more large values than before. */
  #readersGain(node: Node, chains: ReadonlyMap<Node, Chain>): boolean {
    const isLarge = (other: Node) => other.shape.size >= node.shape.size;
    return this.#values.readers(node).every((reader) => {
      const group = this.#grouping.groupOf.get(reader) as Group;
      if (group === this.#group) return true;
      const before = [...this.#grouping.loadsOf(group)].filter(isLarge);
      const after = before.flatMap((load) => [...(chains.get(load)?.terminals ?? [load])]).filter(isLarge);
      return new Set(after).size <= before.length;
    });
  }
}

const totalBytes = (nodes: Iterable<Node>): number =>
  [...nodes].reduce((sum, node) => sum + bytesOf(node), 0);
