/** @file A loop group to a kernel call: schedule, lanes, bindings, code. */
import {
  type BindingRange,
  type Call,
  type GemmKernel,
  type GemmTile,
  type LoopKernel,
  type Target,
  type Template,
  workgroupCount,
} from "@tenrec/kernels";
import type { Node } from "../graph/node.ts";
import { bindValues, type Placement } from "./bindings.ts";
import { CodeWriter, ParamTable, usesOf } from "./code.ts";
import { collapseAxes, type LoopDraft } from "./collapse.ts";
import { Lanes } from "./lanes.ts";

/** What emission knows of the plan: where values lie, run-time scalars, and the device. */
export interface EmitContext {
  readonly target: Target;
  placeOf(node: Node): Placement;
  bufferBytes(buffer: number): number;
  scalarOf(node: Node): number;
  /** Of another plan, to be taken over. */
  readonly choices: Choices | null;
}

/** Choices to take over, used up in the order of the kernels. */
export interface Choices {
  readonly tiles: GemmTile[];
  readonly loops: LoopForm[];
}

type LoopForm = Pick<LoopKernel, "schedule" | "workgroupSize" | "subgroups">;

/**
 * Invocations that share a row on a CPU renderer. A processor runs all of a workgroup, and every barrier switches between its subgroups:
 * 64 columns of 512 values are summed in 7.6 ms by 64 invocations each, in 1.8 by 16 (SwiftShader, npm webgpu 0.6.2, 2026-11-30).
 */
const fewInvocations = 16;

/** Elements of a column that one invocation walks even where there are too few columns to fill a machine. */
const shallowColumn = 256;

export function emitLoop(draft: LoopDraft, label: string, context: EmitContext): Call {
  const loop = collapseAxes(draft);
  const form = chooseForm(loop, context);
  const { schedule } = form;
  const laneAxis = context.target.lanes === 4 ? chooseLaneAxis(loop, schedule) : null;
  const roots = loop.stages.map((stage) => stage.value);
  const lanes = new Lanes(loop.expressions, laneAxis);
  const uses = usesOf(lanes, roots, loop.stores);
  const table = bindValues(uses, context.placeOf, context.bufferBytes);
  const params = new ParamTable();
  for (const { extent } of loop.axes) params.add(extent, "uint32");
  const writer = new CodeWriter(lanes, params, table.access, context.scalarOf);
  writer.write(roots, loop.stores);
  const body = writer.body(loop.stores);
  const rows = loop.axes.filter((axis) => !axis.inner).length;
  const kernel: LoopKernel = {
    form: "loop",
    label: `loop_${schedule}${laneAxis === null ? "" : "_x4"}+${label}`,
    rows,
    cols: loop.axes.length - rows,
    ...form,
    lanes: laneAxis === null ? 1 : 4,
    laneAxis: laneAxis ?? Math.max(0, rows - 1),
    bindings: table.bindings,
    numParams: params.words.length,
    stages: loop.stages.map(({ op, dtype, value }) => ({ op, dtype, value: writer.idOf(value) })),
    body,
  };
  return finishCall(measured(kernel, params, context), params, table.ranges);
}

/** The form that was measured to be the fastest on this device, if any; another plan's choices go before. */
export function measured<K extends LoopKernel | GemmKernel>(
  kernel: K,
  params: ParamTable,
  { target, choices }: EmitContext,
): K {
  return choices ? kernel : (target.variantOf?.(kernel, params.toWords()) ?? kernel);
}

/** What tells kernels apart: labels do not, a template does by its name. */
function structureOf(name: string, value: unknown): unknown {
  if (name === "label") return undefined;
  // JSON has one word for NaN and the infinities, and none for -0.
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return "-0";
  return name === "template" ? (value as Template).name : value;
}

/** Completes a call: structural key (labels are no structure, templates are their names) and grid. */
export function finishCall(
  kernel: Call["kernel"],
  params: ParamTable,
  ranges: readonly BindingRange[],
  workgroups?: number,
): Call {
  const words = params.toWords();
  return {
    kind: "call",
    kernel,
    key: JSON.stringify(kernel, structureOf),
    bindings: ranges,
    params: words,
    workgroups: workgroups ?? workgroupCount(kernel, words),
    scalars: params.scalars,
  };
}

/** The same call of another kernel that computes the same. */
export function withKernel(call: Call, kernel: LoopKernel | GemmKernel): Call {
  const key = JSON.stringify(kernel, structureOf);
  return { ...call, kernel, key, workgroups: workgroupCount(kernel, call.params) };
}

