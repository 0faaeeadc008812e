/** @file Arenas: variables one after another in one buffer, so that an optimizer's update of all of them is one flat kernel. */
import type { Variable } from "../variable.ts";
import type { Block, Memory } from "./memory.ts";
import { flushDirty } from "./pending.ts";
import type { Runtime } from "./runtime.ts";

const alignment = 256;

/**
 * Moves variables into shared memory in the given order. Lists of equal shapes get equal layouts (parameters and their moments), which is
 * what makes their update flat. Values are kept; programs that use them bind the new place at their next run.
 *
 * @param variables - The variables; each may be moved once.
 */
export function placeTogether(runtime: Runtime, variables: readonly Variable[]): void {
  flushDirty();
  let start = 0;
  while (start < variables.length) start = placeRun(runtime, variables, start);
}

/** Fills one buffer from `start` as far as the binding limit allows; returns the first variable that did not fit. */
function placeRun(runtime: Runtime, variables: readonly Variable[], start: number): number {
  const limit = runtime.device.target.maxBindingBytes;
  const offsets: number[] = [];
  let bytes = 0;
  for (const variable of variables.slice(start)) {
    const end = bytes + variable.size * 4;
    if (end > limit && offsets.length > 0) break;
    offsets.push(bytes);
    bytes = Math.ceil(end / alignment) * alignment;
  }
  const block = runtime.pool.take(bytes, "variable arena", "arena");
  offsets.forEach((offset, i) => moveTo(runtime, variables[start + i] as Variable, block, offset));
  return start + offsets.length;
}

function moveTo(runtime: Runtime, { state }: Variable, block: Block, offset: number): void {
  const memory = state.memory as Memory;
  if (memory.host) runtime.device.write(block.buffer, offset, memory.host);
  else if (memory.block) {
    runtime.device.copy(
      memory.block.buffer,
      memory.offset,
      block.buffer,
      offset,
      Math.ceil(memory.bytes / 4) * 4,
    );
    if (memory.block.kind === "own") runtime.pool.give(memory.block);
  }
  // The old Memory object may back a tensor that was read; it moves along with the variable.
  memory.block = block;
  memory.offset = offset;
  memory.host = null;
}

/** Small state (counters, metric totals, keys) lies in one buffer, so that one kernel can update all of it through one binding. */
export function placeState(runtime: Runtime, variables: readonly Variable[]): void {
  flushDirty();
  const offsets: number[] = [];
  let bytes = 0;
  for (const variable of variables) {
    offsets.push(bytes);
    bytes += Math.ceil((variable.size * 4) / 16) * 16;
  }
  const block = runtime.pool.take(bytes, "state", "state");
  variables.forEach((variable, i) => moveTo(runtime, variable, block, offsets[i] as number));
}
