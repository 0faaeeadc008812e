/** @file Matrix products: blocks of k, packed panels, tiles in registers, the epilogue on rows as they are finished. */
import type { Body, GemmKernel, Operand } from "../../ir/kernel.ts";
import { axesAffine, type Params } from "../affine.ts";
import { storesOf } from "../bodySpec.ts";
import { Memory, MemoryRange } from "../memory.ts";
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import type { Frame } from "./context.ts";
import { add, addScaled, ceilDiv, int, min, mul, sub } from "./integers.ts";
import { microKernel, tileColumns, tileRows } from "./microKernel.ts";
import {
  type Block,
  batchAxis,
  computeRows,
  kAxis,
  mAxis,
  nAxis,
  type PlainOperand,
  plainBlock,
  plainOperand,
} from "./operand.ts";
import { packer } from "./pack.ts";
import { emitRows, type RowRange } from "./rows.ts";
import { rowByColumns } from "./thin.ts";

/** Most k of a block: panels of B stay in the first-level cache. */
const maxDepth = 256;
/** Rows of A that are packed at a time: they stay in the second-level cache. */
const blockRows = 96;
/** Elements of B from which on it is packed block by block, where C is smaller. */
const maxWholeB = 1 << 20;

/** Bytes of scratch memory, handed out in order. */
class Areas {
  bytes = 0;

  take(elements: number): number {
    const offset = this.bytes;
    this.bytes += Math.ceil((elements * 4) / 64) * 64 + 64;
    return offset;
  }
}

interface Side {
  readonly operand: Operand;
  readonly plain: PlainOperand | null;
  readonly lineAxis: number;
  /** Where computed blocks lie. */
  readonly area: number;
  readonly width: number;
}

export function emitGemm(
  f: FunctionBuilder,
  kernel: GemmKernel,
  bindings: readonly MemoryRange[],
  params: Params,
  frame: Frame,
  scratch: Value,
): { readonly scratchBytes: number } {
  const emitter = new GemmEmitter(f, kernel, bindings, params, frame, scratch);
  emitter.emit();
  return { scratchBytes: emitter.scratchBytes };
}

class GemmEmitter {
  readonly #f: FunctionBuilder;
  readonly #kernel: GemmKernel;
  readonly #bindings: readonly MemoryRange[];
  readonly #params: Params;
  readonly #frame: Frame;
  readonly #scratch: Value;
  readonly #extents: readonly number[];
  readonly #areas = new Areas();
  readonly #depth: number;
  readonly #a: Side;
  readonly #b: Side;
  /** All of C is kept while blocks of k come and go: for a long k over a small C. */
  readonly #keepsC: boolean;
  readonly #packedA: number;
  readonly #packedB: number;
  readonly #c: number;
  readonly #sums: number;
  readonly #batch: Local;
  readonly #columns: number;

  constructor(
    f: FunctionBuilder,
    kernel: GemmKernel,
    bindings: readonly MemoryRange[],
    params: Params,
    frame: Frame,
    scratch: Value,
  ) {
    const [batch, m, n, k] = params.words as unknown as [number, number, number, number];
    this.#f = f;
    this.#kernel = kernel;
    this.#bindings = bindings;
    this.#params = params;
    this.#frame = frame;
    this.#scratch = scratch;
    this.#extents = [batch, m, n, k];
    this.#columns = roundUp(n, tileColumns);
    this.#depth = Math.ceil(k / Math.max(1, Math.ceil(k / maxDepth)));
    this.#keepsC = k * n > maxWholeB && k > 4 * m;
    const rows = this.#keepsC ? m : Math.min(m, blockRows);
    const a = plainOperand(kernel.a, bindings, params);
    const b = plainOperand(kernel.b, bindings, params);
    const areas = this.#areas;
    const computedA = a ? 0 : this.#keepsC ? this.#depth * m : rows * k;
    this.#a = { operand: kernel.a, plain: a, lineAxis: mAxis, area: areas.take(computedA), width: tileRows };
    this.#b = {
      operand: kernel.b,
      plain: b,
      lineAxis: nAxis,
      area: areas.take(b ? 0 : this.#depth * n),
      width: tileColumns,
    };
    this.#packedA = areas.take(roundUp(Math.min(m, blockRows), tileRows) * this.#depth);
    this.#packedB = areas.take(this.#columns * (this.#keepsC ? this.#depth : k));
    this.#c = areas.take(roundUp(rows, tileRows) * this.#columns);
    this.#sums = areas.take(kernel.columnSum ? this.#columns : 0);
    this.#batch = f.local("i32");
  }

