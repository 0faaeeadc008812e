/** @file The operands of a matrix product: read where they lie if they are plain, else computed into scratch memory block by block. */

import type { Operand } from "../../ir/kernel.ts";
import { axesAffine, type Params } from "../affine.ts";
import { type MemoryRange, ownRange } from "../memory.ts";
import { type PlainLoad, plainLoad } from "../plainLoad.ts";
import type { FunctionBuilder, Value } from "./assembler.ts";
import { type Frame, withRange } from "./context.ts";
import { replaceAxes, splitAxes } from "./digits.ts";
import { add, addScaled, int, sub } from "./integers.ts";
import { bestLanes } from "./loop.ts";
import { emitRows, type RowBody, type RowRange } from "./rows.ts";

/** Axes of operand and epilogue code. */
export const batchAxis = 0;
export const mAxis = 1;
export const nAxis = 2;
export const kAxis = 3;

/** A block of an operand, ready to be packed: the address of an element is `base` plus index times strides (in elements). */
export interface Block {
  readonly lineStride: number;
  readonly depthStride: number;
  /** The address of (line, k), both counted from the block's first if it was computed. */
  at(line: Value, k: Value): Value;
}

/** Where an operand of float32 lies, if nothing has to be computed. */
export function plainOperand(
  operand: Operand,
  bindings: readonly MemoryRange[],
  params: Params,
): PlainLoad | null {
  return operand.code[operand.value]!.dtype === "float32" ? plainLoad(operand, bindings, params) : null;
}

export function plainBlock({ form, range }: PlainLoad, lineAxis: number, batch: Value, frame: Frame): Block {
  const strideOf = (axis: number) => form.axes.get(axis) ?? 0;
  const start = addScaled(add(frame.base(range), int(form.constant * 4)), batch, strideOf(batchAxis) * 4);
  const [lineStride, depthStride] = [strideOf(lineAxis), strideOf(kAxis)];
  return {
    lineStride,
    depthStride,
    at: (line, k) => addScaled(addScaled(start, line, lineStride * 4), k, depthStride * 4),
  };
}

/** A has its neighbours along m, as windows have for the gradient of a filter: it is computed better k by k than row by row. */
export function runsAlongRows({ code }: Operand, extents: readonly number[], params: Params): boolean {
  const split = splitAxes(code, extents, params);
  const gainAlong = (axis: number): number =>
    bestLanes({ code: split.code, stores: [], params }, split.extents, replaceAxes([axis], split))?.gain ?? 0;
  return gainAlong(mAxis) > gainAlong(kAxis);
}

/** Computes rows along `range.rowAxis`, whole along `range.columnAxis`, into scratch memory: the first of them at `target`. */
export function computeRows(
  f: FunctionBuilder,
  { code, value }: Operand,
  range: RowRange & { readonly rowAxis: number },
  target: Value,
  body: Pick<RowBody, "bindings" | "params">,
  frame: Frame,
): void {
  const { extents, rowAxis, columnAxis, first } = range;
  const columns = extents[columnAxis]!;
  const scratch = ownRange(extents[rowAxis]! * columns);
  const index = axesAffine([
    [rowAxis, columns],
    [columnAxis, 1],
  ]);
  const store = { op: "set", level: "full", value, index, range: scratch } as const;
  // Rows count from 0 in the code, and from `first` in the scratch memory.
  const base = f.keep("i32", sub(target, addScaled(int(0), first, columns * 4)));
  const own = { ...body, code, stores: [store], accumulator: null };
  emitRows(f, own, range, withRange(frame, scratch, base.get));
}
