/** @file fit: the loop over epochs and batches. It queues steps and never waits for one, except to let the device catch up. */
import { init, placeState, together, ValueError, Variable } from "@tenrec/tensor";
import type { Callback, Logs } from "../callbacks/callback.ts";
import { History } from "../callbacks/history.ts";
import { CallbackList } from "../callbacks/list.ts";
import { constantData } from "../initializers/initializer.ts";
import type { Model } from "../models/model.ts";
import { checkCount } from "./compiled.ts";
import type { Data } from "./data.ts";
import { Keep } from "./keep.ts";
import { inOrder, shuffled } from "./order.ts";
import { Pace } from "./pace.ts";
import { Reports } from "./reports.ts";
import {
  type ClassWeight,
  checkTensors,
  outputsLike,
  type Rows,
  toRows,
  weighRows,
  withStream,
} from "./samples.ts";
import type { Trainer } from "./trainer.ts";

export interface FitOptions {
  /** Samples per step; the last batch of an epoch may be smaller. 32 by default. */
  readonly batchSize?: number | null;
  readonly epochs?: number;
  /** "auto" and 1: a progress line; 2: a line per epoch; 0: silent. */
  readonly verbose?: "auto" | 0 | 1 | 2;
  readonly callbacks?: readonly Callback[] | null;
  /** Share of the last samples that is kept for validation. */
  readonly validationSplit?: number;
  /** [x, y] or [x, y, sampleWeight]. */
  readonly validationData?: readonly [Data, Data] | readonly [Data, Data, Data] | null;
  readonly validationBatchSize?: number | null;
  readonly validationFreq?: number;
  readonly shuffle?: boolean;
  readonly classWeight?: ClassWeight | null;
  readonly sampleWeight?: Data | null;
  /** Epoch to start at, for a run that goes on. */
  readonly initialEpoch?: number;
  /** Batches per epoch; all by default. */
  readonly stepsPerEpoch?: number | null;
  /** Stops cleanly after the running step when aborted. */
  readonly signal?: AbortSignal;
}

export async function fit(
  model: Model,
  trainer: Trainer,
  x: Data,
  y: Data | null,
  options: FitOptions,
): Promise<History> {
  const { epochs = 1, initialEpoch = 0 } = options;
  const batchSize = checkCount("fit", "batchSize", options.batchSize ?? 32);
  const validation = options.validationData ?? null;
  const all = toRows("fit", x, y, options.sampleWeight ?? null, model.graph);
  const held = validation
    ? toRows("fit: validationData", validation[0], validation[1], validation[2] ?? null, model.graph)
    : null;
  const device = await init();
  const yPred = outputsLike(model, all.samples.x);
  await trainer.prepare(all.samples.y, yPred);
  await checkTensors("fit", all, device);
  const weighed = await weighRows("fit", all, trainer.compiled, yPred, options.classWeight ?? null);
  if (held) await weighRows("fit: validationData", held, trainer.compiled, yPred, null);
  const rows = await withStream(weighed, device);
  const heldRows = held && (await withStream(held, device));
  const keep = new Keep(trainer, device.backend);
  const run = new Run(model, trainer, rows, heldRows, keep, {
    ...options,
    batchSize,
    epochs,
    initialEpoch,
  });
  return run.train();
}

interface RunOptions extends FitOptions {
  readonly batchSize: number;
  readonly epochs: number;
  readonly initialEpoch: number;
}

/** One call of fit. */
class Run {
  private readonly model: Model;
  private readonly trainer: Trainer;
  private readonly rows: Rows;
  private readonly held: Rows | null;
  private readonly keep: Keep;
  private readonly options: RunOptions;
  /** Samples trained on; those after them validate. */
  private readonly count: number;
  private order = inOrder(0);
  private readonly orderOnDevice: Variable;
  private position = 0;
  private readonly pace = new Pace();
  private readonly steps: number;

  constructor(
    model: Model,
    trainer: Trainer,
    rows: Rows,
    held: Rows | null,
    keep: Keep,
    options: RunOptions,
  ) {
    this.model = model;
    this.trainer = trainer;
    this.rows = rows;
    this.held = held;
    this.keep = keep;
    this.options = options;
    this.count = trainedCount(rows.count, held ? 0 : (options.validationSplit ?? 0));
    this.orderOnDevice = new Variable(constantData([this.count], 0, "int32"), {
      name: "order",
      trainable: false,
    });
    placeState([this.orderOnDevice]);
    this.steps = options.stepsPerEpoch ?? Math.ceil(this.count / options.batchSize);
  }

  async train(): Promise<History> {
    const { model, trainer, options } = this;
    const { epochs, initialEpoch, signal } = options;
    const history = new History();
    const parameters = { verbose: verbosity(options.verbose), epochs, steps: this.steps };
    const callbacks = new CallbackList(
      [...(await progress(parameters.verbose)), ...(options.callbacks ?? []), history],
      model,
      parameters,
    );
    model.stopTraining = false;
    model.history = history;
    await this.compileSteps();
    trainer.restart();
    this.reorder();
    await callbacks.call("onTrainBegin");
    await this.keep.save();
    let logs: Logs = {};
    for (let epoch = initialEpoch; epoch < epochs && !this.isOver(signal); epoch++) {
      logs = await this.epochAndValidation(epoch, callbacks);
      if (!signal?.aborted) await callbacks.call("onEpochEnd", epoch, logs);
    }
    await callbacks.call("onTrainEnd", logs);
    return history;
  }

