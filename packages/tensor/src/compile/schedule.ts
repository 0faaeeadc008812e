/** @file Order of kernels: hazards of variables overwritten in place, independent kernels side by side, arena updates last. */
import type { Node } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { type Group, hasInner, levelOf } from "./group.ts";
import type { Grouping } from "./grouping.ts";
import type { Lowering } from "./lower.ts";

/** Kernels that run in one dispatch: one group, or independent contractions side by side. */
export type ScheduleStep = readonly Group[];

export interface Schedule {
  readonly steps: readonly ScheduleStep[];
  /** Roots that cannot be written in place: computed elsewhere and copied at the end. */
  readonly deferred: ReadonlySet<Node>;
  /** Arena updates that nobody reads: the last steps, in any order. */
  readonly updates: ReadonlySet<Group>;
}

export interface ScheduleInput {
  readonly grouping: Grouping;
  /** Of loop and gemm groups. */
  readonly lowerings: ReadonlyMap<Group, Lowering>;
  /** For each root written to a variable, the leaves whose memory it overwrites. */
  readonly overwrites: ReadonlyMap<Node, readonly Node[]>;
  readonly sideBySide: boolean;
}

export function schedule(input: ScheduleInput): Schedule {
  const producers = new Map([...input.grouping.producers].map(([group, set]) => [group, new Set(set)]));
  const deferred = new Set<Node>();
  for (const [root, leaves] of input.overwrites) {
    if (!orderReaders(input, producers, root, leaves)) deferred.add(root);
  }
  const updates = unreadUpdates(input.grouping, producers);
  const depth = depths(input.grouping, producers, updates);
  const order = [...input.grouping.groups].sort(
    (a, b) => (depth.get(a) as number) - (depth.get(b) as number) || kindRank(a) - kindRank(b) || a.id - b.id,
  );
  const { arenaGroups } = input.grouping;
  const steps = input.sideBySide ? sideBySide(order, depth, arenaGroups) : order.map((group) => [group]);
  return { steps, deferred, updates };
}

/** Kernels that may share a dispatch follow each other. */
const kindRank = ({ kind }: Group): number => (kind === "gemm" ? 0 : kind === "loop" ? 1 : 2);

type Producers = Map<Group, Set<Group>>;

/** Makes every reader of the old value run before the write; false where that is impossible. */
function orderReaders(
  input: ScheduleInput,
  producers: Producers,
  root: Node,
  leaves: readonly Node[],
): boolean {
  const writer = input.grouping.groupOf.get(root) as Group;
  const before: Group[] = [];
  for (const group of input.grouping.groups) {
    const read = leaves.filter((leaf) => input.grouping.loadsOf(group).has(leaf));
    if (read.length === 0) continue;
    if (group !== writer) before.push(group);
    else if (!readsInPlace(input.lowerings.get(group), group, root, read)) return false;
  }
  if (before.some((reader) => dependsOn(producers, reader, writer))) return false;
  for (const reader of before) producers.get(writer)?.add(reader);
  return true;
}

/** Each element is read only where it is written. Of a template nothing is known. */
function readsInPlace(
  lowering: Lowering | undefined,
  group: Group,
  root: Node,
  leaves: readonly Node[],
): boolean {
  if (!lowering) return false;
  if (group.kind === "gemm" && operandReads(group, leaves)) return false;
  // Without a reduction no barrier lies between the row's readers and the invocation that stores it.
  if (hasInner(group) && lowering.stages.length === 0 && levelOf(group, root.shape) === "row") return false;
  const { key } = lowering.position(root);
  return lowering.expressions.list.every(
    ({ op, node, affine }) => op !== "load" || !leaves.includes(node as Node) || affine?.key === key,
  );
}

function operandReads(group: Group, leaves: readonly Node[]): boolean {
  const stack = [...(group.contraction?.inputs ?? [])];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (leaves.includes(node)) return true;
    if (!group.members.has(node)) stack.push(...node.inputs);
  }
  return false;
}

function dependsOn(producers: Producers, group: Group, on: Group): boolean {
  const seen = new Set([group]);
  const stack = [group];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (next === on) return true;
    for (const producer of producers.get(next) ?? []) {
      if (!seen.has(producer)) stack.push(producer);
      seen.add(producer);
    }
  }
  return false;
}

function unreadUpdates(grouping: Grouping, producers: Producers): ReadonlySet<Group> {
  const read = new Set([...producers.values()].flatMap((set) => [...set]));
  return new Set([...grouping.arenaGroups].filter((group) => !read.has(group)));
}

/** Longest path from the inputs; arena updates that nobody reads wait for each other, so that they can be one kernel. */
function depths(grouping: Grouping, producers: Producers, updates: ReadonlySet<Group>): Map<Group, number> {
  const depth = new Map<Group, number>();
  const visit = (root: Group): void => {
    const stack = [root];
    for (let group = stack.at(-1); group; group = stack.at(-1)) {
      const inputs = [...(producers.get(group) ?? [])];
      const missing = inputs.filter((producer) => !depth.has(producer));
      if (missing.length > 0) {
        stack.push(...missing);
        continue;
      }
      depth.set(group, 1 + Math.max(-1, ...inputs.map((producer) => depth.get(producer) as number)));
      stack.pop();
    }
  };
  for (const group of grouping.groups) if (!depth.has(group)) visit(group);
  const last = Math.max(0, ...depth.values()) + 1;
  for (const group of updates) depth.set(group, last);
  return depth;
}

/** Kernels in one dispatch: more of them are a shader of its own for each combination. */
const maxBeside = 4;
/** Elements that a loop beside other kernels walks at most: a longer one fills the machine alone. */
const smallLoop = 1 << 22;

/** Calls of one template in one form share its workgroup memory. */
function callsAlike({ call: a }: Group, { call: b }: Group): boolean {
  const [one, other] = [a?.template, b?.template];
  return (
    one?.template === other?.template &&
    one?.workgroupSize === other?.workgroupSize &&
    JSON.stringify(one?.constants) === JSON.stringify(other?.constants)
  );
}

/** Groups of equal depth are independent: up to four share a dispatch, where bindings allow (`combineSide`). */
function sideBySide(
  order: readonly Group[],
  depth: ReadonlyMap<Group, number>,
  arenaGroups: ReadonlySet<Group>,
): ScheduleStep[] {
  const ridesAlong = (group: Group): boolean => {
    if (arenaGroups.has(group) || group.call?.template === null) return false;
    return group.kind !== "loop" || shapeOf(group.shape).size <= smallLoop;
  };
  const steps: Group[][] = [];
  for (const group of order) {
    const previous = steps.at(-1);
    const [first] = previous ?? [];
    const fits = first && depth.get(first) === depth.get(group) && callsAlike(first, group);
    if (previous && fits && ridesAlong(first) && ridesAlong(group) && previous.length < maxBeside)
      previous.push(group);
    else steps.push([group]);
  }
  return steps;
}
