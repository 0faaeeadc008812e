/** @file compile: recorded nodes to a Plan. Each stage is a pure function over data: prepare, group, lower, schedule, plan memory, emit. */
import type { Call, Plan, PlanCopy, Target } from "@tenrec/kernels";
import { bytesOf, type Node } from "../graph/node.ts";
import { axisAffine, constantAffine } from "./affine.ts";
import { combineSide, mergeArenaCalls } from "./combine.ts";
import { emitGemm } from "./emitGemm.ts";
import { type Choices, type EmitContext, emitLoop } from "./emitLoop.ts";
import { emitTemplate } from "./emitTemplate.ts";
import type { DraftStore } from "./expression.ts";
import { describeGroup, type Group, hasInner, levelOf, loopGroup } from "./group.ts";
import { type Grouping, groupNodes } from "./grouping.ts";
import { gemmAxes, Lowering } from "./lower.ts";
import { type ExternalPlace, type MemoryPlan, planMemory } from "./planMemory.ts";
import { GraphBuilder } from "./prepare.ts";
import { type Schedule, schedule } from "./schedule.ts";

/** Where a leaf's value comes from: a range of an external buffer, or a run-time scalar. */
export type LeafPlace = ExternalPlace | { readonly scalar: number };

/** Where a root's value goes: written in place into an external buffer, or copied into a result at the end. */
export type Destination = ExternalPlace | { readonly result: number; readonly offset: number };

export interface CompileRequest {
  readonly label: string;
  readonly roots: readonly { readonly node: Node; readonly to: Destination }[];
  /** The nodes that already have a value; everything the roots need besides must lead to these. */
  leafPlace(node: Node): LeafPlace | null;
  /** Arenas hold variables one after another (parameters, moments): their updates become flat kernels. */
  readonly externals: readonly { readonly bytes: number; readonly arena: boolean }[];
  readonly numResults: number;
  readonly numScalars: number;
  readonly target: Target;
  readonly options?: CompileOptions;
}

/** Switches for benchmarks and bug hunts; all on by default. */
export interface CompileOptions {
  readonly fuse?: boolean;
  readonly sideBySide?: boolean;
  /** Hand-written kernels for composites that have one; off: their decompositions. */
  readonly templates?: boolean;
  /** Take over the kernel choices (tiles, schedules) of this plan where the kernels correspond: a smaller batch builds no pipeline. */
  readonly like?: Plan;
}

/** The stages' artefacts, kept for `explain`. */
export interface Compiled {
  readonly plan: Plan;
  readonly grouping: Grouping;
  readonly schedule: Schedule;
}

export function compile(request: CompileRequest): Compiled {
  const graph = prepare(request);
  const grouping = groupNodes({
    order: graph.order,
    roots: new Set(graph.roots),
    arenaRoots: graph.arenaRoots,
    isStoredLeaf: (node) => graph.places.has(node),
    sharedBinding: (node) => graph.shared.get(node) ?? null,
    target: request.target,
    fuse: request.options?.fuse ?? true,
  });
  const lowerings = new Map(
    grouping.groups.filter(({ call }) => !call).map((group) => [group, lowerMembers(group, grouping)]),
  );
  const plan = schedule({
    grouping,
    lowerings,
    overwrites: graph.overwrites,
    sideBySide: request.options?.sideBySide ?? true,
  });
  const memory = place(request, graph, grouping, plan);
  const calls = emit(request, graph, grouping, plan, memory, lowerings);
  return { plan: finish(request, graph, plan, memory, calls), grouping, schedule: plan };
}

interface Graph {
  readonly roots: readonly Node[];
  readonly order: readonly Node[];
  /** Placeholders of stored leaves. */
  readonly places: ReadonlyMap<Node, ExternalPlace>;
  readonly scalars: ReadonlyMap<Node, number>;
  readonly arenaRoots: ReadonlySet<Node>;
  readonly overwrites: ReadonlyMap<Node, readonly Node[]>;
  /** External of the leaves and roots that lie in buffers of small state, which are bound whole. */
  readonly shared: ReadonlyMap<Node, number>;
}

