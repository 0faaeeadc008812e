/** @file Model: a layer that can be compiled, trained, evaluated and asked for predictions. */
import {
  type HostData,
  handleFree,
  init,
  ops,
  readAll,
  ShapeError,
  StateError,
  type Tensor,
  type TensorLike,
} from "@tenrec/tensor";
import type { History } from "../callbacks/history.ts";
import { Layer, notBuilt, type OpenShape, type Values } from "../layer.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { asTensor } from "../tensors.ts";
import { Compiled, type CompileOptions } from "../training/compiled.ts";
import type { Data } from "../training/data.ts";
import type { EvaluateOptions } from "../training/evaluate.ts";
import { type FitOptions, fit } from "../training/fit.ts";
import type { PredictOptions, Predictor } from "../training/predict.ts";
import { type ClassWeight, outputsLike, toRows, weighRows } from "../training/samples.ts";
import { Trainer } from "../training/trainer.ts";
import type { SummaryOptions } from "./summary.ts";

export interface BatchOptions {
  readonly sampleWeight?: Data | null;
  readonly classWeight?: ClassWeight | null;
}

/**
 * Base of all models. A subclass sets layers as fields and computes in `call`.
 *
 * @example
 * class Classifier extends Model {
 *   hidden = new layers.Dense(64, { activation: "relu" });
 *   output = new layers.Dense(10, { activation: "softmax" });
 *   call(x: Tensor) { return this.output.apply(this.hidden.apply(x)); }
 * }
 */
export abstract class Model extends Layer {
  static override readonly className: string = "Model";
  /** Set to true by callbacks: training ends after the running step. */
  stopTraining = false;
  history: History | null = null;
  #trainer: Trainer | null = null;
  #predictor: Predictor | null = null;
  #isTraining = false;

  /**
   * Chooses optimizer, loss and metrics. Call again after changing what is trainable.
   *
   * @throws ValueError for an unknown name, with the nearest known ones.
   * @example
   * model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
   */
  compile(options: CompileOptions = {}): void {
    this.#trainer = new Trainer(this, new Compiled(options));
  }

  /** The compiled optimizer; one given by name is there once training or evaluation has begun. */
  get optimizer(): Optimizer | null {
    return this.#trainer?.compiled.optimizer ?? null;
  }
  /** Metrics of the compiled model, the loss first; those of `compile` exist from the first batch on. */
  get metrics() {
    return this.#trainer?.compiled.metrics ?? [];
  }
  get metricsNames(): readonly string[] {
    return this.#trainer?.compiled.names ?? [];
  }

