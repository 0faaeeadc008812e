/** @file Blocks of a matrix product: where operands, panels and C lie, how they are made, and the epilogue on rows. */
import type { Body, GemmKernel, Operand } from "../../ir/kernel.ts";
import { axesAffine, type Params } from "../affine.ts";
import { storesOf } from "../bodySpec.ts";
import { type MemoryRange, ownRange } from "../memory.ts";
import type { PlainLoad } from "../plainLoad.ts";
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import { type Frame, withRange } from "./context.ts";
import {
  addColumns,
  type Bounds,
  type DepthBlock,
  type Lines,
  multiplyTiles,
  packLines,
} from "./gemmLoops.ts";
import { type GemmScratch, type GemmSizes, layOut, type Places } from "./gemmScratch.ts";
import { add, addScaled, int, min, mul, sub } from "./integers.ts";
import { tileColumns } from "./microKernel.ts";
import {
  type Block,
  batchAxis,
  computeRows,
  kAxis,
  mAxis,
  nAxis,
  plainBlock,
  plainOperand,
} from "./operand.ts";
import { emitRows, type RowRange } from "./rows.ts";

/** A product as it is called, and the function that is made for it. */
export interface GemmCall {
  readonly f: FunctionBuilder;
  readonly kernel: GemmKernel;
  readonly bindings: readonly MemoryRange[];
  readonly params: Params;
  readonly frame: Frame;
}

/** An operand; lines are rows of A or columns of B. */
export interface Side {
  readonly operand: Operand;
  readonly plain: PlainLoad | null;
  readonly lineAxis: number;
  readonly lines: number;
  /** Where computed blocks lie. */
  readonly area: Value;
}

export class GemmBlocks {
  readonly f: FunctionBuilder;
  readonly kernel: GemmKernel;
  readonly sizes: GemmSizes;
  readonly places: Places;
  readonly a: Side;
  readonly b: Side;
  readonly batch: Local;
  readonly #call: GemmCall;
  readonly #extents: readonly number[];

  constructor(call: GemmCall, sizes: GemmSizes, scratch: GemmScratch) {
    const { f, kernel, bindings, params } = call;
    const { batches, m, n, k } = sizes;
    const a = plainOperand(kernel.a, bindings, params);
    const b = plainOperand(kernel.b, bindings, params);
    this.f = f;
    this.kernel = kernel;
    this.sizes = sizes;
    this.#call = call;
    this.#extents = [batches, m, n, k];
    const isPlain = { a: a !== null, b: b !== null };
    this.places = layOut(f, sizes, isPlain, kernel.columnSum !== undefined, scratch);
    this.a = { operand: kernel.a, plain: a, lineAxis: mAxis, lines: m, area: this.places.computedA };
    this.b = { operand: kernel.b, plain: b, lineAxis: nAxis, lines: n, area: this.places.computedB };
    this.batch = f.local("i32");
  }

  /** `body` for every block of k. A k of 0 is one empty block. */
  overDepth(body: (block: DepthBlock) => void): void {
    const { f } = this;
    const { k: total, depth } = this.sizes;
    if (total <= depth) {
      body({ k: int(0), depth: int(total) });
      return;
    }
    const k = f.local("i32");
    f.loop(k, int(0), int(total), depth, () => {
      body({ k: k.get, depth: f.keep("i32", min(sub(int(total), k.get), int(depth))).get });
    });
  }

