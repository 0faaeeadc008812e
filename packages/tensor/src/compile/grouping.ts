/** @file Fusion: which values one kernel computes. Greedy in program order; a value joins the latest producer's kernel that can take it. */
import type { Target } from "@tenrec/kernels";
import { internal } from "../graph/errors.ts";
import { bytesOf, type Node } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import {
  type Domain,
  flowGroup,
  type Group,
  gemmGroup,
  hasInner,
  isScalarGroup,
  levelOf,
  loopGroup,
  mergedDomain,
  nonOnes,
  reducedAxes,
  reducesNothing,
  reductionDomain,
  refined,
  sharedDomain,
  templateGroup,
} from "./group.ts";
import { Lowering, NotAligned } from "./lower.ts";
import { cheapValues } from "./recompute.ts";
import { updateNodes, Values } from "./values.ts";

/** What grouping needs to know of the graph around the kernels. */
export interface GroupingInput {
  /** Every node in program order. */
  readonly order: readonly Node[];
  /** Nodes that must be stored. */
  readonly roots: ReadonlySet<Node>;
  /** Roots that are written into an arena (flat parameters, moments). */
  readonly arenaRoots: ReadonlySet<Node>;
  readonly isStoredLeaf: (node: Node) => boolean;
  /** Values with equal keys share one binding (small state in one buffer); null: a binding of its own. */
  readonly sharedBinding: (node: Node) => number | null;
  readonly target: Target;
  /** false: one kernel per value (views and constants stay inside), for bug hunts. */
  readonly fuse: boolean;
  /** Cheap values may be computed by each reader instead of stored. */
  readonly recompute: boolean;
}

export interface Grouping {
  readonly groups: readonly Group[];
  readonly groupOf: ReadonlyMap<Node, Group>;
  /** Groups that update arenas: flat, isomorphic, run last, merged over the arena. */
  readonly arenaGroups: ReadonlySet<Group>;
  /** True where kernels load the value rather than compute it. */
  readonly isStored: (node: Node) => boolean;
  /** Direct producers of each group. */
  readonly producers: ReadonlyMap<Group, Set<Group>>;
  /** Stored values that the group loads. */
  loadsOf(group: Group): ReadonlySet<Node>;
  /** Members that other groups or the caller read. */
  storedMembers(group: Group): readonly Node[];
}

/** Values per kernel: a chain of thousands must not become one shader. */
const maxMembers = 128;
/** Elements that one workgroup walks without harm: a longer value does not join a full reduction's kernel. */
const oneWorkgroup = 1 << 12;

/**
 * Runs fusion over a prepared graph; then once more without storing what is cheap to compute again, if that saves memory and costs no
 * kernel.
 */
export function groupNodes(input: GroupingInput): Grouping {
  const values = new Values(input);
  const grouping = fuse(input, values);
  if (!input.recompute || !input.fuse) return grouping;
  const cheap = cheapValues(grouping, input.roots, values);
  if (cheap.size === 0) return grouping;
  const lean = fuse(input, new Values(input, cheap));
  const pays = lean.groups.length <= grouping.groups.length && storedBytes(lean) < storedBytes(grouping);
  return pays ? lean : grouping;
}

function storedBytes(grouping: Grouping): number {
  const stored = grouping.groups.flatMap((group) => grouping.storedMembers(group));
  return stored.reduce((sum, node) => sum + bytesOf(node), 0);
}

/**
 * Whether a value must be stored is only known once its readers are placed: the first attempt supposes that they will join; if a kernel
 * then needs more bindings than the device has, the second one supposes that they will not.
 */
function fuse(input: GroupingInput, values: Values): Grouping {
  const hopeful = new Fuser(input, values, true);
  const grouping = hopeful.run();
  return hopeful.withinLimits() ? grouping : new Fuser(input, values, false).run();
}

class Fuser {
  readonly #input: GroupingInput;
  readonly #groups: Group[] = [];
  readonly #groupOf = new Map<Node, Group>();
  readonly #producers = new Map<Group, Set<Group>>();
  readonly #values: Values;
  readonly #update: ReadonlySet<Node>;
  readonly #arenaGroups = new Set<Group>();
  readonly #hopeful: boolean;
  #done = false;

  constructor(input: GroupingInput, values: Values, hopeful: boolean) {
    this.#input = input;
    this.#hopeful = hopeful;
    this.#values = values;
    this.#update = updateNodes(input, this.#values);
  }

