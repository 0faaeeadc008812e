/** @file A run of a kernel on the cpu device that must not fall back to block loops. */
import { expect, vi } from "vitest";
import { blocks } from "../src/cpu/parts.ts";
import type { Kernel } from "../src/ir/kernel.ts";
import { runOnCpu, type Words } from "./cpuReference.ts";

/** Runs a kernel, which must not be left to block loops. */
export async function runAsWasm<T extends readonly Words[]>(
  kernel: Kernel,
  params: Uint32Array,
  data: T,
): Promise<T> {
  const loops = vi.spyOn(blocks, "get");
  const results = await runOnCpu(kernel, params, data, { webAssembly: "strict" });
  expect(loops).not.toHaveBeenCalled();
  loops.mockRestore();
  return results;
}
