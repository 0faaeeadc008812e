/**
 * @file For tests and performance checks: the counters of all devices, an outside count of real GPU calls to check them by, and seams
 * to compute without WebAssembly and in several threads.
 */
import { type Counters, counts, resetCounts } from "../device/counters.ts";

export { pretendThreads } from "../cpu/threads/defaults.ts";
export { pretendSupport } from "../cpu/wasm/support.ts";
export type { Counters } from "../device/counters.ts";
export { type GpuRecorder, recordGpu } from "./recorder.ts";

/**
 * Counts of GPU work since the last reset, whichever device did it (the cpu device counts alike).
 *
 * @example
 * counters.reset();
 * await model.trainOnBatch(x, y);
 * counters.read().dispatches; // kernel launches of one step
 */
export const counters = {
  reset: resetCounts,
  read: (): Counters => ({ ...counts }),
};