  get scratchBytes(): number {
    return this.#areas.bytes;
  }

  emit(): void {
    const [batch] = this.#extents;
    this.#f.loop(this.#batch, int(0), int(batch!), 1, () => {
      const thin = this.#thinProduct();
      if (thin) this.#emitThin(thin);
      else if (this.#keepsC) this.#emitByDepth();
      else this.#emitByRows();
      if (this.#kernel.columnSum)
        this.#emitEpilogue(this.#kernel.columnSum, null, int(0), int(1), this.#sums);
    });
  }

  /** The product of a few rows with a matrix that may be read where it lies. */
  #thinProduct(): { readonly a: Block; readonly b: Block; readonly product: number } | null {
    const f = this.#f;
    const [, m, n] = this.#extents;
    if (m! >= tileRows || !this.#b.plain || this.#kernel.columnSum) return null;
    const b = this.#plain(this.#b);
    const a = this.#a.plain ? this.#plain(this.#a) : this.#rowsOfA(int(0));
    // A single column has no neighbours to tell its stride.
    if (b.lineStride !== 1 && n! > 1) return null;
    return { a, b, product: rowByColumns(f.module, a.depthStride, b.depthStride) };
  }

  /** Row by row, without packing. */
  #emitThin({ a, b, product }: { readonly a: Block; readonly b: Block; readonly product: number }): void {
    const f = this.#f;
    const [, m, n] = this.#extents;
    if (!this.#a.plain) this.#compute(this.#a, [mAxis, kAxis], int(0), int(m!));
    const row = f.local("i32");
    f.loop(row, int(0), int(m!), 1, () => {
      const c = f.keep("i32", addScaled(this.#area(this.#c), row.get, this.#columns * 4)).get;
      this.#overDepth((k, depth) => {
        for (const value of [a.at(row.get, k), b.at(int(0), k), depth, c, int(n!), isZero(k)]) value(f);
        f.call(product);
      });
    });
    this.#emitEpilogue(this.#kernel.epilogue, mAxis, int(0), int(m!), this.#c);
  }

