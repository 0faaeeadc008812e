/** @file WGSL of gemm kernels: a template of shaders/ with its operand loads and epilogue generated. */
import type { Body, GemmKernel, Instr, Operand } from "../ir/kernel.ts";
import { gemmLarge, gemmQuad, gemmRegister, gemmRow, gemmShared } from "../shaders.ts";
import { type Analysis, analyse } from "./analysis.ts";
import { fillTemplate, TemplateError } from "./fillTemplate.ts";
import { indent, type PartFrame } from "./part.ts";
import { paramWord, Scope, type Sources } from "./scope.ts";
import { type Lanes, scalarOf, typeName } from "./types.ts";

/** Axes of operand and epilogue programs; 0 is the batch. */
const mAxis = 1;
const nAxis = 2;
const kAxis = 3;

/** The names that the generated functions give to the axes. */
const axisNames = ["batch", "m", "n", "k"];

/** What tells the hooks of A from those of B. */
interface Side {
  readonly prefix: "a" | "b";
  /** The struct of what loads share: of four rows (A) or columns (B). */
  readonly state: "ARows" | "BColumns";
  readonly outerAxis: number;
  readonly outer: "m" | "n";
  readonly states: "a_rows" | "b_columns";
  /** Four consecutive k lie next to each other in memory. */
  readonly alongK: boolean;
}

function sideOf(kernel: GemmKernel, prefix: "a" | "b"): Side {
  return prefix === "a"
    ? { prefix, state: "ARows", outerAxis: mAxis, outer: "m", states: "a_rows", alongK: !kernel.a.transposed }
    : {
        prefix,
        state: "BColumns",
        outerAxis: nAxis,
        outer: "n",
        states: "b_columns",
        alongK: kernel.b.transposed,
      };
}

function sourcesOf(frame: PartFrame, laneAxis: number): Sources {
  return {
    bindings: frame.bindings,
    paramBase: frame.paramBase,
    laneAxis,
    axis: (axis) => axisNames[axis]!,
    stage: (stage) => `stage${stage}`,
    acc: "acc",
  };
}

function shapeHook(frame: PartFrame): string {
  const words = [0, 1, 2, 3].map((word) => `i32(${paramWord(frame.paramBase + word)})`);
  return functionText("shape() -> vec4<i32>", [`return vec4<i32>(${words.join(", ")});`]);
}

function functionText(signature: string, lines: readonly string[]): string {
  return [`fn ${signature} {`, ...indent(lines), "}"].join("\n");
}

/** A step that the load function finds in the struct, under the name it has there. */
interface Field {
  readonly name: string;
  readonly type: string;
}

/**
 * `x_state(batch, m) -> XState` computes what does not depend on k, once before the loop; `x_load(state, k)` the rest. The struct
 * holds exactly the values that cross; params are read anew.
 */
function splitLoad(operand: Operand, side: Side, frame: PartFrame, lanes: Lanes): string {
  const laneAxis = lanes === 1 ? -1 : side.alongK ? kAxis : side.outerAxis;
  const analysis = analyse(operand.code, { lanes, laneAxis, resultLanes: 1 });
  const sources = sourcesOf(frame, laneAxis);
  const before = new Scope(analysis, sources);
  const fields = new Map<string, Field>();
  const inLoop = (id: number) =>
    operand.code[id]!.op === "param" || (analysis.axes[id]! & (1 << kAxis)) !== 0;
  const load = new Scope(analysis, sources, inLoop, (id, form) => {
    const text = before.get(id, form);
    const name = `${form}${id}`;
    const width = form === "first" ? 1 : before.lanesOf(id);
    fields.set(name, { name: text, type: typeName(scalarOf(operand.code[id]!.dtype), width) });
    return `state.${name}`;
  });
  const value = loadedValue(load, analysis, operand, lanes);
  return stateAndLoad(side, fields, before.lines, [...load.lines, `return ${value};`], lanes);
}

