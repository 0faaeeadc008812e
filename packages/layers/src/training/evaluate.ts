/** @file evaluate: losses and metrics over all samples, without training. */
import { init, together } from "@tenrec/tensor";
import type { Model } from "../models/model.ts";
import type { Data } from "./data.ts";
import { inOrder } from "./order.ts";
import { Pace } from "./pace.ts";
import { checkTensors, outputsLike, type Rows, toRows, weighRows, withStream } from "./samples.ts";
import type { Trainer } from "./trainer.ts";

export interface EvaluateOptions {
  readonly batchSize?: number | null;
  readonly sampleWeight?: Data | null;
  /** Batches to look at; all by default. */
  readonly steps?: number | null;
  readonly verbose?: "auto" | 0 | 1 | 2;
  readonly signal?: AbortSignal;
}

export async function evaluate(
  model: Model,
  trainer: Trainer,
  x: Data,
  y: Data | null,
  options: EvaluateOptions,
): Promise<Record<string, number>> {
  const rows = toRows("evaluate", x, y, options.sampleWeight ?? null, model.graph);
  const device = await init();
  const yPred = outputsLike(model, rows.samples.x);
  await trainer.prepare(rows.samples.y, yPred);
  await checkTensors("evaluate", rows, device);
  await weighRows("evaluate", rows, trainer.compiled, yPred, null);
  return testRun(trainer, await withStream(rows, device), options);
}

/** Runs the test step over the rows from `start` on. */
export async function testRun(
  trainer: Trainer,
  { samples, count, stream }: Rows,
  options: EvaluateOptions & { readonly start?: number },
): Promise<Record<string, number>> {
  const { start = 0, steps = null, signal } = options;
  const batchSize = options.batchSize ?? 32;
  const end = steps === null ? count : Math.min(count, start + steps * batchSize);
  trainer.compiled.resetMetrics();
  trainer.testCursor.load(Int32Array.of(start));
  const pace = new Pace();
  const perExecution = batchSize * trainer.compiled.stepsPerExecution;
  const step = (row: number): void => {
    const size = Math.min(batchSize, end - row);
    if (stream) trainer.testBatch(stream.batch(inOrder(size, row)));
    else trainer.testRows(samples, size);
  };
  for (let first = start; first < end && !signal?.aborted; first += perExecution) {
    together(() => {
      for (let row = first; row < Math.min(end, first + perExecution); row += batchSize) step(row);
    });
    const room = pace.next();
    if (room) await room;
  }
  return trainer.logs();
}
