/** @file Operands of the matrix product: read where they lie if they are plain, else computed into scratch memory by block loops. */
import type { Operand } from "../../ir/kernel.ts";
import { axesAffine, type Params } from "../affine.ts";
import type { BodyProgram } from "../bodySpec.ts";
import { type MemoryRange, ownRange, viewsOf } from "../memory.ts";
import { makeNest } from "../nest.ts";
import { plainLoad } from "../plainLoad.ts";
import type { Slot } from "../slot.ts";
import type { BlockMachine } from "./blockMachine.ts";
import { compileBody } from "./body.ts";
import { runPart } from "./loop.ts";
import type { Matrix } from "./microKernel.ts";

/** Gives rows `first` to `end` of the operand of one batch: (m, k) for A, (k, n) for B. */
export interface Source {
  readonly matrix: Matrix;
  /** Row `first` is row 0 of `matrix` afterwards. */
  prepare(batch: number, first: number, end: number): void;
  /** The same for every batch. */
  readonly shared: boolean;
}

/** Extents of the axes batch, m, n and k, and as axis 4 the start of the part in scratch memory (extent 1: see `scratchForm`). */
export type GemmExtents = readonly [batch: number, m: number, n: number, k: number, origin: number];

const originAxis = 4;

/**
 * Place of element (row, column) in a part of a [rows, columns] matrix whose first element is at position `originAxis`. To the analysis
 * that axis is always 0, so that the accesses count as inside; the runner sets it for each part.
 */
export function scratchForm(rowAxis: number, columnAxis: number, columns: number) {
  return axesAffine([
    [rowAxis, columns],
    [columnAxis, 1],
    [originAxis, -1],
  ]);
}

/** Scratch memory as a range that analysis takes for the whole matrix. */
export function scratchRange(buffer: ArrayBuffer, elements: number): MemoryRange {
  const range = ownRange(elements);
  range.memory.bind(viewsOf(buffer));
  return range;
}

/** `axes` are those of the rows and columns; `partRows` the most rows that are prepared at a time. */
export function compileOperand(
  operand: Operand,
  area: "a" | "b",
  axes: readonly [number, number],
  partRows: number,
  extents: GemmExtents,
  bindings: readonly MemoryRange[],
  params: Params,
  machine: BlockMachine,
): Source {
  return (
    plainSource(operand, axes, bindings, params) ??
    computedSource(operand, area, axes, partRows, extents, bindings, params, machine)
  );
}

/** A load of float32 at an affine place. */
function plainSource(
  operand: Operand,
  [rowAxis, columnAxis]: readonly [number, number],
  bindings: readonly MemoryRange[],
  params: Params,
): Source | null {
  const plain = plainLoad(operand, bindings, params);
  if (!plain || operand.code[operand.value]!.dtype !== "float32") return null;
  const { range, form } = plain;
  const slot = range.slot("float32") as Slot<Float32Array>;
  const base = range.first + form.constant;
  const batchStride = form.axes.get(0) ?? 0;
  const rowStride = form.axes.get(rowAxis) ?? 0;
  const matrix = { slot, rowStride, columnStride: form.axes.get(columnAxis) ?? 0 };
  const prepare = (batch: number, first: number) => {
    slot.at = base + batch * batchStride + first * rowStride;
  };
  return { matrix, prepare, shared: batchStride === 0 };
}

function computedSource(
  { code, value }: Operand,
  area: "a" | "b",
  [rowAxis, columnAxis]: readonly [number, number],
  partRows: number,
  extents: GemmExtents,
  bindings: readonly MemoryRange[],
  params: Params,
  machine: BlockMachine,
): Source {
  const columns = extents[columnAxis]!;
  const range = scratchRange(machine.scratch.take(area, partRows * columns * 4), extents[rowAxis]! * columns);
  const store = {
    op: "set",
    level: "full",
    value,
    index: scratchForm(rowAxis, columnAxis, columns),
    range,
  } as const;
  const spec = { code, stages: [], stores: [store], bindings, params, accumulator: null };
  const nest = makeNest(extents, [0], [rowAxis, columnAxis], [], false);
  const program = compileBody(spec, nest, machine.registers);
  const matrix = { slot: range.slot("float32") as Slot<Float32Array>, rowStride: columns, columnStride: 1 };
  return {
    matrix,
    prepare: (batch, first, end) => runRows(program, batch, first, end, columns),
    shared: false,
  };
}

/** Runs a body over rows `first` to `end`, with scratch memory starting at row `first`. */
export function runRows(
  program: BodyProgram,
  batch: number,
  first: number,
  end: number,
  columns: number,
): void {
  program.nest.position[originAxis] = first * columns;
  runPart(program, batch, first * columns, end * columns);
}
