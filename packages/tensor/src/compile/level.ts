/** @file Level, a graph whose kernels are scheduled together: the whole graph, or a sub-graph of control flow in it. */
import type { Target } from "@tenrec/kernels";
import type { Node } from "../graph/node.ts";
import type { Flow, PlanFlow } from "./flow.ts";
import type { Group } from "./group.ts";
import { type Grouping, groupNodes } from "./grouping.ts";
import { Lowering } from "./lower.ts";
import { ownedInputs } from "./prepare.ts";
import { type Schedule, schedule } from "./schedule.ts";
import type { PartCounts } from "./split.ts";

export interface LevelInput {
  readonly roots: readonly Node[];
  /** Leaves and values from outside: what lies behind them is no part of this level. */
  readonly isLeaf: (node: Node) => boolean;
  readonly isStoredLeaf: (node: Node) => boolean;
  readonly arenaRoots: ReadonlySet<Node>;
  readonly overwrites: ReadonlyMap<Node, readonly Node[]>;
  readonly sharedBinding: (node: Node) => number | null;
}

/** What all levels of a compilation share. */
export interface LevelContext {
  readonly target: Target;
  readonly partCounts: PartCounts;
  readonly fuse: boolean;
  readonly sideBySide: boolean;
  readonly recompute: boolean;
  readonly templates: boolean;
  /** Run-time scalars of leaves, those of sub-graphs included. */
  readonly scalars: Map<Node, number>;
  /** Plans the sub-graphs of a group of control flow. Control flow inside takes scalars from `scalar` on. */
  readonly planFlow: PlanFlow;
}

export interface Level {
  readonly grouping: Grouping;
  readonly lowerings: ReadonlyMap<Group, Lowering>;
  readonly schedule: Schedule;
  readonly flows: ReadonlyMap<Group, Flow>;
}

/** Groups, lowers and schedules; `scalar`: the first index that a repeat may count in. */
export function planLevel(input: LevelInput, context: LevelContext, scalar: number): Level {
  const { target, fuse, sideBySide, recompute } = context;
  const order = programOrder(input.roots, input.isLeaf);
  const grouping = groupNodes({
    order,
    roots: new Set([...input.roots, ...order.flatMap((node) => node.inputs.slice(0, ownedInputs(node)))]),
    arenaRoots: input.arenaRoots,
    isStoredLeaf: input.isStoredLeaf,
    sharedBinding: input.sharedBinding,
    target,
    fuse,
    recompute,
  });
  const kernels = grouping.groups.filter(({ call }) => !call);
  const lowerings = new Map(kernels.map((group) => [group, lowerMembers(group, grouping)]));
  const flows = new Map(
    grouping.groups
      .filter(({ call }) => call?.template === null)
      .map((group) => [group, context.planFlow(group, grouping, context, scalar)]),
  );
  const plan = schedule({ grouping, lowerings, overwrites: input.overwrites, sideBySide });
  return { grouping, lowerings, schedule: plan, flows };
}

function programOrder(roots: readonly Node[], isLeaf: (node: Node) => boolean): Node[] {
  const seen = new Set<Node>(roots);
  const stack = [...roots];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isLeaf(node)) continue;
    for (const input of node.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      stack.push(input);
    }
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** Lowers every stored member of a group (others come along as needed). */
function lowerMembers(group: Group, grouping: Grouping): Lowering {
  const lowering = new Lowering(group, grouping.isStored);
  const members = [...group.members].sort((a, b) => a.id - b.id);
  for (const member of members) lowering.member(member);
  return lowering;
}
