/** @file WGSL of generated loop kernels: flat, one thread per row, or one workgroup per row. */
import type { LoopKernel, Stage, Store } from "../ir/kernel.ts";
import { type Analysis, analyse } from "./analysis.ts";
import { indent, type PartFrame } from "./part.ts";
import { type Accumulator, accumulator } from "./reduction.ts";
import { paramWord, Scope, type Sources } from "./scope.ts";
import { type Lanes, typeName } from "./types.ts";

/** What the stage and loop writers share. */
interface Loop {
  readonly kernel: LoopKernel;
  readonly frame: PartFrame;
  readonly analysis: Analysis;
  readonly sources: Sources;
  /** The statements of the row, into which stages put their results. */
  readonly row: Scope;
  readonly declarations: string[];
  /** The lanes run along a row axis, so each lane has its own row. */
  readonly rowLanes: boolean;
}

const axisName = (axis: number) => `a${axis}`;

function extent(loop: Pick<Loop, "frame">, axis: number): string {
  return paramWord(loop.frame.paramBase + axis);
}

/** Steps along an axis: a quarter where lanes run along it, rounded up (only one-axis flat kernels have a remainder). */
function stepsAlong(loop: Loop, axis: number): string {
  const { lanes, laneAxis } = loop.kernel;
  return lanes === 4 && axis === laneAxis ? `((${extent(loop, axis)} + 3u) >> 2u)` : extent(loop, axis);
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** Indices of `axes` from the linear step `linear` (u32), innermost fastest. */
function recoverAxes(loop: Loop, axes: readonly number[], linear: string): string[] {
  const { lanes, laneAxis } = loop.kernel;
  const lines: string[] = [];
  let rest = linear;
  for (const axis of [...axes].reverse()) {
    const outermost = axis === axes[0];
    const step = outermost ? rest : `${rest} % ${stepsAlong(loop, axis)}`;
    const scale = lanes === 4 && axis === laneAxis ? " << 2u" : "";
    lines.push(`let ${axisName(axis)} = i32(${step})${scale};`);
    if (outermost) break;
    const next = `rest${axis}`;
    lines.push(`let ${next} = ${rest} / ${stepsAlong(loop, axis)};`);
    rest = next;
  }
  return lines;
}

function productOf(loop: Loop, axes: readonly number[]): string {
  return axes.length === 0 ? "1u" : axes.map((axis) => stepsAlong(loop, axis)).join(" * ");
}

/** Inner axes as bits; a step that reads any of them belongs into the inner loop. */
function innerBits({ rows, cols }: LoopKernel): number {
  return range(rows, cols).reduce((bits, axis) => bits | (1 << axis), 0);
}

/** The row-major index within the inner axes, int32, for argmax. */
function linearInner(loop: Loop): { text: string; lanes: Lanes } {
  const { rows, cols, lanes, laneAxis } = loop.kernel;
  const text = range(rows, cols)
    .slice(1)
    .reduce((sum, axis) => `(${sum}) * i32(${extent(loop, axis)}) + ${axisName(axis)}`, axisName(rows));
  if (lanes === 1) return { text, lanes: 1 };
  if (laneAxis < rows) return { text: `vec4<i32>(${text})`, lanes: 4 };
  return { text: `vec4<i32>(${text}) + vec4<i32>(0, 1, 2, 3)`, lanes: 4 };
}

/** The inner loop around what `fill` writes into its innermost block. Row-level steps land in the row before it. */
function innerLoop(loop: Loop, fill: (inner: Scope) => string[]): string[] {
  return loop.kernel.schedule === "workgroup" ? stridedLoop(loop, fill) : nestedLoops(loop, fill);
}

function stridedLoop(loop: Loop, fill: (inner: Scope) => string[]): string[] {
  const { rows, cols } = loop.kernel;
  const bits = innerBits(loop.kernel);
  const inner = new Scope(
    loop.analysis,
    loop.sources,
    (id) => (loop.analysis.axes[id]! & bits) !== 0,
    (id, form) => loop.row.get(id, form),
  );
  const last = fill(inner);
  const axes = range(rows, cols);
  return [
    `for (var step = lid; step < ${productOf(loop, axes)}; step += ${loop.frame.size}u) {`,
    ...indent([...recoverAxes(loop, axes, "step"), ...inner.lines, ...last]),
    "}",
  ];
}

/** One loop per inner axis; a step goes into the outermost loop that has all axes it reads. */
function nestedLoops(loop: Loop, fill: (inner: Scope) => string[]): string[] {
  const { rows, cols, lanes, laneAxis } = loop.kernel;
  const scopes: Scope[] = [];
  for (const axis of range(rows, cols)) {
    const outer = scopes[scopes.length - 1] ?? loop.row;
    scopes.push(
      new Scope(
        loop.analysis,
        loop.sources,
        (id) => loop.analysis.axes[id]! >> axis !== 0,
        (id, form) => outer.get(id, form),
      ),
    );
  }
  let body = fill(scopes[scopes.length - 1]!);
  for (const axis of range(rows, cols).reverse()) {
    const name = axisName(axis);
    const step = lanes === 4 && axis === laneAxis ? `${name} += 4` : `${name}++`;
    body = [
      `for (var ${name} = 0i; ${name} < i32(${extent(loop, axis)}); ${step}) {`,
      ...indent([...scopes[axis - rows]!.lines, ...body]),
      "}",
    ];
  }
  return body;
}

/** Stages that can share a loop: wave w holds those whose values need results of wave w - 1 and earlier. */
function waves(kernel: LoopKernel, analysis: Analysis): number[][] {
  const level: number[] = [];
  for (const stage of kernel.stages) {
    level.push(Math.max(-1, ...[...analysis.stages[stage.value]!].map((s) => level[s]!)) + 1);
  }
  return range(0, Math.max(-1, ...level) + 1).map((wave) =>
    range(0, level.length).filter((s) => level[s] === wave),
  );
}

interface RunningStage {
  readonly stage: Stage;
  readonly acc: Accumulator;
  readonly cells: string[];
  readonly id: number;
}

/** Accumulator lanes: those of the kernel, whichever axis they run along. */
function startStage(loop: Loop, id: number): RunningStage {
  const stage = loop.kernel.stages[id]!;
  const acc = accumulator(stage.op, loop.kernel.body.code[stage.value]!.dtype, stage.dtype);
  const cells = acc.cells.map((_, c) => `s${id}_${c}`);
  const { lanes } = loop.kernel;
  acc.cells.forEach(({ type, start }, c) => {
    loop.row.lines.push(`var ${cells[c]} = ${typeName(type, lanes)}(${start});`);
  });
  return { stage, acc, cells, id };
}

function foldElement(loop: Loop, inner: Scope, running: RunningStage): string[] {
  const { lanes } = loop.kernel;
  const values = running.acc.element(inner.splat(running.stage.value, lanes), linearInner(loop).text, lanes);
  return running.acc.fold(running.cells, values, lanes);
}

/** Folds the four lanes of each cell in order x, y, z, w into new scalar variables. */
function foldLanes(loop: Loop, running: RunningStage): RunningStage {
  if (loop.kernel.lanes === 1 || loop.rowLanes) return running;
  const cells = running.cells.map((cell) => `${cell}_all`);
  loop.row.lines.push(...cells.map((cell, c) => `var ${cell} = ${running.cells[c]}.x;`));
  for (const lane of "yzw") {
    const values = running.cells.map((cell) => `${cell}.${lane}`);
    loop.row.lines.push(...running.acc.fold(cells, values, 1));
  }
  return { ...running, cells };
}

/** Workgroup memory for a value of each cell and invocation, and the statements that fold what lies at an index. */
function sharedCells(loop: Loop, stages: readonly RunningStage[]) {
  const lanes = lanesPerRow(loop);
  const shared = (cell: string) => `tree_${cell}${loop.frame.suffix}`;
  for (const { acc, cells } of stages) {
    acc.cells.forEach(({ type }, c) => {
      const array = `array<${typeName(type, lanes)}, ${loop.frame.size}>`;
      loop.declarations.push(`var<workgroup> ${shared(cells[c]!)}: ${array};`);
    });
  }
  const at = (cells: readonly string[], index: string) => cells.map((cell) => `${shared(cell)}[${index}]`);
  const foldAt = (index: string) =>
    indent(stages.flatMap(({ acc, cells }) => acc.fold(cells, at(cells, index), lanes)));
  return { shared, all: stages.flatMap(({ cells }) => cells), foldAt };
}

const lanesPerRow = ({ rowLanes, kernel }: Loop): Lanes => (rowLanes ? kernel.lanes : 1);

/**
 * Each subgroup, whatever its size, by its own operations; then every invocation folds the results of all subgroups, in their order:
 * one barrier. Which invocations a subgroup has is the device's matter, and the same in every run on it.
 */
function foldSubgroups(loop: Loop, stages: readonly RunningStage[]): void {
  const { lines } = loop.row;
  const { shared, all, foldAt } = sharedCells(loop, stages);
  lines.push(...stages.flatMap(({ acc, cells }) => acc.across(cells, lanesPerRow(loop))));
  lines.push("if (subgroupElect()) {");
  lines.push(
    ...indent(all.map((cell) => `${shared(cell)}[subgroup] = ${cell};`)),
    "}",
    "workgroupBarrier();",
  );
  lines.push(...all.map((cell) => `${cell} = ${shared(cell)}[0];`));
  lines.push("for (var i = 1u; i < subgroups; i++) {", ...foldAt("i"), "}");
}

/**
 * Fixed-order tree over the workgroup in two rounds of about sqrt(size) (a round of two would cost a barrier each): invocation i
 * folds i, i + fan, i + 2 fan, ..., then every invocation folds those `fan` partial results itself.
 */
function foldWorkgroup(loop: Loop, stages: readonly RunningStage[]): void {
  const { size } = loop.frame;
  const fan = 2 ** Math.ceil(Math.log2(size) / 2);
  const { lines } = loop.row;
  const { shared, all, foldAt } = sharedCells(loop, stages);
  lines.push(...all.map((cell) => `${shared(cell)}[lid] = ${cell};`), "workgroupBarrier();");
  lines.push(`if (lid < ${fan}u) {`);
  lines.push(...indent([`for (var i = lid + ${fan}u; i < ${size}u; i += ${fan}u) {`, ...foldAt("i"), "}"]));
  lines.push(...indent(all.map((cell) => `${shared(cell)}[lid] = ${cell};`)), "}", "workgroupBarrier();");
  lines.push(...all.map((cell) => `${cell} = ${shared(cell)}[0];`));
  lines.push(`for (var i = 1u; i < ${Math.min(fan, size)}u; i++) {`, ...foldAt("i"), "}");
}

/** The argmax of the same elements beside a max (or argmin beside min): it has found the greatest element, too. */
function finderOf({ kernel }: Loop, id: number, wave: readonly number[]): number | null {
  const { op, value, dtype } = kernel.stages[id]!;
  const isNumber = dtype === "float32" || dtype === "int32" || dtype === "uint32";
  if (!isNumber || kernel.body.code[value]!.dtype !== dtype) return null;
  const isFinder = (other: Stage) => other.op === `arg${op}` && other.value === value;
  return wave.find((other) => isFinder(kernel.stages[other]!)) ?? null;
}

function writeWave(loop: Loop, all: readonly number[]): void {
  const found = new Map(all.map((id) => [id, finderOf(loop, id, all)] as const));
  const started = all.filter((id) => found.get(id) === null).map((id) => startStage(loop, id));
  loop.row.lines.push(
    ...innerLoop(loop, (inner) => started.flatMap((stage) => foldElement(loop, inner, stage))),
  );
  const folded = started.map((stage) => foldLanes(loop, stage));
  const fold = loop.kernel.subgroups ? foldSubgroups : foldWorkgroup;
  if (loop.kernel.schedule === "workgroup") fold(loop, folded);
  const lanes = lanesPerRow(loop);
  for (const { id, acc, cells } of folded) {
    loop.row.lines.push(`let stage${id} = ${acc.result(cells, lanes)};`);
    for (const [other, finder] of found)
      if (finder === id) loop.row.lines.push(`let stage${other} = ${acc.extreme!(cells, lanes)};`);
  }
}

function storesOf(kernel: LoopKernel, level: Store["level"]): Store[] {
  return kernel.body.stores.filter((store) => store.level === level);
}

/** Row stores (by one invocation of a workgroup), then full stores in a last loop, whose row-level loads come before any store. */
function writeStores(loop: Loop): void {
  const { kernel, row } = loop;
  const rowStores = storesOf(kernel, "row").flatMap((store) => row.store(store));
  const full = storesOf(kernel, "full");
  const lastLoop =
    full.length === 0 ? [] : innerLoop(loop, (inner) => full.flatMap((store) => inner.store(store)));
  const byFirst = kernel.schedule === "workgroup" && rowStores.length > 0;
  row.lines.push(...(byFirst ? ["if (lid == 0u) {", ...indent(rowStores), "}"] : rowStores), ...lastLoop);
}

/** The last vector of a one-axis flat kernel may pass the end: names the lanes that exist. */
function laneMask(loop: Loop): string | undefined {
  const { kernel } = loop;
  const ragged = kernel.lanes === 4 && kernel.rows === 1 && kernel.cols === 0;
  const needed = ragged && kernel.body.stores.some((store) => store.op === "or" || store.access !== "vector");
  if (!needed) return undefined;
  loop.row.lines.push(
    `let inside = vec4<i32>(a0) + vec4<i32>(0, 1, 2, 3) < vec4<i32>(i32(${extent(loop, 0)}));`,
  );
  return "inside";
}

/**
 * Row-level loads from bindings that the kernel also writes come first and are fenced off: otherwise invocation 0 could store a row
 * result before its neighbours have read the old value.
 */
function loadRowFirst({ kernel, frame, analysis, row }: Loop): void {
  if (kernel.schedule !== "workgroup") return;
  const bits = innerBits(kernel);
  const loads = kernel.body.code.flatMap(({ op, value }, id) => {
    const written = op === "load" && frame.bindings[value!]!.binding.access !== "read";
    return written && (analysis.axes[id]! & bits) === 0 && analysis.stages[id]!.size === 0 ? [id] : [];
  });
  for (const id of loads) row.get(id);
  if (loads.length > 0 && kernel.stages.length === 0) row.lines.push("workgroupBarrier();");
}

function rowIndex(loop: Loop): string[] {
  const { kernel, frame } = loop;
  const axes = range(0, kernel.rows);
  const linear = kernel.schedule === "workgroup" ? "group" : `group * ${frame.size}u + lid`;
  return [
    `let row = ${linear};`,
    `if (row >= ${productOf(loop, axes)}) { return; }`,
    ...recoverAxes(loop, axes, "row"),
  ];
}

/** Module-scope text of a loop kernel, with `fn kernel<suffix>(group: u32, lid: u32)`. */
export function emitLoop(kernel: LoopKernel, frame: PartFrame): string {
  const laneAxis = kernel.lanes === 4 ? kernel.laneAxis : -1;
  const rowLanes = kernel.lanes === 4 && laneAxis < kernel.rows;
  const resultLanes = rowLanes ? 4 : 1;
  const analysis = analyse(kernel.body.code, { lanes: kernel.lanes, laneAxis, resultLanes });
  const sources: Sources = {
    bindings: frame.bindings,
    paramBase: frame.paramBase,
    laneAxis,
    axis: axisName,
    stage: (stage) => `stage${stage}`,
    acc: "",
  };
  const row = new Scope(analysis, sources);
  const loop: Loop = { kernel, frame, analysis, sources, row, declarations: [], rowLanes };
  row.lines.push(...rowIndex(loop));
  if (kernel.cols === 0) {
    const mask = laneMask(loop);
    row.lines.push(...kernel.body.stores.flatMap((store) => row.store(store, mask)));
  } else {
    loadRowFirst(loop);
    for (const wave of waves(kernel, analysis)) writeWave(loop, wave);
    writeStores(loop);
  }
  const body = [`fn kernel${frame.suffix}(group: u32, lid: u32) {`, ...indent(row.lines), "}"].join("\n");
  return [...loop.declarations, body].join("\n\n");
}
