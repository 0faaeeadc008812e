/** @file What the compiled calls of a device share. */

import type { RegisterPool } from "./blocks/registers.ts";
import type { Scratch } from "./blocks/scratch.ts";
import type { LinearHeap } from "./heap.ts";
import type { ThreadPool } from "./threads/pool.ts";

/** Executes a call on the memory bound at the time. */
export type Runner = () => void;

export interface Machine {
  /** The memory that WebAssembly works on; null where kernels run as JavaScript. */
  readonly heap: LinearHeap | null;
  /** WebAssembly may join products and sums in one rounding. */
  readonly relaxed: boolean;
  /** The threads that run the steps of WebAssembly; null where that of the device does alone. */
  readonly threads: ThreadPool | null;
  readonly registers: RegisterPool;
  readonly scratch: Scratch;
}
