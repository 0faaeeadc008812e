/** @file compile: recorded nodes to a Plan. Each stage is a pure function over data: prepare, group, lower, schedule, plan memory, emit. */
import { type Call, type Plan, type PlanCopy, type PlanStep, planCalls, type Target } from "@tenrec/kernels";
import { bytesOf, isHalf, type Node } from "../graph/node.ts";
import { axisAffine, constantAffine } from "./affine.ts";
import { combineSide, mergeArenaCalls } from "./combine.ts";
import { emitGemm } from "./emitGemm.ts";
import { type Choices, type EmitContext, emitLoop } from "./emitLoop.ts";
import { emitTemplate } from "./emitTemplate.ts";
import type { DraftStore } from "./expression.ts";
import { type Flow, planFlow } from "./flow.ts";
import { describeGroup, type Group, hasInner, levelOf, loopGroup } from "./group.ts";
import type { Grouping } from "./grouping.ts";
import { type Level, type LevelInput, planLevel } from "./level.ts";
import { gemmAxes, Lowering } from "./lower.ts";
import { type ExternalPlace, type MemoryPlan, planMemory } from "./planMemory.ts";
import { copyOf, GraphBuilder } from "./prepare.ts";
import type { Schedule, ScheduleStep } from "./schedule.ts";
import { sharesOf } from "./shares.ts";
import { PartCounts } from "./split.ts";

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
  /** Name of who recorded a node, such as a layer. */
  makerOf?(node: Node): string;
}

/** Switches for benchmarks and bug hunts; all on by default. */
export interface CompileOptions {
  readonly fuse?: boolean;
  readonly sideBySide?: boolean;
  /** Readers compute cheap values anew instead of loading them. */
  readonly recompute?: boolean;
  /** Hand-written kernels for composites that have one; off: their decompositions. */
  readonly templates?: boolean;
  /** Take over the kernel choices (tiles, schedules) of this plan where the kernels correspond: a smaller batch builds no pipeline. */
  readonly like?: Pick<Compiled, "plan" | "partCounts">;
}

/** The stages' artefacts, kept for `explain`. */
export interface Compiled {
  readonly plan: Plan;
  readonly grouping: Grouping;
  readonly schedule: Schedule;
  /** Parts wanted for each product (split-K), in program order. */
  readonly partCounts: readonly number[];
  /** Bytes of slots by the name of who recorded what lies in them ("": unknown); empty where names were not asked for. */
  readonly activations: ReadonlyMap<string, number>;
}

export function compile(request: CompileRequest): Compiled {
  const { fuse = true, sideBySide = true, templates = true, recompute = true } = request.options ?? {};
  const { target } = request;
  const partCounts = new PartCounts(target, request.options?.like?.partCounts);
  const graph = prepare(request, partCounts, templates);
  const { scalars } = graph;
  const context = { target, partCounts, fuse, sideBySide, recompute, templates, scalars, planFlow };
  const level = planLevel(graph, context, request.numScalars);
  const memory = place(request, graph, level);
  const steps = emit(request, graph, level, memory);
  const { grouping, schedule } = level;
  const plan = finish(request, graph, schedule, memory, steps);
  if (!request.options?.like) target.watch?.((other) => compileApart(request, other));
  const { made } = partCounts;
  return { plan, grouping, schedule, partCounts: made, activations: activationsOf(request, graph, memory) };
}

function activationsOf(
  { makerOf }: CompileRequest,
  graph: Graph,
  { slots }: MemoryPlan,
): Compiled["activations"] {
  if (!makerOf) return new Map();
  return sharesOf(slots, (node) => {
    const origin = graph.originOf(node);
    return origin ? makerOf(origin) : "";
  });
}

/** For measuring single kernels: none of them lies beside another. */
function compileApart(request: CompileRequest, target: Target): Plan {
  return compile({ ...request, target, options: { ...request.options, sideBySide: false } }).plan;
}

interface Graph extends LevelInput {
  readonly roots: readonly Node[];
  /** Placeholders of stored leaves. */
  readonly places: ReadonlyMap<Node, ExternalPlace>;
  readonly scalars: Map<Node, number>;
  originOf(copy: Node): Node | null;
}

function prepare(request: CompileRequest, partCounts: PartCounts, templates: boolean): Graph {
  const isLeaf = (node: Node) => request.leafPlace(node) !== null;
  const builder = new GraphBuilder(isLeaf, request.target, partCounts, templates);
  const destinations = request.roots.map(({ to }) => to);
  const roots = builder
    .roots(request.roots.map((root) => root.node))
    // What a loop leaves in its own memory is copied to a variable's; of float16, copies of whole words may not begin at the last turn's place.
    .map((root, i) =>
      isResultOfLoop(root) && ("external" in (destinations[i] as Destination) || isHalf(root))
        ? copyOf(root)
        : root,
    );
  const places = new Map<Node, ExternalPlace>();
  const scalars = new Map<Node, number>();
  for (const [placeholder, leaf] of builder.leaves) {
    const place = request.leafPlace(leaf) as LeafPlace;
    if ("scalar" in place) scalars.set(placeholder, place.scalar);
    else places.set(placeholder, place);
  }
  const written = roots.flatMap((root, i) => {
    const to = destinations[i] as Destination;
    return "external" in to ? [{ root, to }] : [];
  });
  const shared = sharedPlaces([...places, ...written.map(({ root, to }) => [root, to] as const)]);
  return {
    roots,
    isLeaf: (node) => builder.leaves.has(node),
    isStoredLeaf: (node) => places.has(node),
    sharedBinding: (node) => shared.get(node) ?? null,
    places,
    scalars,
    originOf: (copy) => builder.originOf(copy),
    arenaRoots: new Set(
      written.filter(({ to }) => request.externals[to.external]?.arena).map(({ root }) => root),
    ),
    overwrites: new Map(written.map(({ root, to }) => [root, overlapping(root, to, places)])),
  };
}

