/** @file Products of attention: operands as panels of four rows, results as tiles whose eight columns lie side by side, and their way back. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import { add, addScaled, int, min, sub } from "../integers.ts";
import { mul as times } from "../math/expression.ts";
import { microKernel, tileColumns, tileRows } from "../microKernel.ts";
import { packer } from "../pack.ts";
import { loadVector, storeVector } from "../vectors.ts";

/** Bytes of a row of eight columns. */
export const rowBytes = tileColumns * 4;

/** A matrix where it lies: `pitch` elements from one row to the next. */
export interface Matrix {
  readonly at: Value;
  readonly rows: number;
  readonly columns: number;
  readonly pitch: number;
}

/** Words of the panels of so many lines. */
export function panelWords(lines: number, depth: number): number {
  return Math.ceil(lines / tileRows) * tileRows * depth;
}

/** Panels [columns, 4] of four rows each. */
export function packRows(f: FunctionBuilder, { at, rows, columns, pitch }: Matrix, to: Value): void {
  packLines(f, at, [rows, columns], [pitch, 1], to);
}

/** Panels [rows, 4] of four columns each: those of the transposed matrix. */
export function packColumns(f: FunctionBuilder, { at, rows, columns, pitch }: Matrix, to: Value): void {
  packLines(f, at, [columns, rows], [1, pitch], to);
}

function packLines(
  f: FunctionBuilder,
  at: Value,
  [lines, depth]: readonly [number, number],
  [lineStride, depthStride]: readonly [number, number],
  to: Value,
): void {
  const pack = packer(f.module, tileRows, lineStride, depthStride);
  const line = f.local("i32");
  f.loop(line, int(0), int(lines), tileRows, () => {
    addScaled(at, line.get, lineStride * 4)(f);
    addScaled(to, line.get, depth * 4)(f);
    sub(int(lines), line.get)(f);
    f.i32(depth);
    f.call(pack);
  });
}

/** The panel [columns, 8] of eight rows from `first` on. */
export function packBlock(f: FunctionBuilder, matrix: Matrix, first: Value, to: Value): void {
  const { at, rows, columns, pitch } = matrix;
  addScaled(at, first, pitch * 4)(f);
  to(f);
  sub(int(rows), first)(f);
  f.i32(columns);
  f.call(packer(f.module, tileColumns, pitch, 1));
}

/** Rows of `matrix` from `first` on, up to eight, from their transpose [columns, 8]. */
export function unpackBlock(f: FunctionBuilder, from: Value, matrix: Matrix, first: Value): void {
  const { at, rows, columns, pitch } = matrix;
  const unpack = packer(f.module, tileRows, tileColumns, 1, pitch);
  const count = f.keep("i32", min(sub(int(rows), first), int(tileColumns))).get;
  const start = f.keep("i32", addScaled(at, first, pitch * 4)).get;
  const column = f.local("i32");
  f.loop(column, int(0), int(columns), tileRows, () => {
    addScaled(from, column.get, rowBytes)(f);
    addScaled(start, column.get, 4)(f);
    f.i32(tileRows);
    count(f);
    f.call(unpack);
  });
}

/** A product of panels of four lines each, `panelDepth` deep, with a panel of eight columns, along `depth` of them. */
interface PanelProduct {
  readonly panels: Value;
  readonly panelDepth: number;
  readonly depth: Value;
  readonly columns: Value;
  /** The result [lines, 8], a row after the other: added to what is there unless `isFirst`. */
  readonly to: Value;
  readonly lines: Value;
  readonly isFirst: Value;
}

export function multiplyPanels(f: FunctionBuilder, product: PanelProduct): void {
  const { panels, panelDepth, depth, columns, to, lines, isFirst } = product;
  const kernel = microKernel(f.module);
  const line = f.local("i32");
  f.loop(line, int(0), lines, tileRows, () => {
    addScaled(panels, line.get, panelDepth * 4)(f);
    columns(f);
    depth(f);
    addScaled(to, line.get, rowBytes)(f);
    f.i32(rowBytes);
    isFirst(f);
    f.call(kernel);
  });
}

/** Lanes 0 to 3 or 4 to 7 of a row of eight. */
export function loadHalf(address: Value, half: number): Value {
  return loadVector(address, half * 16);
}

/** Multiplies so many words, a multiple of 4. */
export function scaleWords(f: FunctionBuilder, at: Value, words: number, factor: number): void {
  const offset = f.local("i32");
  f.loop(offset, int(0), int(words * 4), 16, () => {
    const address = f.keep("i32", add(at, offset.get)).get;
    storeHalf(f, address, 0, times(loadHalf(address, 0), factor));
  });
}

export function storeHalf(f: FunctionBuilder, address: Value, half: number, value: Value): void {
  storeVector(f, address, value, half * 16);
}