  private trainerFor(where: string): Trainer {
    if (this.#trainer) return this.#trainer;
    throw new StateError(where, `the model is not compiled.`, {
      received: `${where} of "${this.name}" before compile.`,
      expected: "a compiled model.",
      fix: 'call model.compile({ optimizer: "adam", loss: "mse" }) first.',
    });
  }

  /** Makes the weights for inputs of a shape, the batch axis null. */
  override build(inputShape: OpenShape): void {
    // As part of a call there is nothing to do: the layers inside make their weights when the call reaches them.
    if (this.built || this.isBuilding) return;
    const shape = inputShape.map((extent, axis) => (axis === 0 ? 1 : extent));
    if (shape.some((extent) => extent === null)) throw openShape(this.name, inputShape);
    buildFrom(this, shape as number[]);
  }

  /**
   * Trains on data that stay on the device; one program per step, and no waiting between steps.
   *
   * @param x - Inputs: tensor, typed array, `{ data, shape }`, nested arrays, or arrays or records of them.
   * @param y - Targets, one row per sample.
   * @returns the logs of every epoch.
   * @throws StateError before `compile`; ShapeError and ValueError for data that do not fit, before anything is trained;
   * ValueError naming the step if the loss is not finite (the weights are those before it).
   * @example
   * const history = await model.fit(x, y, { epochs: 5, batchSize: 128, validationSplit: 0.1 });
   */
  async fit(x: Data, y: Data | null = null, options: FitOptions = {}): Promise<History> {
    const trainer = this.trainerFor("fit");
    if (this.#isTraining) throw training(this.name);
    this.#isTraining = true;
    try {
      return await fit(this, trainer, x, y, options);
    } finally {
      this.#isTraining = false;
    }
  }

  /** Mean loss and metrics over the samples: `{ loss, accuracy, ... }`. */
  async evaluate(
    x: Data,
    y: Data | null = null,
    options: EvaluateOptions = {},
  ): Promise<Record<string, number>> {
    const trainer = this.trainerFor("evaluate");
    const { evaluate } = await import("../training/evaluate.ts");
    return evaluate(this, trainer, x, y, options);
  }

  /** Outputs for all samples, computed batch by batch. */
  predict(x: Data, options?: PredictOptions): Promise<Tensor>;
  predict<R extends Values>(x: Data, options?: PredictOptions): Promise<R>;
  async predict(x: Data, options: PredictOptions = {}): Promise<Values> {
    const { Predictor } = await import("../training/predict.ts");
    this.#predictor ??= new Predictor(this);
    return this.#predictor.run(x, options);
  }

  /** Outputs for one batch. */
  predictOnBatch(x: Data): Promise<Tensor>;
  predictOnBatch<R extends Values>(x: Data): Promise<R>;
  predictOnBatch(x: Data): Promise<Values> {
    return this.predict<Values>(x, { batchSize: Number.MAX_SAFE_INTEGER });
  }

  /** One update on one batch. Returns the batch's own loss and metrics, from before the update. */
  async trainOnBatch(
    x: Data,
    y: Data | null = null,
    options: BatchOptions = {},
  ): Promise<Record<string, number>> {
    const { trainer, samples } = await this.batch("trainOnBatch", x, y, options);
    // In one turn with the step: calls that are not awaited get their own batch's values all the same.
    trainer.compiled.resetMetrics();
    trainer.trainBatch(samples);
    return trainer.logs("trainOnBatch");
  }

  /** Loss and metrics of one batch. */
  async testOnBatch(
    x: Data,
    y: Data | null = null,
    options: BatchOptions = {},
  ): Promise<Record<string, number>> {
    const { trainer, samples } = await this.batch("testOnBatch", x, y, options);
    trainer.compiled.resetMetrics();
    trainer.testBatch(samples);
    return trainer.logs();
  }

  private async batch(where: string, x: Data, y: Data | null, options: BatchOptions) {
    const trainer = this.trainerFor(where);
    const rows = toRows(where, x, y, options.sampleWeight ?? null);
    await init();
    const yPred = outputsLike(this, rows.samples.x);
    await trainer.prepare(rows.samples.y, yPred);
    const { samples } = await weighRows(where, rows, trainer.compiled, yPred, options.classWeight ?? null);
    return { trainer, samples };
  }

  /** Starts the running means of loss and metrics anew. */
  resetMetrics(): void {
    this.#trainer?.compiled.resetMetrics();
  }

  /** Values of all weights, in the order of `weights`. */
  async getWeights(): Promise<HostData[]> {
    return readAll(this.weights);
  }

  /**
   * Replaces the values of all weights.
   *
   * @param values - One per weight, in the order of `weights`: tensors, nested arrays or typed arrays.
   * @throws ShapeError if the number or a shape does not fit; nothing is changed then.
   */
  setWeights(values: readonly TensorLike[]): void {
    const { weights } = this;
    if (weights.length === 0) throw notBuilt("setWeights", this.name);
    if (values.length !== weights.length) throw wrongNumber(this.name, values.length, weights.length);
    const tensors = values.map((value, i) => {
      const weight = weights[i] as (typeof weights)[number];
      const found =
        ArrayBuffer.isView(value) && value.length === weight.size
          ? asTensor({ data: value as HostData, shape: weight.shape })
          : asTensor(value);
      if (found.shape.join() !== weight.shape.join())
        throw wrongShape(this.name, i, weight.name, found.shape, weight.shape);
      return found;
    });
    tensors.forEach((value, i) => weights[i]?.assign(value));
  }

  /** Prints a table of layers, output shapes and numbers of weights; resolves when it is printed. */
  async summary(options: SummaryOptions = {}): Promise<void> {
    const { printSummary } = await import("./summary.ts");
    printSummary(this, options);
  }
}

/** Applies the model to zeros that are never computed: every layer meets its input's shape. */
function buildFrom(model: Model, shape: readonly number[]): void {
  handleFree(() => {
    model.apply(ops.zeros(shape));
  });
}

function training(name: string): StateError {
  return new StateError("fit", "the model is in training already.", {
    received: `a second fit of "${name}" before the first one is over.`,
    expected: "one run at a time.",
    fix: "await the first fit, or end it by its signal.",
  });
}

function openShape(name: string, shape: OpenShape): ShapeError {
  return new ShapeError(`${name}.build`, "an extent besides the batch is open.", {
    received: `[${shape.map(String).join()}].`,
    expected: "[null, ...] with numbers after the batch axis.",
    fix: "give the number of features, as in build([null, 784]).",
  });
}

function wrongNumber(name: string, found: number, wanted: number): ShapeError {
  return new ShapeError(`${name}.setWeights`, "wrong number of arrays.", {
    received: `${found}.`,
    expected: `${wanted}, one per weight.`,
    fix: "pass what getWeights of an equal model gives.",
  });
}

function wrongShape(
  name: string,
  i: number,
  weight: string,
  found: readonly number[],
  wanted: readonly number[],
): ShapeError {
  return new ShapeError(`${name}.setWeights`, `array ${i} does not fit weight "${weight}".`, {
    received: `shape [${found.join()}].`,
    expected: `shape [${wanted.join()}].`,
    fix: "check the order of the arrays.",
  });
}