  run(): Grouping {
    for (const node of this.#input.order) {
      if (this.#values.isVirtual(node) || this.#input.isStoredLeaf(node)) continue;
      this.#placeNode(node);
    }
    this.#done = true;
    if (this.#input.fuse) {
      this.#attachColumnSums();
      this.#mergeSiblings();
      this.#mergeScalarGroups();
    }
    return {
      groups: this.#groups,
      groupOf: this.#groupOf,
      arenaGroups: this.#arenaGroups,
      isStored: this.#values.isStored,
      producers: this.#producers,
      loadsOf: (group) => this.#loadsOf(group),
      storedMembers: (group) => this.#storedMembers(group),
    };
  }

  #loadsOf(group: Group): Set<Node> {
    const loads = new Set<Node>();
    for (const member of group.members) {
      for (const base of this.#values.basesOf(member)) if (!group.members.has(base)) loads.add(base);
    }
    return loads;
  }

  #storedMembers(group: Group): readonly Node[] {
    if (group.call) return group.call.results;
    const all = group.columnSum ? [...group.members, group.columnSum] : [...group.members];
    return all.filter((node) => this.#leavesGroup(node, group));
  }

  #placeNode(node: Node): void {
    const { family } = node.primitive;
    if (family === "contraction") this.#place(node, gemmGroup(node), true);
    else if (family === "composite" || family === "bundle") this.#placeTemplate(node);
    else if (family !== "part") this.#placeValue(node);
  }

  /** Composites are still there only where they take a template. The parts of a bundle come with it. */
  #placeTemplate(node: Node): void {
    const consumers = this.#values.consumers(node);
    const call = node.primitive.template?.(node.inputs, node.attrs, this.#input.target);
    if (!call && !node.primitive.flow) throw internal(`${node.primitive.name} takes no template`);
    const group = call ? templateGroup(node, call, consumers) : flowGroup(node, consumers);
    for (const member of group.members) this.#groupOf.set(member, group);
    this.#place(node, group, true);
  }

  #placeValue(node: Node): void {
    const candidates = this.#candidateGroups(node);
    for (const group of candidates) {
      if (this.#tryJoin(node, group)) return;
    }
    const reduces = node.primitive.family === "reduce" && !reducesNothing(node);
    const domain = reduces ? reductionDomain(node) : null;
    const group = domain ? loopGroup(domain.shape, domain.reduced) : loopGroup(node.shape);
    if (this.#update.has(node)) this.#arenaGroups.add(group);
    this.#place(node, group, true);
  }

  /** Producers' groups, latest first. */
  #candidateGroups(node: Node): Group[] {
    const groups = new Set<Group>();
    for (const base of this.#values.basesOf(node)) {
      const group = this.#groupOf.get(base);
      if (group) groups.add(group);
    }
    return [...groups].sort((a, b) => b.id - a.id);
  }