  /** B is packed whole, then C is made a block of rows at a time. */
  #emitByRows(): void {
    const f = this.#f;
    const [, m] = this.#extents;
    const pack = (): void =>
      this.#overDepth((k, depth) => {
        const packed = f.keep("i32", addScaled(this.#area(this.#packedB), k, this.#columns * 4)).get;
        this.#packB(k, depth, packed);
      });
    // The same for all batches.
    if (this.#b.plain && !this.#b.plain.form.axes.has(batchAxis)) f.if(isZero(this.#batch.get), pack);
    else pack();
    const first = f.local("i32");
    f.loop(first, int(0), int(m!), blockRows, () => {
      const end = f.keep("i32", min(add(first.get, int(blockRows)), int(m!))).get;
      if (!this.#a.plain) this.#compute(this.#a, [mAxis, kAxis], first.get, end);
      this.#overDepth((k, depth) => {
        const packed = f.keep("i32", addScaled(this.#area(this.#packedB), k, this.#columns * 4)).get;
        const { at, ...strides } = this.#a.plain ? this.#plain(this.#a) : this.#rowsOfA(first.get);
        const rows = f.keep("i32", sub(end, first.get)).get;
        this.#packA({ at, ...strides }, first.get, rows, k, depth);
        this.#multiply(rows, packed, depth, this.#area(this.#c), isZero(k));
      });
      this.#emitEpilogue(this.#kernel.epilogue, mAxis, first.get, end, this.#c);
    });
  }

  /** Blocks of k of both operands are added to a C that is kept. */
  #emitByDepth(): void {
    const f = this.#f;
    const [, m] = this.#extents;
    this.#overDepth((k, depth) => {
      const packed = this.#area(this.#packedB);
      this.#packB(k, depth, packed);
      const end = f.keep("i32", add(k, depth)).get;
      if (!this.#a.plain) this.#compute(this.#a, [kAxis, mAxis], k, end);
      const block = this.#a.plain ? this.#plain(this.#a) : this.#computedByDepth(this.#a, m!, k);
      const first = f.local("i32");
      f.loop(first, int(0), int(m!), blockRows, () => {
        const rows = f.keep("i32", min(sub(int(m!), first.get), int(blockRows))).get;
        this.#packA(block, first.get, rows, k, depth);
        const c = f.keep("i32", addScaled(this.#area(this.#c), first.get, this.#columns * 4)).get;
        this.#multiply(rows, packed, depth, c, isZero(k));
      });
    });
    this.#emitEpilogue(this.#kernel.epilogue, mAxis, int(0), int(m!), this.#c);
  }

  /** `body` for every block of k: its first, and how many. A k of 0 is one empty block. */
  #overDepth(body: (k: Value, depth: Value) => void): void {
    const f = this.#f;
    const total = this.#extents[kAxis]!;
    if (total <= this.#depth) {
      body(int(0), int(total));
      return;
    }
    const k = f.local("i32");
    f.loop(k, int(0), int(total), this.#depth, () => {
      body(k.get, f.keep("i32", min(sub(int(total), k.get), int(this.#depth))).get);
    });
  }

  #area(offset: number): Value {
    return offset === 0 ? this.#scratch : add(this.#scratch, int(offset));
  }

  #plain(side: Side): Block {
    return plainBlock(side.plain!, side.lineAxis, this.#batch.get, this.#frame);
  }

  /** Rows of A from `first` on, whole, as they were computed. */
  #rowsOfA(first: Value): Block {
    const total = this.#extents[kAxis]!;
    const base = this.#area(this.#a.area);
    const at = (line: Value, k: Value): Value =>
      addScaled(addScaled(base, sub(line, first), total * 4), k, 4);
    return { lineStride: total, depthStride: 1, at };
  }

  /** A block of k from `first` on, with all `lines`, as it was computed. */
  #computedByDepth(side: Side, lines: number, first: Value): Block {
    const base = this.#area(side.area);
    const at = (line: Value, k: Value): Value =>
      addScaled(addScaled(base, line, 4), sub(k, first), lines * 4);
    return { lineStride: 1, depthStride: lines, at };
  }

