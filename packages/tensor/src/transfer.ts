/** @file Moving values: many reads at once, rows by position, back-pressure, several programs in one submission. */
import { pick } from "./primitives/pick.ts";
import { useNode } from "./runtime/handles.ts";
import type { HostData } from "./runtime/memory.ts";
import { readNodes } from "./runtime/read.ts";
import { openRuntime } from "./runtime/runtime.ts";
import { type Tensor, wrap } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/** Values of several tensors and variables, with one evaluation and one readback per buffer. */
export function readAll(tensors: readonly Tensor[]): Promise<HostData[]> {
  return readNodes(tensors.map(useNode));
}

/** Moves variables into one buffer in the given order, so that their update is one kernel (`runtime/arena.ts`); each may be moved once. */
export function placeTogether(variables: readonly Variable[]): void {
  const runtime = openRuntime();
  if (variables.length > 0) runtime?.engine.placeTogether(runtime, variables);
}

/** Moves small state (counters, metric totals, keys) into one buffer. */
export function placeState(variables: readonly Variable[]): void {
  const runtime = openRuntime();
  if (variables.length > 0) runtime?.engine.placeState(runtime, variables);
}

/** null while the device keeps up; else a promise to await before queueing more (at most 3 submits are in flight). */
export function throttle(): Promise<void> | null {
  return openRuntime()?.device.throttle() ?? null;
}

/**
 * Rows of x at integer positions, without a gradient: for data. `ops.take` is the same with one.
 *
 * @example pickRows(tensor([[1, 2], [3, 4], [5, 6]]), tensor([2, 0], { dtype: "int32" })); // [[5, 6], [1, 2]]
 */
export function pickRows(x: Tensor, rows: Tensor): Tensor {
  return wrap(pick(useNode(x), useNode(rows), 0));
}

/** Compiled functions that `body` (synchronous) calls are submitted to the device at once; the order of everything is kept. */
export function together(body: () => void): void {
  const device = openRuntime()?.device;
  if (device) device.together(body);
  else body();
}

/**
 * Throws MemoryError if `variables`, each with `copies` values of its size beside it (an optimizer's state), would go beyond what the device
 * or `setMemoryLimit` allows. Nothing is moved.
 */
export function checkMemory(where: string, variables: readonly Variable[], copies: number): void {
  const runtime = openRuntime();
  runtime?.engine.checkVariables(runtime, where, variables, copies);
}
