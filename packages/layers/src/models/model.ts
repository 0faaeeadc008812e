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
  ValueError,
} from "@tenrec/tensor";
import type { History } from "../callbacks/history.ts";
import {
  Layer,
  type LayerOptions,
  notBuilt,
  type OpenShape,
  type RunOptions,
  type Values,
} from "../layer.ts";
import { uniqueName } from "../naming.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { shapesOnly } from "../shapesOnly.ts";
import { asTensor } from "../tensors.ts";
import { Compiled, type CompileOptions } from "../training/compiled.ts";
import { type Data, releaseColumns } from "../training/data.ts";
import type { EvaluateOptions } from "../training/evaluate.ts";
import { type FitOptions, fit } from "../training/fit.ts";
import type { PredictOptions, Predictor } from "../training/predict.ts";
import { withTable } from "../training/refusal.ts";
import { type ClassWeight, outputsLike, toRows, weighRows } from "../training/samples.ts";
import { Trainer } from "../training/trainer.ts";
import type { Graph } from "./graph.ts";
import type { KerasTensor } from "./kerasTensor.ts";
import type { SummaryOptions } from "./summary.ts";
import { findSymbolic, type SymbolicValues } from "./symbolic.ts";

export interface BatchOptions {
  readonly sampleWeight?: Data | null;
  readonly classWeight?: ClassWeight | null;
}

/** A model by its symbolic inputs and outputs. */
export interface FunctionalOptions extends Omit<LayerOptions, "inputShape"> {
  /** A tensor of `Input`, or an array or record of them. */
  readonly inputs: SymbolicValues;
  /** What layers made of them: one tensor, or an array or record of several. */
  readonly outputs: SymbolicValues;
}

/**
 * Base of all models. `new Model({ inputs, outputs })` is the graph of layers between symbolic tensors; a subclass sets layers as fields and
 * computes in `call`.
 *
 * @throws ValueError if the outputs need more than the inputs give, or two layers have one name.
 * @example
 * const x = Input({ shape: [784] });
 * const model = new Model({ inputs: x, outputs: new layers.Dense(10).apply(x) });
 *
 * @example
 * class Classifier extends Model {
 *   hidden = new layers.Dense(64, { activation: "relu" });
 *   output = new layers.Dense(10, { activation: "softmax" });
 *   call(x: Tensor) { return this.output.apply(this.hidden.apply(x)); }
 * }
 */
export class Model extends Layer {
  static override readonly className: string = "Model";
  override readonly autocast = false;
  /** Set to true by callbacks: training ends after the running step. */
  stopTraining = false;
  history: History | null = null;
  #trainer: Trainer | null = null;
  #predictor: Predictor | null = null;
  #isTraining = false;
  readonly #graph: Graph | null;

  constructor(options: LayerOptions | FunctionalOptions = {}) {
    const graph = graphOf(options);
    const isPlainModel = graph !== null && new.target === Model;
    super({
      ...options,
      ...(isPlainModel && !options.name ? { name: uniqueName("functional") } : {}),
      ...(graph?.inputShape ? { inputShape: graph.inputShape } : {}),
    });
    this.#graph = graph;
    if (!graph) return;
    this.built = true;
    this.outputShape = graph.outputs[0]?.shape ?? null;
    if (options.trainable === false) this.trainable = false;
  }

  override get className(): string {
    return this.#graph && this.constructor === Model ? "Functional" : super.className;
  }

  /** The graph between inputs and outputs; null for models that are code. */
  get graph(): Graph | null {
    return this.#graph;
  }
  /** Symbolic inputs of a functional model. */
  get inputs(): readonly KerasTensor[] {
    return this.#graph?.inputs ?? [];
  }
  /** Symbolic outputs of a functional model. */
  get outputs(): readonly KerasTensor[] {
    return this.#graph?.outputs ?? [];
  }

  override get layers(): readonly Layer[] {
    const fields = super.layers;
    return this.#graph ? [...new Set([...this.#graph.layers, ...fields])] : fields;
  }

  /** A layer by position or name. */
  getLayer(which: number | string): Layer {
    const { layers } = this;
    const found = typeof which === "number" ? layers.at(which) : layers.find(({ name }) => name === which);
    if (found) return found;
    throw new ValueError("getLayer", "there is no such layer.", {
      received: JSON.stringify(which),
      expected: `a position from 0 to ${layers.length - 1}, or one of ${layers.map(({ name }) => name).join(", ")}.`,
      fix: "check the name in summary().",
    });
  }