function loadedValue(load: Scope, analysis: Analysis, operand: Operand, lanes: Lanes): string {
  const dtype = analysis.code[operand.value]!.dtype;
  const text = load.splat(operand.value, lanes);
  return dtype === "float32" ? text : `${typeName("f32", lanes)}(${text})`;
}

function stateAndLoad(
  side: Side,
  fields: Map<string, Field>,
  before: string[],
  load: string[],
  lanes: Lanes,
): string {
  const { prefix, outer } = side;
  const state = `${prefix.toUpperCase()}State`;
  // WGSL has no empty structs.
  if (fields.size === 0) fields.set("batch", { name: "batch", type: "i32" });
  const members = [...fields].map(([name, { type }]) => `  ${name}: ${type},`);
  const values = [...fields.values()].map(({ name }) => name).join(", ");
  return [
    `struct ${state} {\n${members.join("\n")}\n}`,
    functionText(`${prefix}_state(batch: i32, ${outer}: i32) -> ${state}`, [
      ...before,
      `return ${state}(${values});`,
    ]),
    functionText(`${prefix}_load(state: ${state}, k: i32) -> ${typeName("f32", lanes)}`, load),
  ].join("\n\n");
}

/** One state serves four lanes along m (n); loads along k need one per row (column), clamped to the last that exists. */
function statesHook({ prefix, state, states, outer, outerAxis, alongK }: Side): Record<string, string> {
  const one = `${prefix.toUpperCase()}State`;
  const extent = `shape().${"xyzw"[outerAxis]}`;
  const names = alongK ? ["s0", "s1", "s2", "s3"] : ["s0"];
  const values = names.map((_, i) =>
    alongK
      ? `${prefix}_state(batch, min(${outer} + ${i}, ${extent} - 1))`
      : `${prefix}_state(batch, ${outer})`,
  );
  return {
    [state]: [`struct ${state} {`, ...names.map((name) => `  ${name}: ${one},`), "}"].join("\n"),
    [states]: functionText(`${states}(batch: i32, ${outer}: i32) -> ${state}`, [
      `return ${state}(${values.join(", ")});`,
    ]),
  };
}

/** A 4 x 4 block as four loads; transposed where the lanes run along the other axis than the template's blocks. */
function blockHook({ prefix, state, alongK }: Side): string {
  const loads = [0, 1, 2, 3].map((i) =>
    alongK ? `${prefix}_load(states.s${i}, k)` : `${prefix}_load(states.s0, k + ${i})`,
  );
  const block = `mat4x4<f32>(${loads.join(", ")})`;
  const direct = alongK === (prefix === "a");
  return functionText(`${prefix}_block(states: ${state}, k: i32) -> mat4x4<f32>`, [
    `return ${direct ? block : `transpose(${block})`};`,
  ]);
}

function blockHooks(kernel: GemmKernel, prefix: "a" | "b", frame: PartFrame): Record<string, string> {
  const side = sideOf(kernel, prefix);
  const { [side.state]: struct, ...states } = statesHook(side);
  const load = splitLoad(kernel[prefix], side, frame, 4);
  return { [side.state]: `${load}\n\n${struct}`, ...states, [`${prefix}_block`]: blockHook(side) };
}

/** The single row of the row template: four values along k by one load, or one by one where k is the stored outer axis. */
function rowHooks(kernel: GemmKernel, frame: PartFrame): Record<string, string> {
  const side = sideOf(kernel, "a");
  const values = side.alongK
    ? "a_load(states.s0, k)"
    : `vec4<f32>(${[0, 1, 2, 3].map((i) => `a_load(states.s0, k + ${i})`).join(", ")})`;
  const single = { ...side, alongK: false };
  const { ARows, a_rows } = statesHook(single);
  return {
    ARows: `${splitLoad(kernel.a, side, frame, side.alongK ? 4 : 1)}\n\n${ARows}`,
    a_rows: a_rows!,
    a_values: functionText("a_values(states: ARows, k: i32) -> vec4<f32>", [`return ${values};`]),
  };
}