  /** Rows `first` to `end` along `rowAxis`, all along `columnAxis`. */
  compute(
    { operand, area }: Side,
    [rowAxis, columnAxis]: readonly [number, number],
    [first, end]: Bounds,
    target = area,
  ): void {
    const { bindings, params, frame } = this.#call;
    const range = { ...this.#range([first, end]), rowAxis, columnAxis };
    computeRows(this.f, operand, range, target, { bindings, params }, frame);
  }

  plain({ plain, lineAxis }: Side): Block {
    return plainBlock(plain!, lineAxis, this.batch.get, this.#call.frame);
  }

  /** All lines of a block of k from `first` on: where they are, or as they were computed k by k. */
  blockOf(side: Side, first: Value): Block {
    if (side.plain) return this.plain(side);
    const { area, lines } = side;
    const at = (line: Value, k: Value): Value =>
      addScaled(addScaled(area, line, 4), sub(k, first), lines * 4);
    return { lineStride: 1, depthStride: lines, at };
  }

  /** Rows of A from `first` on: where they are, or as they were computed row by row. */
  rowsOfA(first: Value): Block {
    if (this.a.plain) return this.plain(this.a);
    const { k: total } = this.sizes;
    const at = (line: Value, k: Value): Value =>
      addScaled(addScaled(this.a.area, sub(line, first), total * 4), k, 4);
    return { lineStride: total, depthStride: 1, at };
  }

  /** Where a block of k of packed B lies. */
  packedB(k: Value): Value {
    const { keepsC, columns } = this.sizes;
    if (keepsC) return this.places.packedB;
    return this.f.keep("i32", addScaled(this.places.packedB, k, columns * 4)).get;
  }

  /** All columns of a block of k, computed now if they are not in memory. */
  blockOfB({ k, depth }: DepthBlock): Block {
    if (!this.b.plain) this.compute(this.b, [kAxis, nAxis], [k, this.f.keep("i32", add(k, depth)).get]);
    return this.blockOf(this.b, k);
  }

  /** All columns of a block of k; their sums as well, if they are wanted. */
  packB(block: DepthBlock): void {
    const { n, columns } = this.sizes;
    const packed = this.packedB(block.k);
    packLines(this.f, tileColumns, this.blockOfB(block), [int(0), int(n)], block, packed);
    this.addColumns(block, packed, [int(0), int(columns)]);
  }

  addColumns(block: DepthBlock, packed: Value, columns: Bounds): void {
    if (this.kernel.columnSum) addColumns(this.f, this.places.sums, packed, block, columns);
  }

  /** A block of k by rows of A, into a C that is kept. */
  multiplyRows(a: Block, [from, to]: Bounds, block: DepthBlock): void {
    const { f } = this;
    const { blockRows, columns } = this.sizes;
    const first = f.local("i32");
    f.loop(first, from, to, blockRows, () => {
      const rows = f.keep("i32", min(sub(to, first.get), int(blockRows))).get;
      const c = f.keep("i32", addScaled(this.places.c, first.get, columns * 4)).get;
      this.#multiply(a, [first.get, rows], block, c);
    });
  }

  /** Rows of C with their epilogue, by a B that is packed whole. */
  emitRowBlocks([from, to]: Bounds): void {
    const { f } = this;
    const { blockRows } = this.sizes;
    const first = f.local("i32");
    f.loop(first, from, to, blockRows, () => {
      const end = f.keep("i32", min(add(first.get, int(blockRows)), to)).get;
      if (!this.a.plain) this.compute(this.a, [mAxis, kAxis], [first.get, end]);
      this.overDepth((block) => {
        const rows = f.keep("i32", sub(end, first.get)).get;
        this.#multiply(this.rowsOfA(first.get), [first.get, rows], block, this.places.c);
      });
      this.emitEpilogue([first.get, end], this.places.c);
    });
  }

  /** Multiplies `rows` rows of A from `first` on with B. */
  #multiply(a: Block, [first, rows]: readonly [Value, Value], block: DepthBlock, c: Value): void {
    const lines = this.#linesOfA(a, [first, rows], block);
    multiplyTiles(this.f, [lines, this.#columnsOfB(block), c], rows, this.sizes, block);
  }

  /** Rows of A, which are packed now where they are not read where they lie. */
  #linesOfA(a: Block, [first, rows]: readonly [Value, Value], block: DepthBlock): Lines {
    const { tileRows, readsA } = this.sizes;
    if (readsA) return { start: this.f.keep("i32", a.at(first, block.k)).get, pitch: a.lineStride };
    const { packedA } = this.places;
    packLines(this.f, tileRows, a, [first, rows], block, packedA);
    return { start: packedA, pitch: null };
  }

  #columnsOfB({ k }: DepthBlock): Lines {
    if (!this.sizes.readsB) return { start: this.packedB(k), pitch: null };
    const { at, depthStride } = this.plain(this.b);
    return { start: at(int(0), k), pitch: depthStride };
  }

  /** The epilogue over rows of C; that of the first lies at `c`. */
  emitEpilogue(rows: Bounds, c: Value): void {
    this.#emitBody(this.kernel.epilogue, mAxis, rows, c);
  }

  /** The epilogue of the column sums, if they are wanted. */
  emitSums(): void {
    const { columnSum } = this.kernel;
    if (columnSum) this.#emitBody(columnSum, null, [int(0), int(1)], this.places.sums);
  }

  #emitBody({ code, stores }: Body, rowAxis: number | null, [first, end]: Bounds, area: Value): void {
    const { f } = this;
    const { bindings, params, frame } = this.#call;
    const { columns } = this.sizes;
    const rows = rowAxis === null ? 1 : this.#extents[rowAxis]!;
    const range = ownRange(rows * columns);
    const form = axesAffine([[nAxis, 1], ...(rowAxis === null ? [] : ([[rowAxis, columns]] as const))]);
    const base = f.keep("i32", sub(area, mul(first, int(columns * 4))));
    const body = {
      code,
      stores: storesOf(stores, bindings),
      bindings,
      params,
      accumulator: { range, form },
    };
    emitRows(
      f,
      body,
      { ...this.#range([first, end]), rowAxis, columnAxis: nAxis },
      withRange(frame, range, base.get),
    );
  }

  #range([first, end]: Bounds): Pick<RowRange, "extents" | "batchAxis" | "batch" | "first" | "end"> {
    return { extents: this.#extents, batchAxis, batch: this.batch.get, first, end };
  }
}