const isResultOfLoop = ({ primitive, inputs }: Node): boolean =>
  primitive.family === "part" && inputs[0]?.primitive.flow === "scan";

/** Offsets that are no multiple of 256 cannot be bound by themselves: such a buffer is one binding for all its values. */
function sharedPlaces(places: readonly (readonly [Node, ExternalPlace])[]): Map<Node, number> {
  const whole = new Set(
    places.filter(([, { offset }]) => offset % 256 !== 0).map(([, { external }]) => external),
  );
  // Arrays of float16 are bindings of their own.
  const bindingOf = (node: Node, external: number): number => external + (isHalf(node) ? 0.5 : 0);
  return new Map(
    places.flatMap(([node, { external }]) =>
      whole.has(external) ? [[node, bindingOf(node, external)] as const] : [],
    ),
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

function place(request: CompileRequest, graph: Graph, level: Level): MemoryPlan {
  const places = new Map(graph.places);
  const kept = new Set<Node>();
  graph.roots.forEach((root, i) => {
    const to = (request.roots[i] as CompileRequest["roots"][number]).to;
    if ("external" in to && !level.schedule.deferred.has(root)) places.set(root, to);
    else kept.add(root);
  });
  const externalBytes = request.externals.map(({ bytes }) => bytes);
  return planMemory({ level, externalBytes, places, kept });
}

function emit(request: CompileRequest, graph: Graph, level: Level, memory: MemoryPlan): PlanStep[] {
  return emitLevel(level, {
    target: request.target,
    placeOf: memory.placeOf,
    bufferBytes: (buffer) => memory.buffers[buffer]?.bytes ?? 0,
    scalarOf: (node) => graph.scalars.get(node) as number,
    choices: request.options?.like ? choicesOf(request.options.like.plan) : null,
  });
}

function emitLevel(level: Level, context: EmitContext): PlanStep[] {
  const { steps, updates } = level.schedule;
  const isUpdate = ([first]: ScheduleStep) => first !== undefined && updates.has(first);
  const emitAll = (chosen: readonly ScheduleStep[]) =>
    chosen.flatMap((step) => emitStep(step, level, context));
  const before = emitAll(steps.filter((step) => !isUpdate(step)));
  return [...before, ...mergeArenaCalls(emitAll(steps.filter(isUpdate)) as Call[])];
}

function emitStep(step: ScheduleStep, level: Level, context: EmitContext): readonly PlanStep[] {
  const { grouping, lowerings, flows } = level;
  const flow = step[0] && flows.get(step[0]);
  if (flow) return emitFlow(flow, context);
  const parts = step.map((group) => {
    const lowering = lowerings.get(group);
    return lowering
      ? emitGroup(group, grouping, lowering, context)
      : emitTemplate(group, grouping.isStored, context);
  });
  return combineSide(parts, context.target);
}

function emitFlow(flow: Flow, context: EmitContext): PlanStep[] {
  if (flow.kind === "scan") {
    const { count, scalar, body } = flow;
    return [{ kind: "repeat", count, iteration: scalar, steps: emitLevel(body.level, context) }];
  }
  const { buffer, offset } = context.placeOf(flow.flags);
  return flow.branches.map(({ body }, i) => ({
    kind: "branch",
    buffer,
    offset: offset + 4 * i,
    steps: emitLevel(body.level, context),
  }));
}

/** Tiles and schedules of an earlier plan, in the order of its kernels. */
function choicesOf(like: Plan): Choices {
  const kernels = planCalls(like).flatMap(({ kernel }) => (kernel.form === "side" ? kernel.parts : [kernel]));
  return {
    tiles: kernels.flatMap((kernel) => (kernel.form === "gemm" ? [kernel.tile] : [])),
    loops: kernels.filter((kernel) => kernel.form === "loop"),
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
  steps: readonly PlanStep[],
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
    steps,
    copies,
    numExternals: request.externals.length,
    numResults: request.numResults,
    numScalars: request.numScalars,
    slotBytes: memory.slotBytes,
  };
}

/** The kernels of a compiled graph as text, one line a dispatch; those of loops and branches are indented. */
export function describe({ plan, schedule: { steps } }: Compiled): string {
  const domains = steps.map((step) => step.map(describeGroup).join(" | "));
  return [`groups: ${domains.join("; ")}`, ...describeSteps(plan.steps, "")].join("\n");
}

function describeSteps(steps: readonly PlanStep[], indent: string): string[] {
  return steps.flatMap((step) => {
    if (step.kind === "call") return [`${indent}${step.kernel.label} (${step.workgroups} workgroups)`];
    const head =
      step.kind === "repeat"
        ? `repeat ${step.count} times (scalar ${step.iteration} counts)`
        : `if the word at byte ${step.offset} of buffer ${step.buffer} is set`;
    return [`${indent}${head}`, ...describeSteps(step.steps, `${indent}  `)];
  });
}