const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);

function chooseForm(loop: LoopDraft, { target, choices }: EmitContext): LoopForm {
  const own = chooseSchedule(loop, target);
  const given = choices?.loops.shift();
  // A kernel without inner axes is flat, whatever the other plan had.
  const { schedule, workgroupSize, subgroups } =
    given && (given.schedule === "flat") === (own === "flat") ? given : ownForm(own, loop, target);
  return { schedule, workgroupSize, ...(subgroups ? { subgroups } : {}) };
}

function ownForm(schedule: LoopKernel["schedule"], { stages }: LoopDraft, target: Target): LoopForm {
  const meets = target.subgroups && schedule === "workgroup" && stages.length > 0;
  const renders = target.name === "webgpu" && target.software;
  const workgroupSize = renders && schedule === "workgroup" ? fewInvocations : target.workgroupSize;
  return { schedule, workgroupSize, ...(meets ? { subgroups: true } : {}) };
}

function chooseSchedule(loop: LoopDraft, target: Target): LoopKernel["schedule"] {
  const { axes } = loop;
  const inner = axes.filter((axis) => axis.inner).map((axis) => axis.extent);
  if (inner.length === 0) return "flat";
  const rowAxis = axes.length - inner.length - 1;
  if (rowAxis < 0) return product(inner) <= 32 ? "thread" : "workgroup";
  const rows = product(axes.filter((axis) => !axis.inner).map((axis) => axis.extent));
  if (walksColumns(loop, rowAxis)) {
    const fillsMachine = rows >= (target.software ? 1 << 10 : 1 << 13);
    return !fillsMachine && product(inner) > shallowColumn ? "workgroup" : "thread";
  }
  return product(inner) <= longestWalk(rows, target) ? "thread" : "workgroup";
}

/** Rows that keep a CPU renderer busy: fewer share the work on each of them, barriers or not. */
const busyRows = 16;

const longestWalk = (rows: number, { software, narrowRow }: Target): number =>
  software && rows < busyRows ? Math.min(narrowRow, 256) : narrowRow;

/** True where neighbouring rows, not neighbouring inner elements, are neighbours in memory (a sum over leading axes). */
function walksColumns({ axes, expressions }: LoopDraft, rowAxis: number): boolean {
  const last = axes.length - 1;
  return expressions.list.some(
    ({ op, affine }) => op === "load" && affine?.factorOf(rowAxis) === 1 && affine.factorOf(last) > 1,
  );
}

/** The axis along which four lanes pay: the last one that memory runs along, if its extent allows; null for one lane. */
function chooseLaneAxis(loop: LoopDraft, schedule: LoopKernel["schedule"]): number | null {
  const rows = loop.axes.filter((axis) => !axis.inner).length;
  const last = loop.axes.length - 1;
  if (schedule === "flat") return flatLaneAxis(loop, last);
  if (isOneRow(loop)) return null;
  if (allowsLanes(loop, last, "full")) return last;
  return rows > 0 && allowsLanes(loop, rows - 1, "row") ? rows - 1 : null;
}

/** One workgroup reduces everything (never much, `splitLong`): lanes gain little, and would tell batches of odd sizes from the others. */
const isOneRow = ({ axes }: LoopDraft): boolean => axes.every(({ extent, inner }) => inner || extent === 1);

function flatLaneAxis(loop: LoopDraft, last: number): number | null {
  const lanes = new Lanes(loop.expressions, last);
  if (last < 0 || !loop.stores.every((store) => storesLanes(store, lanes))) return null;
  return last === 0 || (loop.axes[last]?.extent ?? 1) % 4 === 0 ? last : null;
}

const storesLanes = (store: LoopDraft["stores"][number], lanes: Lanes): boolean =>
  store.op === "or" || lanes.isVector(store.affine);

/** Lanes along an inner axis need vector `full` stores, along a row axis vector `row` stores; some load must gain. */
function allowsLanes(loop: LoopDraft, axis: number, level: "full" | "row"): boolean {
  const { extent, inner } = loop.axes[axis] ?? { extent: 1, inner: false };
  if (extent % 4 !== 0 || inner !== (level === "full")) return false;
  const stores = level === "full" ? loop.stores.filter((store) => store.level === "full") : loop.stores;
  const lanes = new Lanes(loop.expressions, axis);
  if (!stores.every((store) => storesLanes(store, lanes))) return false;
  const loads = loop.expressions.list.filter((e) => e.op === "load");
  return loads.some((load) => load.affine !== undefined && lanes.isVector(load.affine));
}
