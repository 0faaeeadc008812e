/** @file The memory that programs may use in all: WebGPU tells no total, so a user may set one. */
import { ValueError } from "../graph/errors.ts";

export const budget: { bytes: number } = { bytes: Number.POSITIVE_INFINITY };

/**
 * Limits the device memory in use (`memory().bytes`). Compiled functions, and models with their optimizer's state, that would go beyond it
 * are refused before they run, with the bytes by layer. Like TensorFlow's `LogicalDeviceConfiguration(memory_limit)`; values that are
 * computed without `jit` count but are not refused. WebGPU does not tell how much memory a device has, so without a limit a program is
 * refused for a single buffer that is too large, or when the GPU says that it has no more.
 *
 * @param bytes - The limit; null for none.
 * @example
 * setMemoryLimit(2 ** 30); // 1 GiB
 */
export function setMemoryLimit(bytes: number | null): void {
  if (bytes !== null && !(bytes > 0)) {
    throw new ValueError("setMemoryLimit", "the limit is not a positive number.", {
      received: String(bytes),
      expected: "a number of bytes, or null for no limit.",
      fix: "write setMemoryLimit(2 ** 30) for 1 GiB.",
    });
  }
  budget.bytes = bytes ?? Number.POSITIVE_INFINITY;
}
