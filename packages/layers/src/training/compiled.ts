/** @file What `compile` was given, and the losses and metrics that come of it once the shapes are known. */
import { ops, Tensor, ValueError, type Variable } from "@tenrec/tensor";
import { findName, type Identifier } from "../identifiers.ts";
import type { Values } from "../layer.ts";
import type { Loss, LossFunction } from "../losses/loss.ts";
import { loadLoss, lossNames } from "../losses/named.ts";
import { checkMetricName, kindByShape, type MetricIdentifier, resolveMetric } from "../metrics/get.ts";
import { Mean } from "../metrics/mean.ts";
import type { Metric } from "../metrics/metric.ts";
import { optimizerLoader } from "../optimizers/named.ts";
import type { Optimizer } from "../optimizers/optimizer.ts";
import { leafNames, leavesOf, type Nest, type Spec } from "../values.ts";

export type LossIdentifier = Identifier<Loss | LossFunction>;
/** One for all outputs, or one per output by position or name. */
export type PerOutput<T> = T | readonly T[] | { readonly [output: string]: T };

export interface CompileOptions {
  readonly optimizer?: Identifier<Optimizer>;
  readonly loss?: PerOutput<LossIdentifier>;
  readonly metrics?: PerOutput<MetricIdentifier | readonly MetricIdentifier[]> | null;
  /** Metrics that use the sample weights. */
  readonly weightedMetrics?: PerOutput<MetricIdentifier | readonly MetricIdentifier[]> | null;
  readonly lossWeights?: PerOutput<number> | null;
  /**
   * Batches that go to the device in one submission (1 by default): less work for the page where steps are short. Callbacks are called once
   * for all of them, with the number of the last one. Together they should stay well below a second: nothing else is drawn meanwhile. Data
   * that are too large for the device go batch by batch all the same.
   */
  readonly stepsPerExecution?: number;
}

interface LossTerm {
  readonly output: number;
  readonly loss: Loss;
  readonly weight: number;
  /** Its own mean, where there are several losses. */
  readonly tracker: Mean | null;
}

interface MetricEntry {
  readonly output: number;
  readonly metric: Metric;
  name: string;
  readonly weighted: boolean;
}

/** The compiled side of a model. */
export class Compiled {
  readonly options: CompileOptions;
  readonly stepsPerExecution: number;
  /** Null while a named optimizer is not loaded yet. */
  optimizer: Optimizer | null = null;
  readonly #loadOptimizer: (() => Promise<Optimizer>) | null;
  /** The optimizer as it was given its loss scale, for a model that computes in float16. */
  #scaled: Optimizer | null = null;
  /** Mean loss of the samples seen. */
  readonly tracker: Mean = new Mean({ name: "loss" });
  terms: readonly LossTerm[] = [];
  entries: MetricEntry[] = [];
  /** Whether losses and metrics are made. */
  resolved = false;

  /** Names of the model's outputs; null while they are unknown or there is one output without a name. */
  #names: readonly string[] | null;
  #numOutputs = 1;

  /**
   * Names are checked here, so that a wrong one is told at once.
   *
   * @param names - Names of the outputs, where the model has them (functional models).
   */
  constructor(options: CompileOptions, names: readonly string[] | null = null) {
    this.options = options;
    this.stepsPerExecution = checkCount("compile", "stepsPerExecution", options.stepsPerExecution ?? 1);
    this.#names = names;
    const found = optimizerLoader(options.optimizer);
    this.#loadOptimizer = typeof found === "function" ? found : null;
    if (typeof found !== "function") this.optimizer = found;
    for (const one of flat(options.loss)) checkLossName(one);
    for (const one of [...flat(options.metrics), ...flat(options.weightedMetrics)])
      checkMetricName(one as MetricIdentifier);
  }

