/**
 * @file Branches on a GPU: the calls inside are indirect dispatches, whose workgroup counts a small kernel sets
 * from the flag.
 */
import { counts } from "../device/counters.ts";
import type { BufferPool, GpuBuffer } from "../device/pool.ts";
import type { LoopKernel } from "../ir/kernel.ts";
import type { Branch, Call } from "../ir/plan.ts";
import { predicate as code } from "../shaders.ts";

/** Stands in a range for the program's own buffer of workgroup counts. */
export const countsBuffer = -1;

/** As far as programs look at it; its WGSL is a file of shaders/. */
export const predicateKernel: LoopKernel = {
  form: "loop",
  label: "predicate",
  rows: 1,
  cols: 0,
  schedule: "flat",
  workgroupSize: 64,
  lanes: 1,
  laneAxis: 0,
  bindings: [
    { dtype: "uint32", access: "read", vector: false },
    { dtype: "uint32", access: "read_write", vector: false },
  ],
  numParams: 5,
  stages: [],
  body: { code: [], stores: [] },
};

export const predicateSource: { readonly code: string; readonly label: string } = {
  code,
  label: "predicate",
};

/** Required alignment of a bound range. */
const bindingAlignment = 256;

/** A branch among the branches of its plan; number 0 is the plan itself, which always runs. */
export interface Predicate {
  readonly branch: Branch;
  readonly around: number;
  readonly number: number;
  /** Predicated calls inside it and not in a branch within, by number. */
  first: number;
  calls: number;
}

/** Where the workgroup counts of predicated call `i` stand. */
export function countsWord(numPredicates: number, i: number): number {
  return 1 + numPredicates + 3 * i;
}

/** The call that sets the workgroup counts of a branch. */
export function predicateCall(
  { branch, around, number, first, calls }: Predicate,
  numPredicates: number,
  countsBytes: number,
  flagBufferBytes: number,
): Call {
  const start = branch.offset - (branch.offset % bindingAlignment);
  const flags = Math.min(bindingAlignment, flagBufferBytes - start);
  const flagWord = (branch.offset - start) / 4;
  return {
    kind: "call",
    kernel: predicateKernel,
    key: "predicate",
    bindings: [
      { buffer: branch.buffer, offset: start, bytes: flags },
      { buffer: countsBuffer, offset: 0, bytes: countsBytes },
    ],
    params: Uint32Array.of(flagWord, around, number, countsWord(numPredicates, first), calls),
    workgroups: 1,
    scalars: [],
  };
}

/** The buffer of workgroup counts: a word per branch, then the fixed x and y and the variable z of each predicated call. */
export function makeCounts(
  pool: BufferPool,
  queue: GPUQueue,
  numPredicates: number,
  grids: readonly (readonly [number, number])[],
  label: string,
): GpuBuffer | null {
  if (numPredicates === 0) return null;
  const words = new Uint32Array(countsWord(numPredicates, grids.length));
  words[0] = 1;
  grids.forEach(([x, y], i) => {
    words.set([x, y, 0], countsWord(numPredicates, i));
  });
  const buffer = pool.take(words.byteLength, `indirect ${label}`, "indirect");
  queue.writeBuffer(buffer.physical.gpu, 0, words);
  counts.bytesWritten += words.byteLength;
  return buffer;
}
