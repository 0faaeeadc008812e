/** @file Sizes of a matrix product's blocks, and the scratch memory that they take: each thread's own, and what threads share. */
import type { GemmKernel } from "../../ir/kernel.ts";
import type { Params } from "../affine.ts";
import type { MemoryRange } from "../memory.ts";
import { Areas } from "./areas.ts";
import type { FunctionBuilder, Value } from "./assembler.ts";
import { add, addScaled, int } from "./integers.ts";
import { spillsTallTiles, tallTileRows, tileColumns, tileRows } from "./microKernel.ts";
import { kAxis, mAxis, nAxis, plainOperand, runsAlongRows } from "./operand.ts";

/** Most k of a block: panels of B stay in the first-level cache. */
const maxDepth = 256;
/** Rows of A that are packed at a time: they stay in the second-level cache. */
const maxBlockRows = 96;
/** Elements of B that the second-level cache keeps. */
const cachedB = 1 << 18;
/** Elements of B up to which it is packed whole, although C is smaller, where blocks of k of A are dear. */
const maxWholeB = 1 << 20;
/** Rows of C up to which packing a B that is in the cache takes longer than it saves, and columns for A. */
const fewRows = 128;
const fewColumns = 128;
/** How much quicker than others tall tiles are. */
const tallTileGain = 1.14;
/** Blocks of rows that there should be for threads to share. */
const fewestBlocks = 8;

export interface GemmShape {
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** k of a block; the last may have fewer. */
  readonly depth: number;
  /** All of C is kept while blocks of k come and go: for a long k over a small C. */
  readonly keepsC: boolean;
  /** A few rows, and a matrix whose columns are neighbours, or become so when it is computed: row by row, and nothing is packed. */
  readonly isThin: boolean;
  /** Not packed, but read where they lie: A, since it meets few columns, and B, since it meets few rows. */
  readonly readsA: boolean;
  readonly readsB: boolean;
}

export interface GemmSizes extends GemmShape {
  /** n in whole tiles. */
  readonly columns: number;
  readonly tileRows: number;
  readonly blockRows: number;
  /** One function after another works on a batch, in several threads. */
  readonly inParts: boolean;
}

/** By extents, and by where the neighbours in operands lie. */
export function shapeOf(kernel: GemmKernel, bindings: readonly MemoryRange[], params: Params): GemmShape {
  const extents = Array.from(params.words.subarray(0, 4)) as [number, number, number, number];
  const [batches, m, n, k] = extents;
  const { a, b, columnSum } = kernel;
  const [formA, formB] = [a, b].map((operand) => plainOperand(operand, bindings, params)?.form);
  const hasNeighbours = formB?.axes.get(nAxis) === 1;
  // A single column has no neighbours to tell its stride.
  const isThin = m < tileRows && !columnSum && (!formB || n === 1 || hasNeighbours);
  const readsB = isThin || (hasNeighbours && !columnSum && m <= fewRows && k * n <= cachedB);
  const wholeB = formA ? cachedB : runsAlongRows(a, extents, params) ? 0 : maxWholeB;
  const keepsC = !readsB && k > 4 * m && k * n > wholeB;
  // Rows are offsets of loads, which cannot be negative.
  const isByRows = formA ? formA.axes.get(kAxis) === 1 && (formA.axes.get(mAxis) ?? 0) >= 0 : !keepsC;
  return {
    ...{ batches, m, n, k, keepsC, isThin, readsB },
    readsA: isThin || (isByRows && n <= fewColumns),
    depth: Math.ceil(k / Math.max(1, Math.ceil(k / maxDepth))),
  };
}

/** By shape alone; the order of sums is the same in parts or whole. */
export function sizesOf(shape: GemmShape, inParts: boolean, relaxed: boolean): GemmSizes {
  const { m, n } = shape;
  const rows = relaxed && isBestTall(m) && !spillsTallTiles() ? tallTileRows : tileRows;
  const fewer = Math.max(rows, roundUp(Math.ceil(m / fewestBlocks), rows));
  return {
    ...shape,
    inParts,
    columns: roundUp(n, tileColumns),
    tileRows: rows,
    blockRows: inParts ? Math.min(maxBlockRows, fewer) : maxBlockRows,
  };
}

/** Tall tiles are quicker, but may compute more rows that nobody reads. */
function isBestTall(m: number): boolean {
  return roundUp(m, tallTileRows) < tallTileGain * roundUp(m, tileRows);
}

/** Where a call has its scratch memory. */
export interface GemmScratch {
  readonly base: Value;
  /** Threads that have some of their own, and which of them runs the function; null where it is one thread's alone. */
  readonly threads: { readonly count: number; readonly number: Value } | null;
}

/** Addresses in scratch memory. */
export interface Places {
  readonly computedA: Value;
  readonly computedB: Value;
  readonly packedA: Value;
  readonly packedB: Value;
  readonly c: Value;
  readonly sums: Value;
  readonly bytes: number;
}

/** Areas from `base` on, which may be set later. */
class PlacedAreas extends Areas {
  base: Value = int(0);

  place(words: number): Value {
    const offset = this.take(words);
    return (f) => (offset === 0 ? this.base : add(this.base, int(offset)))(f);
  }
}

export function layOut(
  f: FunctionBuilder,
  sizes: GemmSizes,
  isPlain: { readonly a: boolean; readonly b: boolean },
  hasSums: boolean,
  { base, threads }: GemmScratch,
): Places {
  const { m, n, k, columns, depth, keepsC, readsA, readsB, tileRows, blockRows, inParts } = sizes;
  const own = new PlacedAreas();
  // What one function leaves to the next.
  const shared = inParts ? new PlacedAreas() : own;
  const ofRows = keepsC ? shared : own;
  const rows = keepsC ? m : Math.min(m, blockRows);
  const places = {
    computedA: ofRows.place(isPlain.a ? 0 : keepsC ? depth * m : rows * k),
    computedB: shared.place(isPlain.b ? 0 : depth * n),
    packedA: own.place(readsA ? 0 : roundUp(Math.min(m, blockRows), tileRows) * depth),
    packedB: shared.place(readsB ? 0 : columns * (keepsC ? depth : k)),
    c: ofRows.place(roundUp(rows, tileRows) * columns),
    sums: shared.place(hasSums ? columns : 0),
  };
  shared.base = base;
  const sharedBytes = inParts ? shared.bytes : 0;
  own.base = threads
    ? f.keep("i32", addScaled(add(base, int(sharedBytes)), threads.number, own.bytes)).get
    : base;
  return { ...places, bytes: sharedBytes + own.bytes * (threads?.count ?? 1) };
}

function roundUp(count: number, step: number): number {
  return Math.ceil(count / step) * step;
}
