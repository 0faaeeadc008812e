/** @file Trainer: the compiled steps of a model and the small state that they share. */
import {
  checkMemory,
  gradients,
  type HostData,
  handleFree,
  type Jitted,
  jit,
  ops,
  pickRows,
  placeState,
  readAll,
  StateError,
  type Tensor,
  Variable,
} from "@tenrec/tensor";
import { constantData } from "../initializers/initializer.ts";
import type { Values } from "../layer.ts";
import type { Reading } from "../metrics/metric.ts";
import type { Model } from "../models/model.ts";
import { inFloat32 } from "../precision.ts";
import { takeRows } from "../tensors.ts";
import { mapValues, type Nest, type Spec } from "../values.ts";
import { type Compiled, rowsOf } from "./compiled.ts";

/** Inputs, targets and weights: a batch, or all samples. */
export interface Samples {
  readonly x: Values;
  readonly y: Values | null;
  readonly weight: Values | null;
}

type Step<Rest extends readonly unknown[]> = Jitted<[Samples, ...Rest], void>;

const counter = (name: string): Variable =>
  new Variable(constantData([], 0, "int32"), { name, dtype: "int32", trainable: false });

/** Everything that `compile` makes: one program per kind of step and batch size, traced at first use. */
export class Trainer {
  readonly model: Model;
  readonly compiled: Compiled;
  /** First row (in the order) of the next batch; `testCursor` that of validation, which comes in between. */
  readonly #cursor: Variable = counter("cursor");
  readonly testCursor: Variable = counter("test_cursor");
  readonly #numSteps: Variable = counter("steps");
  /** Step (from 1) at which the loss was not finite for the first time; 0 while all is well. Updates stop there. */
  readonly #badStep: Variable = counter("bad_step");
  #isPlaced = false;

  /** A step on the rows order[cursor ... cursor + size) of resident data; advances the cursor and wraps at the end. */
  readonly trainRows: Step<[order: Tensor, size: number]>;
  readonly trainBatch: Step<[]>;
  /** The same without training, on rows cursor ... cursor + size. */
  readonly testRows: Step<[size: number]>;
  readonly testBatch: Step<[]>;

  constructor(model: Model, compiled: Compiled) {
    this.model = model;
    this.compiled = compiled;
    const { name } = model;
    this.trainRows = jit((all, order, size) => this.trainPart(all, order, size), {
      name: `${name}.train`,
      sameKernels: true,
    });
    this.trainBatch = jit((batch) => this.train(batch), { name: `${name}.trainOnBatch` });
    this.testRows = jit((all, size) => this.testPart(all, size), { name: `${name}.test`, sameKernels: true });
    this.testBatch = jit((batch) => this.test(batch), { name: `${name}.testOnBatch` });
  }

  /** Makes losses, metrics and optimizer state for a model that gives `yPred`. */
  async prepare(y: Values | null, yPred: Nest<Spec>): Promise<void> {
    const optimizer = await this.compiled.resolve(y, yPred, this.model.computeDtype === "float16");
    const { metricVariables } = this.compiled;
    const trained = this.model.trainableVariables;
    if (!optimizer.built) {
      checkMemory(this.model.name, trained, optimizer.slotNames.length);
      optimizer.build(trained);
    }
    if (this.#isPlaced) return;
    this.#isPlaced = true;
    // One buffer for all small state: one kernel updates it through one binding, one read brings it back.
    const counters = [this.#cursor, this.testCursor, this.#numSteps, this.#badStep];
    placeState([...counters, ...optimizer.stateVariables, ...metricVariables]);
  }

  private trainPart(all: Samples, order: Tensor, size: number): void {
    const cursor = this.#cursor;
    const rows = pickRows(order, ops.add(cursor, ops.arange(size)));
    this.train(takeBatch(all, rows));
    const next = ops.add(cursor, size);
    cursor.assign(ops.where(ops.greaterEqual(next, order.shape[0] as number), 0, next));
  }

  private train({ x, y, weight }: Samples): void {
    const { model, compiled } = this;
    const yPred = inFloat32(model.apply<Values>(x, { training: true }));
    const loss = this.totalLoss(y, yPred, weight);
    const step = ops.add(this.#numSteps, 1);
    const isBad = ops.logicalOr(ops.logicalNot(ops.isfinite(loss)), ops.greater(this.#badStep, 0));
    compiled.tracker.addMean(loss, rowsOf(yPred));
    if (y) compiled.update(y, yPred, weight);
    const variables = model.trainableVariables;
    const { optimizer } = compiled;
    if (optimizer && variables.length > 0) {
      optimizer.apply(gradients(optimizer.scaleLoss(loss), variables), variables, { skip: isBad });
    }
    const isFirst = ops.logicalAnd(isBad, ops.equal(this.#badStep, 0));
    this.#badStep.assign(ops.where(isFirst, step, this.#badStep));
    this.#numSteps.assign(step);
  }

  private testPart(all: Samples, size: number): void {
    const cursor = this.testCursor;
    this.test(takeBatch(all, ops.add(cursor, ops.arange(size))));
    cursor.assign(ops.add(cursor, size));
  }

  private test({ x, y, weight }: Samples): void {
    const yPred = inFloat32(this.model.apply<Values>(x, { training: false }));
    this.compiled.tracker.addMean(this.totalLoss(y, yPred, weight), rowsOf(yPred));
    if (y) this.compiled.update(y, yPred, weight);
  }

  /** The compiled loss and what the layers add to it. */
  private totalLoss(y: Values | null, yPred: Values, weight: Values | null): Tensor {
    const main = y ? this.compiled.loss(y, yPred, weight) : null;
    const terms = [...(main ? [main] : []), ...this.model.losses];
    if (terms.length === 0) throw noLoss();
    return terms.reduce((a, b) => ops.add(a, b));
  }

  /** Starts counting steps for a new run. */
  restart(): void {
    const zero = Int32Array.of(0);
    for (const variable of [this.#cursor, this.testCursor, this.#numSteps, this.#badStep])
      variable.load(zero);
  }

  /**
   * Means of the loss and the metrics so far. The read is queued now; what is queued later does not change it.
   *
   * @throws ValueError if the loss was not finite at some step.
   */
  async logs(where = "fit"): Promise<Record<string, number>> {
    const readings = handleFree(() => this.compiled.metrics.map((metric) => metric.reading()));
    const data = await readAll([this.#badStep, ...readings.flatMap(({ tensors }) => tensors)]);
    const badStep = data[0]?.[0] as number;
    if (badStep > 0) {
      // The caller knows now: the next step may update again.
      this.#badStep.load(Int32Array.of(0));
      throw (await import("./failures.ts")).notFinite(where, badStep);
    }
    return this.toLogs(readings, data.slice(1));
  }

  private toLogs(readings: readonly Reading[], data: readonly HostData[]): Record<string, number> {
    const logs: Record<string, number> = {};
    let next = 0;
    for (const [i, { tensors, value }] of readings.entries()) {
      logs[this.compiled.names[i] as string] = value(data.slice(next, next + tensors.length));
      next += tensors.length;
    }
    return logs;
  }
}

function takeBatch({ x, y, weight }: Samples, rows: Tensor): Samples {
  const pick = (values: Values): Values => mapValues(values, (column) => takeRows(column, rows));
  return { x: pick(x), y: y && pick(y), weight: weight && pick(weight) };
}

function noLoss(): StateError {
  return new StateError("fit", "there is no loss.", {
    received: "a model compiled without a loss, or no targets.",
    expected: "a loss, and y.",
    fix: 'compile with { loss: "mse" } or another one, and pass y.',
  });
}
