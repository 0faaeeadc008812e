/** @file The state of the device: whether it still computes, and what its memory is used for. */
import { openRuntime } from "./runtime/runtime.ts";

/** Why the device can compute nothing any more; null while it can. */
export function deviceFailure(): Error | null {
  return openRuntime()?.device.failure ?? null;
}

/** Device memory by owner ("variable", "slot", "result", ...), in bytes. */
export function memory(): { bytes: number; buffers: number; owners: Readonly<Record<string, number>> } {
  return openRuntime()?.device.memory() ?? { bytes: 0, buffers: 0, owners: {} };
}
