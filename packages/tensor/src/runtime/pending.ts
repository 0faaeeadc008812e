/** @file Pending values: when they are evaluated, and what keeps them. What a flush does comes with the engine. */
import type { Node } from "../graph/node.ts";
import { recycled } from "./memory.ts";
import { recording } from "./recording.ts";
import { openRuntime } from "./runtime.ts";

/** Pending handles at which a flush happens even if nothing was asked for. */
const pendingLimit = 10_000;

/** The value is stored when it is computed. */
export function pin(node: Node): void {
  node.pinned = true;
}

/** Remembers a value with a handle; before a device is open their number only grows. */
export function awaitValue(node: Node): void {
  if (recording.handles.push(node) <= pendingLimit) return;
  const runtime = openRuntime();
  runtime?.engine.flushPending(runtime);
}

/** A value that was fused away is used again: it must still be computable, and the next flush stores it (throws StaleTensor at this line). */
export function touch(node: Node): void {
  if (node.stored?.lost || node.released) throw recycled();
  if (!node.fused || node.stored) return;
  if (!openRuntime()?.engine.areAlive([node])) throw recycled();
  if (!recording.late.includes(node)) recording.late.push(node);
}

/** Evaluates what was recorded up to now, where a device is open. */
export function flushDirty(): void {
  const runtime = openRuntime();
  if (runtime && recording.dirty.length > 0) runtime.engine.flush(runtime, []);
}

/** Flushes dirty variables at the end of the microtask in which the first one became dirty. */
export function scheduleFlush(): void {
  queueMicrotask(() => {
    try {
      flushDirty();
    } catch (error) {
      // Nobody could catch it here; who asks for the value gets it again.
      if ((error as Error).name !== "MemoryError") throw error;
    }
  });
}
