/** @file What the compiled calls of a device share. */
import type { BlockMachine } from "./blocks/blockMachine.ts";
import type { CpuPool } from "./pool.ts";
import type { ModuleCache } from "./wasm/modules.ts";

/** Executes a call on the memory bound at the time. */
export type Runner = () => void;

export interface Machine {
  readonly pool: CpuPool;
  /** WebAssembly modules over the memory of the device; null where kernels run as JavaScript. */
  readonly modules: ModuleCache | null;
  /** Block loops; null until a kernel takes their form. */
  blocks: BlockMachine | null;
}