/** Stores of an epilogue at lanes along n; lanes past the end are masked unless vector accesses prove that there are none. */
function bodyHook(signature: string, body: Body | undefined, frame: PartFrame): string {
  if (body === undefined) return functionText(signature, []);
  const analysis = analyse(body.code, { lanes: 4, laneAxis: nAxis, resultLanes: 4 });
  const scope = new Scope(analysis, sourcesOf(frame, nAxis));
  const isVector = ({ access }: { readonly access?: Instr["access"] }) => access === "vector";
  const whole = body.code.some(isVector) || body.stores.some(isVector);
  const mask = whole ? undefined : "inside";
  const stores = body.stores.flatMap((store) => scope.store(store, mask));
  const inside = "let inside = vec4<i32>(n) + vec4<i32>(0, 1, 2, 3) < vec4<i32>(shape().z);";
  return functionText(signature, [...(whole ? [] : [inside]), ...scope.lines, ...stores]);
}

/** A vector load along k proves that k divides by 4. */
function raggedDepth(kernel: GemmKernel): boolean {
  const wholeA = kernel.a.vector && !kernel.a.transposed;
  const wholeB = kernel.b.vector && kernel.b.transposed;
  return !(wholeA || wholeB);
}

interface Template {
  readonly name: string;
  readonly text: string;
  /** Constants beyond those of every gemm template. */
  readonly constants: Record<string, number | boolean>;
}

/** The template of a tile; each file of shaders/ covers one group of them. */
function templateFor({ tile, a, b }: GemmKernel): Template {
  const [rows, columns] = tile.perThread;
  const size = `${rows}x${columns}${tile.shared ? " shared" : ""}${tile.quads ? " in quads" : ""}`;
  if (size === "1x4") return { name: "gemmRow", text: gemmRow, constants: {} };
  if (size === "16x16") return { name: "gemmLarge", text: gemmLarge, constants: {} };
  if (size === "8x8 in quads") return { name: "gemmQuad", text: gemmQuad, constants: {} };
  const constants = { ROW_BLOCKS: rows / 4, COLUMN_BLOCKS: columns / 4 };
  if (/^[48]x[48]$/.test(size)) return { name: "gemmRegister", text: gemmRegister, constants };
  if (/^[48]x[48] shared$/.test(size)) {
    const along = { A_ALONG_K: !a.transposed, B_ALONG_K: b.transposed, DEPTH: tile.depth };
    return { name: "gemmShared", text: gemmShared, constants: { ...constants, ...along } };
  }
  throw new TemplateError(
    "gemm*",
    "no template has this tile.",
    size,
    "1x4, 16x16, 8x8 in quads, or 4 or 8 by 4 or 8 (also shared)",
  );
}

/** Module-scope text of a gemm kernel, with `fn kernel<suffix>(group: u32, lid: u32)`. */
export function emitGemm(kernel: GemmKernel, frame: PartFrame): string {
  const { name, text, constants } = templateFor(kernel);
  const hooksOfA = name === "gemmRow" ? rowHooks(kernel, frame) : blockHooks(kernel, "a", frame);
  return fillTemplate(name, text, {
    constants: {
      ...constants,
      THREADS_N: kernel.tile.threads[0],
      THREADS_M: kernel.tile.threads[1],
      RAGGED_DEPTH: raggedDepth(kernel),
      COLUMN_SUM: kernel.columnSum !== undefined,
    },
    hooks: {
      shape: shapeHook(frame),
      ...hooksOfA,
      ...blockHooks(kernel, "b", frame),
      epilogue: bodyHook("epilogue(batch: i32, m: i32, n: i32, acc: vec4<f32>)", kernel.epilogue, frame),
      column_epilogue: bodyHook(
        "column_epilogue(batch: i32, n: i32, acc: vec4<f32>)",
        kernel.columnSum,
        frame,
      ),
    },
    suffix: frame.suffix,
  });
}
