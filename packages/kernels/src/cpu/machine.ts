/** @file What the compiled calls of a device share. */

import type { RegisterPool } from "./blocks/registers.ts";
import type { Scratch } from "./blocks/scratch.ts";
import type { CpuPool } from "./pool.ts";
import type { ModuleCache } from "./wasm/modules.ts";

/** Executes a call on the memory bound at the time. */
export type Runner = () => void;

export interface Machine {
  /** WebAssembly modules over the memory of the device; null where kernels run as JavaScript. */
  readonly modules: ModuleCache | null;
  readonly pool: CpuPool;
  readonly registers: RegisterPool;
  readonly scratch: Scratch;
}
