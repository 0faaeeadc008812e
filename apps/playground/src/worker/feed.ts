/** What a model learns from and how it is looked at: rows of a table or windows of a text. */

import type { ArrayData } from "./arrays.ts";
import type { Net } from "./model.ts";
import type { Built, Snapshot } from "./protocol.ts";

export interface Batch {
  readonly x: ArrayData;
  readonly y: ArrayData;
}

/** The part of what the page is told of a model that comes from its data. */
export type BuiltData = Omit<Built, "set" | "layers" | "params">;

export interface Feed {
  readonly built: BuiltData;
  /** Whole passes over the training data finished. */
  readonly epoch: number;
  /** Inputs and labels of a step; the same for the same seed, count of steps and size. */
  next(batchSize: number): Batch;
  /** A batch of that shape which is not counted. */
  first(batchSize: number): Batch;
  /** Back to the start, or to the beginning of a later epoch at a given step. */
  rewind(step: number, epoch: number): void;
  /** What the model does on held-out data, and the picture for the task. */
  snapshot(net: Net, probe: Float32Array | null): Promise<Omit<Snapshot, "step">>;
}