  #compute(side: Side, [rowAxis, columnAxis]: readonly [number, number], first: Value, end: Value): void {
    const range = { ...this.#range(first, end), rowAxis, columnAxis };
    const body = { bindings: this.#bindings, params: this.#params };
    computeRows(this.#f, side.operand, range, this.#area(side.area), body, this.#frame);
  }

  #range(first: Value, end: Value): Pick<RowRange, "extents" | "batchAxis" | "batch" | "first" | "end"> {
    return { extents: this.#extents, batchAxis, batch: this.#batch.get, first, end };
  }

  /** All columns of a block of k; their sums as well, if they are wanted. */
  #packB(k: Value, depth: Value, packed: Value): void {
    const f = this.#f;
    const n = this.#extents[nAxis]!;
    if (!this.#b.plain) this.#compute(this.#b, [kAxis, nAxis], k, f.keep("i32", add(k, depth)).get);
    const block = this.#b.plain ? this.#plain(this.#b) : this.#computedByDepth(this.#b, n, k);
    this.#packLines(this.#b, block, int(0), int(n), k, depth, packed);
    if (this.#kernel.columnSum) this.#addColumns(k, depth, packed);
  }

  #packA(block: Block, first: Value, rows: Value, k: Value, depth: Value): void {
    this.#packLines(this.#a, block, first, rows, k, depth, this.#area(this.#packedA));
  }

  #packLines(
    { width }: Side,
    block: Block,
    first: Value,
    count: Value,
    k: Value,
    depth: Value,
    packed: Value,
  ): void {
    const f = this.#f;
    const pack = packer(f.module, width, block.lineStride, block.depthStride);
    const line = f.local("i32");
    const to = f.keep("i32", packed);
    f.loop(line, int(0), count, width, () => {
      block.at(add(first, line.get), k)(f);
      to.get(f);
      sub(count, line.get)(f);
      depth(f);
      f.call(pack);
      f.set(to, add(to.get, mul(depth, int(width * 4))));
    });
  }

  /** Tiles of the rows in packed A by all columns. */
  #multiply(rows: Value, packedB: Value, depth: Value, c: Value, isFirst: Value): void {
    const f = this.#f;
    const kernel = microKernel(f.module);
    const [i, j] = [f.local("i32"), f.local("i32")];
    const b = f.keep("i32", packedB);
    const first = f.keep("i32", isFirst);
    const panels = f.keep("i32", ceilDiv(rows, tileRows));
    f.loop(j, int(0), int(this.#columns), tileColumns, () => {
      const a = f.keep("i32", this.#area(this.#packedA));
      const target = f.keep("i32", addScaled(c, j.get, 4));
      f.loop(i, int(0), panels.get, 1, () => {
        for (const value of [a.get, b.get, depth, target.get, int(this.#columns * 4), first.get]) value(f);
        f.call(kernel);
        f.set(a, add(a.get, mul(depth, int(tileRows * 4))));
        f.set(target, add(target.get, int(tileRows * this.#columns * 4)));
      });
      f.set(b, add(b.get, mul(depth, int(tileColumns * 4))));
    });
  }

  /** Adds the sums over a packed block of k to those so far. */
  #addColumns(k: Value, depth: Value, packed: Value): void {
    const f = this.#f;
    const [j, row] = [f.local("i32"), f.local("i32")];
    const from = f.keep("i32", packed);
    const isFirst = f.keep("i32", isZero(k));
    f.loop(j, int(0), int(this.#columns), tileColumns, () => {
      const to = f.keep("i32", addScaled(this.#area(this.#sums), j.get, 4));
      const sums = [0, 16].map((at) =>
        f.keep("v128", () => f.if(isFirst.get, zero(f), loadAt(f, to, at), "v128")),
      );
      f.loop(row, int(0), depth, 1, () => {
        sums.forEach((sum, i) =>
          f.set(sum, () => {
            sum.get(f);
            loadAt(f, from, i * 16)();
            f.simd("f32x4.add");
          }),
        );
        f.set(from, add(from.get, int(tileColumns * 4)));
      });
      sums.forEach((sum, i) => {
        to.get(f);
        sum.get(f);
        f.memory("v128.store", i * 16);
      });
    });
  }

  /** Runs an epilogue over rows `first` to `end` of C, or over the row of column sums; the scratch area starts at row `first`. */
  #emitEpilogue(
    { code, stores }: Body,
    rowAxis: number | null,
    first: Value,
    end: Value,
    area: number,
  ): void {
    const f = this.#f;
    const rowBytes = this.#columns * 4;
    const rows = rowAxis === null ? 1 : this.#extents[rowAxis]!;
    const range = new MemoryRange(new Memory(), "float32", 0, rows * rowBytes);
    const form = axesAffine([[nAxis, 1], ...(rowAxis === null ? [] : ([[rowAxis, this.#columns]] as const))]);
    const base = f.keep("i32", sub(this.#area(area), mul(first, int(rowBytes))));
    const frame: Frame = {
      ...this.#frame,
      base: (other) => (other === range ? base.get : this.#frame.base(other)),
    };
    const body = {
      code,
      stores: storesOf(stores, this.#bindings),
      bindings: this.#bindings,
      params: this.#params,
      accumulator: { range, form },
    };
    emitRows(f, body, { ...this.#range(first, end), rowAxis, columnAxis: nAxis }, frame);
  }
}

function roundUp(count: number, step: number): number {
  return Math.ceil(count / step) * step;
}

function isZero(value: Value): Value {
  return (f) => {
    value(f);
    f.plain("i32.eqz");
  };
}

function zero(f: FunctionBuilder): () => void {
  return () => f.v128([0, 0, 0, 0], true);
}

function loadAt(f: FunctionBuilder, address: Local, offset: number): () => void {
  return () => {
    address.get(f);
    f.memory("v128.load", offset);
  };
}