  override call(inputs: Values, options: RunOptions): Values {
    if (!this.#graph) throw noCall(this.name);
    return this.#graph.call(inputs, options);
  }

  /**
   * Chooses optimizer, loss and metrics. Call again after changing what is trainable.
   *
   * @throws ValueError for an unknown name, with the nearest known ones.
   * @example
   * model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
   */
  compile(options: CompileOptions = {}): void {
    this.#graph?.checkCompile(options);
    this.#trainer = new Trainer(this, new Compiled(options, this.#graph?.outputNames ?? null));
  }

  /** The compiled optimizer; one given by name is there once training or evaluation has begun. */
  get optimizer(): Optimizer | null {
    return this.#trainer?.compiled.optimizer ?? null;
  }
  /** Metrics of the compiled model, the loss first; those of `compile` exist from the first batch on. */
  get metrics() {
    return this.#trainer?.compiled.metrics ?? [];
  }
  /** Batches that go to the device in one submission. */
  get stepsPerExecution(): number {
    return this.#trainer?.compiled.stepsPerExecution ?? 1;
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
   * ValueError naming the step if the loss is not finite (the weights are those before it); MemoryError with the bytes by layer, before the
   * first step, if the device has too little memory or `setMemoryLimit` allows less.
   * @example
   * const history = await model.fit(x, y, { epochs: 5, batchSize: 128, validationSplit: 0.1 });
   */
  async fit(x: Data, y: Data | null = null, options: FitOptions = {}): Promise<History> {
    const trainer = this.trainerFor("fit");
    if (this.#isTraining) throw training(this.name);
    this.#isTraining = true;
    try {
      return await withTable("fit", this, trainer, () => fit(this, trainer, x, y, options));
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
    return withTable("evaluate", this, trainer, () => evaluate(this, trainer, x, y, options));
  }

  /** Outputs for all samples, computed batch by batch. */
  predict(x: Data, options?: PredictOptions): Promise<Tensor>;
  predict<R extends Values>(x: Data, options?: PredictOptions): Promise<R>;
  async predict(x: Data, options: PredictOptions = {}): Promise<Values> {
    const predictor = this.#predictor ?? (await this.predictor());
    return withTable("predict", this, this.#trainer, () => predictor.run(x, options));
  }

  private async predictor(): Promise<Predictor> {
    const { Predictor } = await import("../training/predict.ts");
    this.#predictor ??= new Predictor(this);
    return this.#predictor;
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
    return this.onBatch("trainOnBatch", "trainBatch", x, y, options);
  }

  /** Loss and metrics of one batch. */
  async testOnBatch(
    x: Data,
    y: Data | null = null,
    options: BatchOptions = {},
  ): Promise<Record<string, number>> {
    return this.onBatch("testOnBatch", "testBatch", x, y, options);
  }

  private async onBatch(
    where: string,
    step: "trainBatch" | "testBatch",
    x: Data,
    y: Data | null,
    options: BatchOptions,
  ): Promise<Record<string, number>> {
    const trainer = this.trainerFor(where);
    return withTable(where, this, trainer, async () => {
      const rows = toRows(where, x, y, options.sampleWeight ?? null, this.#graph);
      await init();
      const yPred = outputsLike(this, rows.samples.x);
      await trainer.prepare(rows.samples.y, yPred);
      const { samples } = await weighRows(where, rows, trainer.compiled, yPred, options.classWeight ?? null);
      // In one turn with the step: calls that are not awaited get their own batch's values all the same.
      trainer.compiled.resetMetrics();
      trainer[step](samples);
      const logs = await trainer.logs(where);
      releaseColumns(rows.samples.x, rows.samples.y, rows.samples.weight);
      return logs;
    });
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
    shapesOnly(() => model.apply(ops.zeros(shape)));
  });
}

function graphOf(options: LayerOptions | FunctionalOptions): Graph | null {
  if (!("outputs" in options || "inputs" in options)) return null;
  const { inputs, outputs } = options as FunctionalOptions;
  const symbolic = findSymbolic(inputs) ?? findSymbolic(outputs);
  if (symbolic) return symbolic.makeGraph(inputs, outputs);
  throw new ValueError("Model", "inputs and outputs are not symbolic.", {
    received: `inputs = ${String(inputs)}, outputs = ${String(outputs)}`,
    expected: "tensors of Input and of layers that were applied to them.",
    fix: "write const x = Input({ shape: [4] }); new Model({ inputs: x, outputs: layer.apply(x) }).",
  });
}

function noCall(name: string): StateError {
  return new StateError(name, "the model says nothing of what it computes.", {
    received: "a Model without a call method and without outputs.",
    expected: "new Model({ inputs, outputs }), or a subclass with call.",
    fix: "define call(inputs) { ... } in the class.",
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
