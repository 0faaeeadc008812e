/** @file Sizes of a matrix product's blocks, and the scratch memory that they take: each thread's own, and what threads share. */
import { Areas } from "./areas.ts";
import type { FunctionBuilder, Value } from "./assembler.ts";
import { add, addScaled, int } from "./integers.ts";
import { tileColumns, tileRows } from "./microKernel.ts";

/** Most k of a block: panels of B stay in the first-level cache. */
const maxDepth = 256;
/** Rows of A that are packed at a time: they stay in the second-level cache. */
const maxBlockRows = 96;
/** Elements of B from which on it is packed block by block, where C is smaller. */
const maxWholeB = 1 << 20;
/** Blocks of rows that there should be for threads to share. */
const fewestBlocks = 8;

export interface GemmSizes {
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** n in whole tiles. */
  readonly columns: number;
  /** k of a block; the last may have fewer. */
  readonly depth: number;
  /** All of C is kept while blocks of k come and go: for a long k over a small C. */
  readonly keepsC: boolean;
  readonly blockRows: number;
  /** One function after another works on a batch, in several threads. */
  readonly inParts: boolean;
}

/** By shape alone; the order of sums is the same in parts or whole. */
export function sizesOf(words: Uint32Array, inParts: boolean): GemmSizes {
  const [batches, m, n, k] = words as unknown as [number, number, number, number];
  const depth = Math.ceil(k / Math.max(1, Math.ceil(k / maxDepth)));
  const fewer = Math.max(tileRows, roundUp(Math.ceil(m / fewestBlocks), tileRows));
  return {
    ...{ batches, m, n, k, depth, inParts },
    columns: roundUp(n, tileColumns),
    keepsC: k * n > maxWholeB && k > 4 * m,
    blockRows: inParts ? Math.min(maxBlockRows, fewer) : maxBlockRows,
  };
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
  { m, n, k, columns, depth, keepsC, blockRows, inParts }: GemmSizes,
  isPlain: { readonly a: boolean; readonly b: boolean },
  hasSums: boolean,
  { base, threads }: GemmScratch,
): Places {
  const own = new PlacedAreas();
  // What one function leaves to the next.
  const shared = inParts ? new PlacedAreas() : own;
  const ofRows = keepsC ? shared : own;
  const rows = keepsC ? m : Math.min(m, blockRows);
  const places = {
    computedA: ofRows.place(isPlain.a ? 0 : keepsC ? depth * m : rows * k),
    computedB: shared.place(isPlain.b ? 0 : depth * n),
    packedA: own.place(roundUp(Math.min(m, blockRows), tileRows) * depth),
    packedB: shared.place(columns * (keepsC ? depth : k)),
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