  private async epochAndValidation(epoch: number, callbacks: CallbackList): Promise<Logs> {
    try {
      await callbacks.call("onEpochBegin", epoch);
      const logs = await this.epoch(callbacks);
      if (this.options.signal?.aborted || !this.validates(epoch)) return logs;
      return { ...logs, ...(await this.validate(callbacks)) };
    } catch (error) {
      throw await this.keep.afterError(error, epoch);
    }
  }

  private isOver(signal: AbortSignal | undefined): boolean {
    return this.model.stopTraining || (signal?.aborted ?? false);
  }

  /** Both batch sizes are compiled before the first step. */
  private async compileSteps(): Promise<void> {
    const { batchSize } = this.options;
    const tail = this.count % batchSize;
    const sizes = [...(this.count >= batchSize ? [batchSize] : []), ...(tail > 0 ? [tail] : [])];
    const { trainer, rows, orderOnDevice } = this;
    const { stream } = rows;
    const compile = (size: number): Promise<void> =>
      stream
        ? trainer.trainBatch.prepare(stream.like(size))
        : trainer.trainRows.prepare(rows.samples, orderOnDevice, size);
    await Promise.all(sizes.map(compile));
  }

  private get shuffles(): boolean {
    return this.options.shuffle ?? true;
  }

  /** The order of the next pass over the data: the only bytes that go to the device. */
  private reorder(): void {
    this.order = this.shuffles ? shuffled(this.count) : inOrder(this.count);
    if (!this.rows.stream) this.orderOnDevice.load(this.order);
  }

  private async epoch(callbacks: CallbackList): Promise<Logs> {
    const { trainer, options } = this;
    const { stepsPerExecution } = trainer.compiled;
    trainer.compiled.resetMetrics();
    const reports = new Reports(trainer, callbacks);
    const hasBegin = callbacks.has("onTrainBatchBegin");
    for (let step = 0; step < this.steps && !this.isOver(options.signal); step += stepsPerExecution) {
      if (hasBegin) await callbacks.call("onTrainBatchBegin", step);
      const end = Math.min(step + stepsPerExecution, this.steps);
      together(() => {
        for (let next = step; next < end; next++) this.step();
      });
      const room = this.pace.next();
      if (room) await room;
      // As in Keras, also where the last execution has fewer steps.
      await reports.after(step + stepsPerExecution - 1);
    }
    // One round trip brings logs and weights back.
    const saved = this.keep.save();
    saved.catch(() => {});
    const logs = await reports.finish();
    await saved;
    return logs;
  }

  private step(): void {
    const { trainer, rows, position } = this;
    const { stream } = rows;
    const size = Math.min(this.options.batchSize, this.count - position);
    if (stream) trainer.trainBatch(stream.batch(this.order.subarray(position, position + size)));
    else trainer.trainRows(rows.samples, this.orderOnDevice, size);
    this.position += size;
    if (this.position < this.count) return;
    this.position = 0;
    if (this.shuffles) this.reorder();
  }

  private validates(epoch: number): boolean {
    const isDue = (epoch + 1) % (this.options.validationFreq ?? 1) === 0;
    return isDue && (this.held !== null || this.count < this.rows.count);
  }

  private async validate(callbacks: CallbackList): Promise<Logs> {
    const { trainer, options } = this;
    const { testRun } = await import("./evaluate.ts");
    await callbacks.call("onTestBegin");
    const rows = this.held ?? this.rows;
    const batchSize = options.validationBatchSize ?? options.batchSize;
    const start = this.held ? 0 : this.count;
    const logs = await testRun(trainer, rows, { batchSize, start, ...signalOf(options) });
    await callbacks.call("onTestEnd", logs);
    return Object.fromEntries(Object.entries(logs).map(([name, value]) => [`val_${name}`, value]));
  }
}

/** The signal as an option that is absent where there is none. */
const signalOf = ({ signal }: FitOptions): { signal?: AbortSignal } => (signal ? { signal } : {});

function trainedCount(count: number, validationSplit: number): number {
  const trained = Math.floor(count * (1 - validationSplit));
  if (validationSplit >= 0 && validationSplit < 1 && trained > 0) return trained;
  throw new ValueError("fit", "validationSplit leaves no data.", {
    received: `validationSplit = ${validationSplit} of ${count} samples.`,
    expected: "a share from 0 to below 1 that leaves samples to train on.",
    fix: "pass a smaller share, or validationData.",
  });
}

const verbosity = (verbose: FitOptions["verbose"]): number =>
  verbose === "auto" || verbose === undefined ? 1 : verbose;

/** The progress line is code that a silent run does not load. */
async function progress(verbose: number): Promise<Callback[]> {
  if (verbose === 0) return [];
  const { ProgbarLogger } = await import("../callbacks/progress.ts");
  return [new ProgbarLogger()];
}
