/** @file How threads share a matrix product: functions of units that may run in any order, one after another by blocks of k. */
import type { GemmKernel } from "../../ir/kernel.ts";
import type { Params } from "../affine.ts";
import type { MemoryRange } from "../memory.ts";
import { chunksFor, type Work, weightOf } from "../threads/work.ts";
import type { Value } from "./assembler.ts";
import { emitBatches } from "./gemm.ts";
import { GemmBlocks, type GemmCall, type Side } from "./gemmBlocks.ts";
import { type Bounds, type DepthBlock, packLines } from "./gemmLoops.ts";
import { shapeOf, sizesOf } from "./gemmScratch.ts";
import { add, addScaled, div, int, min, mul, sub } from "./integers.ts";
import { tileColumns, tileRows } from "./microKernel.ts";
import { kAxis, plainOperand } from "./operand.ts";

/**
 * "all": everything, in one thread; "batches": all of some batches. Of a block of k: "compute" operands that do not lie in memory (units
 * are k), "pack" B (panels), "multiply" it into a C that is kept (blocks of rows). When all of B is packed: "rows" of C with their
 * epilogue. When all of C is there: its "epilogue" (blocks of rows). At last "sums", the epilogue of the column sums.
 */
export type GemmPart = "all" | "batches" | "compute" | "pack" | "multiply" | "rows" | "epilogue" | "sums";

/** For each batch: the parts of a block of k, for all blocks, then those of the whole. Turns number the blocks of all batches. */
export interface GemmParts {
  readonly batches: number;
  readonly blocks: number;
  readonly ofBlock: readonly GemmPart[];
  readonly ofBatch: readonly GemmPart[];
}

export const wholeGemm: GemmParts = { batches: 1, blocks: 0, ofBlock: [], ofBatch: ["all"] };

/** Vector operations of a batch from which on threads share it, rather than take one each with memory for all of it. */
const largeBatch = 1_000_000;

/** How several threads share a product. */
export function partsOf(kernel: GemmKernel, bindings: readonly MemoryRange[], params: Params): GemmParts {
  const { batches, m, n, k, depth, keepsC, readsB } = shapeOf(kernel, bindings, params);
  const cost = (m * n * k) / 4;
  if (chunksFor(batches * cost) === 1) return wholeGemm;
  const isShared = m > tileRows && (batches === 1 || cost >= largeBatch);
  if (!isShared) return batches === 1 ? wholeGemm : { ...wholeGemm, ofBatch: ["batches"] };
  const isPlain = (side: "a" | "b") => plainOperand(kernel[side], bindings, params) !== null;
  const computes = !isPlain("b") || (keepsC && !isPlain("a"));
  return {
    batches,
    blocks: Math.ceil(k / depth),
    ofBlock: [
      ...(computes ? (["compute"] as const) : []),
      ...(readsB ? [] : (["pack"] as const)),
      ...(keepsC ? (["multiply"] as const) : []),
    ],
    ofBatch: [keepsC ? "epilogue" : "rows", ...(kernel.columnSum ? (["sums"] as const) : [])],
  };
}

/** Where a part has its scratch memory, and the turn that it is. */
export interface PartPlace {
  readonly scratch: Value;
  readonly threads: number;
  readonly thread: Value;
  readonly turn: Value;
}

/** Emits units `begin` to `end` of a part. */
export function emitPart(
  call: GemmCall,
  part: GemmPart,
  { scratch, threads, thread, turn }: PartPlace,
  units: Bounds,
): Work & { readonly scratchBytes: number } {
  const isWhole = part === "all" || part === "batches";
  const shape = shapeOf(call.kernel, call.bindings, call.params);
  const sizes = sizesOf(shape, !isWhole, call.f.module.relaxed);
  const own = part === "all" ? null : { count: threads, number: thread };
  const blocks = new GemmBlocks(call, sizes, { base: scratch, threads: own });
  const work = isWhole ? emitWhole(blocks, part, units) : new PartEmitter(blocks, turn).emit(part, units);
  return { ...work, scratchBytes: blocks.places.bytes };
}

function emitWhole(blocks: GemmBlocks, part: "all" | "batches", units: Bounds): Work {
  const { batches, m, n, k } = blocks.sizes;
  emitBatches(blocks, part === "all" ? [int(0), int(batches)] : units);
  return part === "all" ? { units: 1, cost: 0 } : { units: batches, cost: (batches * m * n * k) / 4 };
}

class PartEmitter {
  readonly #blocks: GemmBlocks;
  readonly #block: DepthBlock;