  #place(node: Node, group: Group, isNew: boolean): void {
    if (isNew) {
      this.#groups.push(group);
      this.#producers.set(group, new Set());
    }
    group.members.add(node);
    this.#groupOf.set(node, group);
    for (const base of this.#values.basesOf(node)) {
      const from = this.#groupOf.get(base);
      if (from && from !== group) this.#producers.get(group)?.add(from);
    }
    this.#absorbProducers(group);
  }

  #tryJoin(node: Node, group: Group): boolean {
    if (!this.#input.fuse) return false;
    if (this.#update.has(node) !== this.#arenaGroups.has(group)) return false;
    const domain = this.#joinedDomain(node, group);
    if (!domain || this.#createsCycle(node, group)) return false;
    const joined: Group = { ...group, ...domain, members: new Set([...group.members, node]) };
    if (!this.#fits(joined) || !this.#isAligned(node, joined)) return false;
    group.shape = domain.shape;
    group.reduced = domain.reduced;
    this.#place(node, group, false);
    return true;
  }

  /** The domain the group would have with the node, or null. */
  #joinedDomain(node: Node, group: Group): Domain | null {
    if (group.kind === "template") return null;
    const reduces = node.primitive.family === "reduce" && !reducesNothing(node);
    if (group.kind === "gemm") return !reduces && levelOf(group, node.shape) === "full" ? group : null;
    if (!reduces) {
      const level = levelOf(group, node.shape);
      if (level === null) return this.#widened(node, group);
      if (level === "row") return group;
      return isScalarGroup(group) && node.shape.size > oneWorkgroup ? null : refined(group, node.shape);
    }
    const own = reductionDomain(node);
    return hasInner(group) ? sharedDomain(group, own) : refined(own, group.shape);
  }

  /** A group of per-row values takes in a value with further axes: the rows stay, the further axes become inner. */
  #widened(node: Node, group: Group): Domain | null {
    const rows = nonOnes(group.shape);
    if (hasInner(group) || rows.length === 0 || nonOnes(node.shape).length <= rows.length) return null;
    let next = 0;
    const reduced = node.shape.map((extent) => {
      if (next < rows.length && extent === rows[next]) {
        next++;
        return false;
      }
      return extent !== 1;
    });
    const kept = node.shape.filter((_, axis) => !reduced[axis]);
    const leading = reduced.lastIndexOf(false) < reduced.indexOf(true);
    return next === rows.length && leading && kept.length > 0 ? { shape: node.shape, reduced } : null;
  }

  #isAligned(node: Node, group: Group): boolean {
    try {
      new Lowering(group, this.#values.isStored, node).member(node);
      return true;
    } catch (error) {
      if (error instanceof NotAligned) return false;
      throw error;
    }
  }

  /** True where another producer of the node depends on the group. */
  #createsCycle(node: Node, group: Group): boolean {
    return this.#values.basesOf(node).some((base) => {
      const from = this.#groupOf.get(base);
      return from !== undefined && from !== group && this.#dependsOn(from, group);
    });
  }

  #dependsOn(group: Group, on: Group): boolean {
    const seen = new Set<Group>([group]);
    const stack = [group];
    for (let next = stack.pop(); next; next = stack.pop()) {
      for (const producer of this.#producers.get(next) ?? []) {
        if (producer === on) return true;
        if (!seen.has(producer)) {
          seen.add(producer);
          stack.push(producer);
        }
      }
    }
    return false;
  }

  /** Storage bindings the group would need: distinct loads plus stored members. */
  #fits(group: Group): boolean {
    return group.members.size <= maxMembers && this.#bindingsOf(group) <= this.#input.target.maxBindings;
  }

  #bindingsOf(group: Group): number {
    const used = new Set<Node | number>();
    const add = (node: Node) => used.add(this.#input.sharedBinding(node) ?? node);
    for (const load of this.#loadsOf(group)) add(load);
    for (const member of this.#storedMembers(group)) add(member);
    return used.size;
  }

  #leavesGroup(node: Node, group: Group): boolean {
    return (
      this.#input.roots.has(node) ||
      this.#values.readers(node).some((reader) => this.#isOutside(reader, group))
    );
  }

  #isOutside(reader: Node, group: Group): boolean {
    return !group.members.has(reader) && !(this.#hopeful && !this.#done && !this.#groupOf.has(reader));
  }

  withinLimits(): boolean {
    return this.#groups.every((group) => this.#bindingsOf(group) <= this.#input.target.maxBindings);
  }

  /** Pulls in producers' groups of the same domain, so that chains of several inputs are one kernel. */
  #absorbProducers(group: Group): void {
    if (!this.#input.fuse) return;
    for (const producer of [...(this.#producers.get(group) ?? [])]) {
      if (this.#canMerge(producer, group)) this.#merge(producer, group);
    }
  }

  #canMerge(from: Group, into: Group): boolean {
    if (from.kind !== "loop" || into.kind === "template") return false;
    if (this.#arenaGroups.has(from) !== this.#arenaGroups.has(into)) return false;
    const domain = mergedDomain(from, into);
    if (!domain) return false;
    const members = new Set([...from.members, ...into.members]);
    if ([...members].some((member) => levelOf(domain, member.shape) === null)) return false;
    if (into.kind === "gemm" && [...from.members].some((m) => this.#feedsOperand(m, into))) return false;
    if (this.#isBetween(from, into) || this.#dependsOn(from, into)) return false;
    const merged: Group = { ...into, ...domain, members };
    return this.#fits(merged) && [...members].every((member) => this.#isAligned(member, merged));
  }

  #feedsOperand(node: Node, group: Group): boolean {
    return group.contraction !== null && this.#values.basesOf(group.contraction).includes(node);
  }

  /** True where a path from `from` to `into` passes through another group. */
  #isBetween(from: Group, into: Group): boolean {
    return [...(this.#producers.get(into) ?? [])].some((p) => p !== from && this.#dependsOn(p, from));
  }

  #merge(from: Group, into: Group): void {
    const domain = mergedDomain(from, into);
    if (domain) Object.assign(into, { shape: domain.shape, reduced: domain.reduced });
    for (const member of from.members) {
      into.members.add(member);
      this.#groupOf.set(member, into);
    }
    const inputs = this.#producers.get(into) as Set<Group>;
    for (const producer of this.#producers.get(from) ?? []) if (producer !== into) inputs.add(producer);
    this.#producers.delete(from);
    this.#groups.splice(this.#groups.indexOf(from), 1);
    for (const producers of this.#producers.values()) {
      if (producers.delete(from)) producers.add(into);
    }
    inputs.delete(into);
    inputs.delete(from);
  }

  /** A lone sum over the rows of a contraction's B operand rides in the contraction (dW and db from the same loads). */
  #attachColumnSums(): void {
    for (const gemm of this.#groups.filter((group) => group.contraction !== null)) {
      const contraction = gemm.contraction as Node;
      const operand = contraction.inputs[1] as Node;
      if (contraction.attrs.transposeB || operand.shape.length !== 2 || contraction.shape.length !== 2)
        continue;
      const source = behindReshapes(operand);
      const readers = [...this.#values.readers(operand), ...this.#values.readers(source)];
      const sum = readers.find((reader) => this.#isColumnSum(reader, source, operand.shape[1] as number));
      if (sum) this.#moveColumnSum(sum, gemm);
    }
  }

  /** A sum over everything but the columns: over [.., columns], whatever the leading axes. */
  #isColumnSum(node: Node, source: Node, columns: number): boolean {
    const group = this.#groupOf.get(node);
    const input = node.inputs[0];
    if (node.primitive.stage !== "sum" || !input || behindReshapes(input) !== source) return false;
    const leading = input.shape
      .slice(0, -1)
      .every((extent, axis) => extent === 1 || reducedAxes(node).includes(axis));
    const isLone = group?.members.size === 1 && group.kind === "loop";
    return (
      isLone &&
      leading &&
      input.shape.at(-1) === columns &&
      !reducedAxes(node).includes(input.shape.length - 1)
    );
  }

  #moveColumnSum(sum: Node, gemm: Group): void {
    const from = this.#groupOf.get(sum) as Group;
    if (this.#dependsOn(gemm, from) || this.#dependsOn(from, gemm)) return;
    gemm.columnSum = sum;
    this.#groupOf.set(sum, gemm);
    this.#producers.delete(from);
    this.#groups.splice(this.#groups.indexOf(from), 1);
    for (const producers of this.#producers.values()) if (producers.delete(from)) producers.add(gemm);
  }

  /** Loops over the same elements that read a value in common read it once. */
  #mergeSiblings(): void {
    const readers = new Map<Node, Group>();
    for (const group of [...this.#groups]) {
      if (group.kind !== "loop" || this.#arenaGroups.has(group) || isScalarGroup(group)) continue;
      const loads = [...this.#loadsOf(group)].filter((load) => load.shape.size >= shapeOf(group.shape).size);
      const sibling = loads
        .map((load) => readers.get(load))
        .find((other) => other && this.#canJoinSibling(group, other));
      if (sibling) this.#merge(group, sibling);
      for (const load of loads) if (!readers.has(load)) readers.set(load, sibling ?? group);
    }
  }

  #canJoinSibling(group: Group, other: Group): boolean {
    return sharedDomain(group, other) !== null && this.#canRideTogether(group, other);
  }

  /** Full reductions and scalar arithmetic that do not wait for another kernel are one kernel. */
  #mergeScalarGroups(): void {
    const scalars = this.#groups.filter((group) => isScalarGroup(group) && !this.#arenaGroups.has(group));
    for (let i = scalars.length - 1; i > 0; i--) {
      for (let j = i - 1; j >= 0; j--) {
        const [a, b] = [scalars[i] as Group, scalars[j] as Group];
        const [wide, narrow] = hasInner(a) || !hasInner(b) ? [a, b] : [b, a];
        if (!this.#canRideTogether(narrow, wide)) continue;
        this.#merge(narrow, wide);
        scalars[j] = wide;
        break;
      }
    }
  }

  #canRideTogether(narrow: Group, wide: Group): boolean {
    if (hasInner(narrow) && !sharedDomain(narrow, wide)) return false;
    if (this.#isBetween(narrow, wide) || this.#isBetween(wide, narrow)) return false;
    const merged: Group = { ...wide, members: new Set([...narrow.members, ...wide.members]) };
    if ([...merged.members].some((member) => levelOf(merged, member.shape) === null)) return false;
    return this.#fits(merged) && [...merged.members].every((member) => this.#isAligned(member, merged));
  }
}

/** The value itself under any number of reshapes. */
function behindReshapes(node: Node): Node {
  let value = node;
  while (value.primitive.name === "reshape") value = value.inputs[0] as Node;
  return value;
}
