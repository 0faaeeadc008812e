/** @file What the compiled calls of a device share. */
import type { LinearHeap } from "./heap.ts";
import type { RegisterPool } from "./registers.ts";
import type { Scratch } from "./scratch.ts";

/** Executes a call on the memory bound at the time. */
export type Runner = () => void;

export interface Machine {
  /** The memory that WebAssembly works on; null where kernels run as JavaScript. */
  readonly heap: LinearHeap | null;
  readonly registers: RegisterPool;
  readonly scratch: Scratch;
}