  constructor(blocks: GemmBlocks, turn: Value) {
    this.#blocks = blocks;
    this.#block = this.#blockOf(turn);
  }

  emit(part: Exclude<GemmPart, "all" | "batches">, units: Bounds): Work {
    const { m, n, k, columns, depth, blockRows } = this.#blocks.sizes;
    const rowUnits = Math.ceil(m / blockRows);
    switch (part) {
      case "compute":
        return { units: depth, cost: this.#compute(units) };
      case "pack":
        this.#pack(units);
        return { units: columns / tileColumns, cost: (depth * n) / 2 };
      case "multiply":
        this.#multiply(this.#rowsOf(units));
        return { units: rowUnits, cost: (m * n * depth) / 4 };
      case "rows":
        this.#blocks.emitRowBlocks(this.#rowsOf(units));
        return { units: rowUnits, cost: (m * n * k) / 4 + costOf(this.#blocks.a, k) };
      case "epilogue": {
        const { code, stores } = this.#blocks.kernel.epilogue;
        this.#epilogue(this.#rowsOf(units));
        return { units: rowUnits, cost: (m * n * weightOf(code, stores.length)) / 4 };
      }
      case "sums":
        this.#blocks.emitSums();
        return { units: 1, cost: 0 };
    }
  }

  /** The block of k whose turn it is, once the batch is set. */
  #blockOf(turn: Value): DepthBlock {
    const { f, batch } = this.#blocks;
    const { batches, k: total, depth } = this.#blocks.sizes;
    const count = Math.ceil(total / depth);
    if (batches > 1) f.set(batch, div(turn, int(count)));
    if (count === 1) return { k: int(0), depth: int(total) };
    const k = f.keep("i32", mul(sub(turn, mul(batch.get, int(count))), int(depth))).get;
    return { k, depth: f.keep("i32", min(sub(int(total), k), int(depth))).get };
  }

  #rowsOf([begin, end]: Bounds): Bounds {
    const { f } = this.#blocks;
    const { m, blockRows } = this.#blocks.sizes;
    const rows = (unit: Value) => f.keep("i32", mul(unit, int(blockRows))).get;
    return [rows(begin), f.keep("i32", min(rows(end), int(m))).get];
  }

  /** Of the block of k, rows `begin` to `end` of the operands that are not plain; of A only where all of its rows are wanted. */
  #compute([begin, end]: Bounds): number {
    const { f, a, b } = this.#blocks;
    const { keepsC, depth } = this.#blocks.sizes;
    const { k, depth: count } = this.#block;
    const rows = [
      f.keep("i32", add(k, begin)).get,
      f.keep("i32", add(k, f.keep("i32", min(end, count)).get)).get,
    ] as const;
    const computed = (keepsC ? [a, b] : [b]).filter(({ plain }) => !plain);
    for (const side of computed) {
      const target = addScaled(side.area, begin, side.lines * 4);
      this.#blocks.compute(side, [kAxis, side.lineAxis], rows, target);
    }
    return computed.reduce((cost, side) => cost + costOf(side, depth), 0);
  }

  /** Of the block of k, panels `begin` to `end` of B, with their column sums. */
  #pack([begin, end]: Bounds): void {
    const { f, b } = this.#blocks;
    const { n } = this.#blocks.sizes;
    const { k, depth } = this.#block;
    const column = f.keep("i32", mul(begin, int(tileColumns))).get;
    const to = f.keep("i32", mul(end, int(tileColumns))).get;
    const count = f.keep("i32", sub(min(to, int(n)), column)).get;
    const packed = f.keep("i32", add(this.#blocks.packedB(k), mul(mul(column, depth), int(4)))).get;
    packLines(f, tileColumns, this.#blocks.blockOf(b, k), [column, count], this.#block, packed);
    this.#blocks.addColumns(this.#block, packed, [column, to]);
  }

  #multiply(rows: Bounds): void {
    this.#blocks.multiplyRows(this.#blocks.blockOf(this.#blocks.a, this.#block.k), rows, this.#block);
  }

  #epilogue([first, end]: Bounds): void {
    const { f, places, sizes } = this.#blocks;
    const c = f.keep("i32", addScaled(places.c, first, sizes.columns * 4)).get;
    this.#blocks.emitEpilogue([first, end], c);
  }
}

/** Of computing all lines of an operand for so many k. */
function costOf({ plain, operand, lines }: Side, depth: number): number {
  return plain ? 0 : (lines * depth * weightOf(operand.code, 1)) / 4;
}
