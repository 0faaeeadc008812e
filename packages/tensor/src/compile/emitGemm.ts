/** @file A contraction group to a gemm call: operands, tile, epilogue, column sums. */
import type { Call, GemmKernel, Operand } from "@tenrec/kernels";
import type { Emitter, Node } from "../graph/node.ts";
import { type Affine, axisAffine, constantAffine } from "./affine.ts";
import { type BindingTable, bindValues, type Use } from "./bindings.ts";
import { CodeWriter, ParamTable, usesOf } from "./code.ts";
import { type EmitContext, finishCall, measured } from "./emitLoop.ts";
import type { DraftStore } from "./expression.ts";
import { loopGroup } from "./group.ts";
import { Lanes } from "./lanes.ts";
import { batchPositions, gemmAxes, Lowering } from "./lower.ts";

export interface GemmDraft {
  readonly contraction: Node;
  readonly epilogue: Lowering;
  readonly stores: readonly DraftStore[];
  /** Lowering and stores of the column sums, their value being `acc`. */
  readonly columnSum: { readonly lowering: Lowering; readonly stores: readonly DraftStore[] } | null;
}

interface Extents {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

interface OperandDraft {
  readonly lowering: Lowering;
  readonly value: number;
  readonly transposed: boolean;
  readonly lanes: Lanes;
}

export function emitGemm(
  draft: GemmDraft,
  label: string,
  isStored: (node: Node) => boolean,
  context: EmitContext,
): Call {
  const extents = extentsOf(draft.contraction);
  const operands = [0, 1].map((side) =>
    operandDraft(draft.contraction, side as 0 | 1, extents, isStored, context),
  );
  const [a, b] = operands as [OperandDraft, OperandDraft];
  const laneAxis = context.target.lanes === 4 && extents.n % 4 === 0 ? gemmAxes.n : null;
  const lanesOf = (lowering: Lowering) => new Lanes(lowering.expressions, laneAxis);
  const uses: Use[] = [
    ...operands.flatMap((o) => usesOf(o.lanes, [o.value], [])),
    ...usesOf(lanesOf(draft.epilogue), [], draft.stores),
    ...(draft.columnSum ? usesOf(lanesOf(draft.columnSum.lowering), [], draft.columnSum.stores) : []),
  ];
  const table = bindValues(uses, context.placeOf, context.bufferBytes);
  const params = new ParamTable();
  const { batch, m, n, k } = extents;
  for (const extent of [batch, m, n, k]) params.add(extent, "uint32");
  const body = (lowering: Lowering, stores: readonly DraftStore[]) => {
    const writer = new CodeWriter(lanesOf(lowering), params, table.access, context.scalarOf);
    writer.write([], stores);
    return writer.body(stores);
  };
  const tile = context.choices?.tiles.shift() ?? context.target.gemmTile(m, n, k, batch);
  const operandA = writeOperand(a, table, params, context);
  const operandB = writeOperand(b, table, params, context);
  const epilogue = body(draft.epilogue, draft.stores);
  const columnSum = draft.columnSum ? body(draft.columnSum.lowering, draft.columnSum.stores) : null;
  const kernel: GemmKernel = {
    form: "gemm",
    label: gemmLabel(operandA, operandB, tile, label),
    tile,
    a: operandA,
    b: operandB,
    bindings: table.bindings,
    numParams: params.words.length,
    epilogue,
    ...(columnSum ? { columnSum } : {}),
  };
  return finishCall(measured(kernel, params, context), params, table.ranges);
}

function gemmLabel(a: Operand, b: Operand, tile: GemmKernel["tile"], label: string): string {
  const layout = `${a.transposed ? "t" : "n"}${b.transposed ? "t" : "n"}`;
  const [m, n] = [tile.threads[1] * tile.perThread[0], tile.threads[0] * tile.perThread[1]];
  return `gemm_f32_${layout}_${m}x${n}${tile.shared ? `x${tile.depth}` : ""}${tile.quads ? "_quads" : ""}${label}`;
}

function extentsOf(contraction: Node): Extents {
  const [m, n] = contraction.shape.slice(-2) as [number, number];
  const a = contraction.inputs[0] as Node;
  const k = a.shape.at(contraction.attrs.transposeA ? -2 : -1) as number;
  return { batch: contraction.shape.size / (m * n), m, n, k };
}

/** The operand's element at (batch, m, k) or (batch, k, n), and how memory runs under it. */
function operandDraft(
  contraction: Node,
  side: 0 | 1,
  extents: Extents,
  isStored: (node: Node) => boolean,
  context: EmitContext,
): OperandDraft {
  const input = contraction.inputs[side] as Node;
  const swapped = Boolean(contraction.attrs[side === 0 ? "transposeA" : "transposeB"]);
  const lowering = new Lowering(loopGroup([]), isStored);
  const free = side === 0 ? axis("m", extents) : axis("n", extents);
  const deep = axis("k", extents);
  const inOrder = side === 0 ? [free, deep] : [deep, free];
  const matrix = swapped ? [...inOrder].reverse() : inOrder;
  const value = lowering.value(input, [...batchIndex(contraction, input, lowering), ...matrix]);
  const loads = loadsOf(lowering, value);
  const along = (laneAxis: number) => new Lanes(lowering.expressions, laneAxis);
  const runsAlong = (laneAxis: number) => loads.some((affine) => along(laneAxis).isConsecutive(affine));
  // Stored with the wrong axis innermost: A[k, m] or B[n, k].
  const natural = side === 0 ? gemmAxes.k : gemmAxes.n;
  const other = side === 0 ? gemmAxes.m : gemmAxes.k;
  const extentOf = (laneAxis: number) => [extents.batch, extents.m, extents.n, extents.k][laneAxis] as number;
  // A single row or column stays as it is: its length may be a batch's, and need not come in fours.
  const isMatrix = loads.length > 0 && extentOf(natural) > 1;
  const transposed = isMatrix ? !runsAlong(natural) && runsAlong(other) : swapped && loads.length === 0;
  const innerAxis = transposed ? other : natural;
  const innerExtent = extentOf(innerAxis);
  const isWide =
    context.target.lanes === 4 &&
    innerExtent % 4 === 0 &&
    loads.some((affine) => along(innerAxis).isVector(affine));
  return { lowering, value, transposed, lanes: new Lanes(lowering.expressions, isWide ? innerAxis : null) };
}

/** The positions that an operand's element is loaded from. */
function loadsOf({ expressions }: Lowering, value: number): Affine[] {
  return expressions.reachable([value]).flatMap((id) => {
    const { op, affine } = expressions.at(id);
    return op === "load" && affine ? [affine] : [];
  });
}

function axis(name: "m" | "n" | "k", extents: Extents): Affine {
  return extents[name] === 1 ? constantAffine(0) : axisAffine(gemmAxes[name], extents[name]);
}

/** Batch positions of an operand: broadcast axes stay at 0. */
function batchIndex(contraction: Node, input: Node, emit: Emitter): Affine[] {
  const positions = batchPositions(contraction.shape, emit);
  const extents = input.shape.slice(0, -2);
  const offset = positions.length - extents.length;
  return extents.map((extent, i) => (extent === 1 ? constantAffine(0) : (positions[offset + i] as Affine)));
}

function writeOperand(
  draft: OperandDraft,
  table: BindingTable,
  params: ParamTable,
  context: EmitContext,
): Operand {
  const { lanes, value, transposed } = draft;
  const writer = new CodeWriter(lanes, params, table.access, context.scalarOf);
  writer.write([value], []);
  const vector = writer.code.some(({ access }) => access === "vector");
  return { code: writer.code, value: writer.idOf(value), transposed, vector };
}