  /** Loads the optimizer, and makes losses and metrics for targets and predictions like these. `isHalf`: the model computes in float16. */
  async resolve(yTrue: Values | null, yPred: Nest<Spec>, isHalf: boolean): Promise<Optimizer> {
    this.optimizer ??= (await this.#loadOptimizer?.()) as Optimizer;
    // Once: even an import of what is there waits for a turn of the page.
    if (isHalf && this.optimizer !== this.#scaled)
      this.optimizer = this.#scaled = (await import("../optimizers/lossScale.ts")).withLossScale(
        this.optimizer,
      );
    if (!this.resolved && yTrue) await this.resolveTargets(yTrue, yPred);
    return this.optimizer;
  }

  private async resolveTargets(yTrue: Values, yPred: Nest<Spec>): Promise<void> {
    const predictions = leavesOf(yPred);
    this.#numOutputs = predictions.length;
    if (!this.#names && !Array.isArray(yPred)) {
      this.#names = leafNames(yPred);
      if (this.#names) (await checks()).checkOutputs(this.options, this.#names);
    }
    const names = this.#names;
    const targets = this.targets(yTrue);
    const losses = perOutput(this.options.loss, predictions.length, names);
    const weights = perOutput(this.options.lossWeights, predictions.length, names);
    const isSingle = losses.filter((loss) => loss).length < 2;
    const terms: LossTerm[] = [];
    const labels = new Map<string, number>();
    for (const [output, identifier] of losses.entries()) {
      const prediction = predictions[output] as Spec;
      if (!identifier) continue;
      const target = targets[output] ?? (await checks()).missingTarget(names?.[output] ?? output, yTrue);
      const loss = await lossFor(identifier, target, prediction);
      const label = nextName(labels, `${names?.[output] ?? loss.name}_loss`);
      const tracker = isSingle ? null : new Mean({ name: label });
      terms.push({ output, loss, weight: weights[output] ?? 1, tracker });
    }
    this.terms = terms;
    this.entries = [
      ...(await metricEntries(this.options.metrics, false, targets, predictions, names)),
      ...(await metricEntries(this.options.weightedMetrics, true, targets, predictions, names)),
    ];
    nameEntries(this.entries);
    this.resolved = true;
  }

  /**
   * The targets by output: by name from a record, else by position. As in Keras, an array may leave out the targets of outputs without a
   * loss.
   */
  targets(yTrue: Values): readonly (Tensor | undefined)[] {
    const count = this.#numOutputs;
    if (isRecord(yTrue)) return byName(yTrue as Readonly<Record<string, Tensor>>, this.#names, count);
    const all = leavesOf(yTrue);
    if (all.length === count) return all;
    const losses = perOutput(this.options.loss, count, this.#names);
    let next = 0;
    const found = losses.map((loss) => (loss ? all[next++] : undefined));
    if (next !== all.length) throw wrongTargets(all.length, this.#names ?? losses.map((_, i) => String(i)));
    return found;
  }

  /** The sample weights of an output: its own, or the only ones. */
  private weightFor(sampleWeight: Values | null, output: number): Tensor | null {
    if (!sampleWeight) return null;
    if (sampleWeight instanceof Tensor) return sampleWeight;
    const all = isRecord(sampleWeight)
      ? byName(sampleWeight as Readonly<Record<string, Tensor>>, this.#names, this.#numOutputs)
      : leavesOf(sampleWeight);
    return all[output] ?? null;
  }

  /** All metrics, the loss first. */
  get metrics(): readonly Metric[] {
    const trackers = this.terms.flatMap(({ tracker }) => (tracker ? [tracker] : []));
    return [this.tracker, ...trackers, ...this.entries.map(({ metric }) => metric)];
  }
  /** Name in logs of each of `metrics`. */
  get names(): readonly string[] {
    const trackers = this.terms.flatMap(({ tracker }) => (tracker ? [tracker.name] : []));
    return [this.tracker.name, ...trackers, ...this.entries.map(({ name }) => name)];
  }
  get metricVariables(): readonly Variable[] {
    return this.metrics.flatMap((metric) => metric.variables);
  }

  /** The batch's loss without regularization; null where no loss was compiled. */
  loss(yTrue: Values, yPred: Values, sampleWeight: Values | null): Tensor | null {
    const [targets, predictions] = [this.targets(yTrue), leavesOf(yPred)];
    const values = this.terms.map(({ output, loss, weight, tracker }) => {
      const value = loss.apply(targets[output] as Tensor, predictions[output] as Tensor, {
        sampleWeight: this.weightFor(sampleWeight, output),
      });
      tracker?.addMean(value, rowsOf(yPred));
      return weight === 1 ? value : ops.multiply(value, weight);
    });
    return values.length > 0 ? values.reduce((a, b) => ops.add(a, b)) : null;
  }

  /** Adds a batch to all metrics. */
  update(yTrue: Values, yPred: Values, sampleWeight: Values | null): void {
    const [targets, predictions] = [this.targets(yTrue), leavesOf(yPred)];
    for (const { output, metric, weighted } of this.entries) {
      const weight = weighted ? this.weightFor(sampleWeight, output) : null;
      metric.updateState(targets[output], predictions[output], { sampleWeight: weight });
    }
  }

  resetMetrics(): void {
    for (const metric of this.metrics) metric.resetState();
  }
}

export function checkCount(where: string, name: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new ValueError(where, `${name} is not a positive integer.`, {
    received: String(value),
    expected: "1, 2, 3, ...",
    fix: `pass { ${name}: 32 }.`,
  });
}

/** Rows of a batch: the weight of its mean loss in the running mean. */
export const rowsOf = (values: Values): number => leavesOf(values)[0]?.shape[0] ?? 1;

/** Values of a record in the order of the outputs; a model of one output without a name takes the only one. */
function byName(
  values: Readonly<Record<string, Tensor>>,
  names: readonly string[] | null,
  count: number,
): readonly (Tensor | undefined)[] {
  return names ? names.map((name) => values[name]) : Object.values(values).slice(0, count);
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Every identifier in a compile argument. */
function flat<T>(argument: PerOutput<T | readonly T[]> | null | undefined): T[] {
  if (argument === null || argument === undefined) return [];
  if (Array.isArray(argument)) return argument.flatMap((one: T | readonly T[]) => flat<T>(one));
  if (isRecord(argument)) return Object.values(argument).flatMap((one) => flat<T>(one as T));
  return [argument as T];
}

/** A compile argument by output: a single value holds for every output. */
function perOutput<T>(
  argument: PerOutput<T> | null | undefined,
  numOutputs: number,
  names: readonly string[] | null,
): (T | undefined)[] {
  const each = Array.from({ length: numOutputs }, (_, i) => i);
  if (argument === null || argument === undefined) return each.map(() => undefined);
  if (Array.isArray(argument)) return each.map((i) => argument[i] as T | undefined);
  if (isRecord(argument)) return each.map((i) => argument[names?.[i] ?? String(i)] as T | undefined);
  return each.map(() => argument as T);
}

function checkLossName(identifier: LossIdentifier): void {
  if (typeof identifier === "string") findName("compile", "loss", identifier, lossNames);
}

function lossFor(identifier: string | Loss | LossFunction, yTrue: Tensor, yPred: Spec): Promise<Loss> {
  const isChosen = identifier === "crossentropy" || identifier === "ce";
  return loadLoss(isChosen ? kindByShape(identifier, yTrue, yPred) : identifier);
}

/** Metrics of each output; a list that is not one list per output belongs to the only output. */
async function metricEntries(
  argument: CompileOptions["metrics"],
  weighted: boolean,
  targets: readonly (Tensor | undefined)[],
  predictions: readonly Spec[],
  names: readonly string[] | null,
): Promise<MetricEntry[]> {
  const lists =
    predictions.length === 1 ? [flat(argument)] : perOutput(argument, predictions.length, names).map(flat);
  const entries: MetricEntry[] = [];
  for (const [output, list] of lists.entries()) {
    for (const identifier of list as MetricIdentifier[]) {
      const target = targets[output] ?? (await checks()).missingTarget(names?.[output] ?? output, targets);
      const metric = await resolveMetric(identifier, target, predictions[output] as Spec);
      const prefix = names && predictions.length > 1 ? `${names[output]}_` : "";
      entries.push({ output, metric, name: prefix + metric.name, weighted });
    }
  }
  return entries;
}

/** Equal names are told apart as in Keras: `weighted_accuracy` for weighted ones, `accuracy_1` for others. */
function nameEntries(entries: MetricEntry[]): void {
  const used = new Map<string, number>();
  for (const entry of entries) {
    if (entry.weighted && used.has(entry.name)) entry.name = `weighted_${entry.name}`;
    entry.name = nextName(used, entry.name);
  }
}

function nextName(used: Map<string, number>, name: string): string {
  const count = used.get(name) ?? 0;
  used.set(name, count + 1);
  return count > 0 ? `${name}_${count}` : name;
}

/** What only models of several outputs need. */
const checks = () => import("./outputs.ts");

function wrongTargets(found: number, names: readonly string[]): ValueError {
  return new ValueError("fit", "the targets do not fit the outputs.", {
    received: `y of ${found} part${found === 1 ? "" : "s"}.`,
    expected: `${names.length}: ${names.join(", ")}.`,
    fix: "pass an array in this order, or a record with these names.",
  });
}