function prepare(request: CompileRequest): Graph {
  const templates = request.options?.templates ?? true;
  const builder = new GraphBuilder((node) => request.leafPlace(node) !== null, request.target, templates);
  const roots = builder.roots(request.roots.map((root) => root.node));
  const places = new Map<Node, ExternalPlace>();
  const scalars = new Map<Node, number>();
  for (const [placeholder, leaf] of builder.leaves) {
    const place = request.leafPlace(leaf) as LeafPlace;
    if ("scalar" in place) scalars.set(placeholder, place.scalar);
    else places.set(placeholder, place);
  }
  const destinations = roots.map((_, i) => (request.roots[i] as CompileRequest["roots"][number]).to);
  const written = roots.flatMap((root, i) => {
    const to = destinations[i] as Destination;
    return "external" in to ? [{ root, to }] : [];
  });
  return {
    roots,
    order: programOrder(roots),
    places,
    scalars,
    arenaRoots: new Set(
      written.filter(({ to }) => request.externals[to.external]?.arena).map(({ root }) => root),
    ),
    overwrites: new Map(written.map(({ root, to }) => [root, overlapping(root, to, places)])),
    shared: sharedPlaces([...places, ...written.map(({ root, to }) => [root, to] as const)]),
  };
}

function programOrder(roots: readonly Node[]): Node[] {
  const seen = new Set<Node>(roots);
  const stack = [...roots];
  for (let node = stack.pop(); node; node = stack.pop()) {
    for (const input of node.inputs) {
      if (seen.has(input)) continue;
      seen.add(input);
      stack.push(input);
    }
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** Offsets that are no multiple of 256 cannot be bound by themselves: such a buffer is one binding for all its values. */
function sharedPlaces(places: readonly (readonly [Node, ExternalPlace])[]): Map<Node, number> {
  const whole = new Set(
    places.filter(([, { offset }]) => offset % 256 !== 0).map(([, { external }]) => external),
  );
  return new Map(
    places.flatMap(([node, { external }]) => (whole.has(external) ? [[node, external] as const] : [])),
  );
}

function overlapping(root: Node, to: ExternalPlace, places: ReadonlyMap<Node, ExternalPlace>): Node[] {
  const end = to.offset + bytesOf(root);
  return [...places].flatMap(([leaf, place]) =>
    place.external === to.external && place.offset < end && to.offset < place.offset + bytesOf(leaf)
      ? [leaf]
      : [],
  );
}

/** Lowers every stored member of a group (others come along as needed). */
function lowerMembers(group: Group, grouping: Grouping): Lowering {
  const lowering = new Lowering(group, grouping.isStored);
  const members = [...group.members].sort((a, b) => a.id - b.id);
  for (const member of members) lowering.member(member);
  return lowering;
}

function place(request: CompileRequest, graph: Graph, grouping: Grouping, plan: Schedule): MemoryPlan {
  const places = new Map(graph.places);
  const kept = new Set<Node>();
  graph.roots.forEach((root, i) => {
    const to = (request.roots[i] as CompileRequest["roots"][number]).to;
    if ("external" in to && !plan.deferred.has(root)) places.set(root, to);
    else kept.add(root);
  });
  const externalBytes = request.externals.map(({ bytes }) => bytes);
  return planMemory({ grouping, schedule: plan, externalBytes, places, kept });
}

function emit(
  request: CompileRequest,
  graph: Graph,
  grouping: Grouping,
  plan: Schedule,
  memory: MemoryPlan,
  lowerings: ReadonlyMap<Group, Lowering>,
): Call[] {
  const context: EmitContext = {
    target: request.target,
    placeOf: memory.placeOf,
    bufferBytes: (buffer) => memory.buffers[buffer]?.bytes ?? 0,
    scalarOf: (node) => graph.scalars.get(node) as number,
    choices: choicesOf(request.options?.like),
  };
  const calls = plan.steps.flatMap((step) => {
    const parts = step.map((group) => {
      const lowering = lowerings.get(group);
      return lowering
        ? emitGroup(group, grouping, lowering, context)
        : emitTemplate(group, grouping.isStored, context);
    });
    return combineSide(parts, request.target.maxBindings);
  });
  return mergeArenaCalls(calls);
}

/** Tiles and schedules of an earlier plan, in the order of its kernels. */
function choicesOf(like: Plan | undefined): Choices {
  const kernels = (like?.steps ?? []).flatMap((step) => {
    if (step.kind !== "call") return [];
    return step.kernel.form === "side" ? step.kernel.parts : [step.kernel];
  });
  return {
    tiles: kernels.flatMap((kernel) => (kernel.form === "gemm" ? [kernel.tile] : [])),
    schedules: kernels.flatMap((kernel) => (kernel.form === "loop" ? [kernel.schedule] : [])),
  };
}

function emitGroup(group: Group, grouping: Grouping, lowering: Lowering, context: EmitContext): Call {
  const stored = grouping.storedMembers(group);
  const stores = stored
    .filter((node) => node !== group.columnSum)
    .map((node) => storeOf(node, group, lowering));
  const label = labelOf(group);
  if (group.kind === "loop") {
    const { axes, expressions, stages } = lowering;
    return emitLoop({ axes, expressions, stages, stores }, label, context);
  }
  const contraction = group.contraction as Node;
  const columnSum = group.columnSum && columnSumDraft(group.columnSum);
  const draft = { contraction, epilogue: lowering, stores, columnSum };
  return emitGemm(draft, columnSum ? `${label}+colsum` : label, grouping.isStored, context);
}

function storeOf(node: Node, group: Group, lowering: Lowering): DraftStore {
  const level =
    hasInner(group) && lowering.axes.some((axis) => axis.inner) ? levelOf(group, node.shape) : "full";
  return {
    op: "set",
    node,
    affine: lowering.position(node),
    value: lowering.member(node),
    level: level ?? "full",
  };
}

/** `acc` stored along n. */
function columnSumDraft(sum: Node): { lowering: Lowering; stores: readonly DraftStore[] } {
  const lowering = new Lowering(loopGroup([]), () => true);
  const value = lowering.op("acc", "float32");
  const n = sum.shape.size;
  const affine = n === 1 ? constantAffine(0) : axisAffine(gemmAxes.n, n);
  return { lowering, stores: [{ op: "set", node: sum, affine, value, level: "full" }] };
}

/** Names of the operations in a kernel, shortened. */
function labelOf(group: Group): string {
  const names = [...group.members]
    .filter((node) => node !== group.contraction)
    .map((node) => node.primitive.name);
  const shown = [...new Set(names)].slice(0, 6);
  const text = shown.length < new Set(names).size ? `${shown.join("+")}+...` : shown.join("+");
  return group.kind === "loop" ? text : text && `+${text}`;
}

function finish(
  request: CompileRequest,
  graph: Graph,
  plan: Schedule,
  memory: MemoryPlan,
  calls: readonly Call[],
): Plan {
  const copies = graph.roots.flatMap((root, i): PlanCopy[] => {
    const { to } = request.roots[i] as CompileRequest["roots"][number];
    if ("external" in to && !plan.deferred.has(root)) return [];
    const { buffer, offset } = memory.placeOf(root);
    const target = "external" in to ? { buffer: to.external, offset: to.offset } : to;
    return [{ from: buffer, fromOffset: offset, to: target, bytes: Math.ceil(bytesOf(root) / 4) * 4 }];
  });
  return {
    label: request.label,
    buffers: memory.buffers,
    steps: calls,
    copies,
    numExternals: request.externals.length,
    numResults: request.numResults,
    numScalars: request.numScalars,
    slotBytes: memory.slotBytes,
  };
}

/** The kernels of a compiled graph as text, one line a dispatch. */
export function describe({ plan, schedule: { steps } }: Compiled): string {
  const domains = steps.map((step) => step.map(describeGroup).join(" | "));
  const calls = plan.steps.map((step) =>
    step.kind === "call" ? `${step.kernel.label} (${step.workgroups} workgroups)` : step.kind,
  );
  return [`groups: ${domains.join("; ")}`, ...calls].join("\n");
}
