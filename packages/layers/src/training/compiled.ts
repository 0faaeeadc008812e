/** @file What `compile` was given, and the losses and metrics that come of it once the shapes are known. */
import { ops, type Tensor, type Variable } from "@tenrec/tensor";
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
  /** Null while a named optimizer is not loaded yet. */
  optimizer: Optimizer | null = null;
  readonly #loadOptimizer: (() => Promise<Optimizer>) | null;
  /** Mean loss of the samples seen. */
  readonly tracker: Mean = new Mean({ name: "loss" });
  terms: readonly LossTerm[] = [];
  entries: MetricEntry[] = [];
  /** Whether losses and metrics are made. */
  resolved = false;

  /** Names are checked here, so that a wrong one is told at once. */
  constructor(options: CompileOptions) {
    this.options = options;
    const found = optimizerLoader(options.optimizer);
    this.#loadOptimizer = typeof found === "function" ? found : null;
    if (typeof found !== "function") this.optimizer = found;
    for (const one of flat(options.loss)) checkLossName(one);
    for (const one of [...flat(options.metrics), ...flat(options.weightedMetrics)])
      checkMetricName(one as MetricIdentifier);
  }

  /** Loads the optimizer, and makes losses and metrics for targets and predictions like these. */
  async resolve(yTrue: Values | null, yPred: Nest<Spec>): Promise<Optimizer> {
    this.optimizer ??= (await this.#loadOptimizer?.()) as Optimizer;
    if (!this.resolved && yTrue) await this.resolveTargets(yTrue, yPred);
    return this.optimizer;
  }

  private async resolveTargets(yTrue: Values, yPred: Nest<Spec>): Promise<void> {
    const names = leafNames(yPred);
    const [targets, predictions] = [leavesOf(yTrue), leavesOf(yPred)];
    const losses = perOutput(this.options.loss, predictions.length, names);
    const weights = perOutput(this.options.lossWeights, predictions.length, names);
    const isSingle = losses.filter((loss) => loss).length < 2;
    const terms: LossTerm[] = [];
    for (const [output, identifier] of losses.entries()) {
      const [target, prediction] = [targets[output], predictions[output]];
      if (!identifier || !target || !prediction) continue;
      const loss = await lossFor(identifier, target, prediction);
      const label = names && !Array.isArray(yPred) ? names[output] : loss.name;
      const tracker = isSingle ? null : new Mean({ name: `${label}_loss` });
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
    const [targets, predictions] = [leavesOf(yTrue), leavesOf(yPred)];
    const values = this.terms.map(({ output, loss, weight, tracker }) => {
      const value = loss.apply(targets[output] as Tensor, predictions[output] as Tensor, {
        sampleWeight: weightFor(sampleWeight, output),
      });
      tracker?.addMean(value, rowsOf(yPred));
      return weight === 1 ? value : ops.multiply(value, weight);
    });
    return values.length > 0 ? values.reduce((a, b) => ops.add(a, b)) : null;
  }

  /** Adds a batch to all metrics. */
  update(yTrue: Values, yPred: Values, sampleWeight: Values | null): void {
    const [targets, predictions] = [leavesOf(yTrue), leavesOf(yPred)];
    for (const { output, metric, weighted } of this.entries) {
      const weight = weighted ? weightFor(sampleWeight, output) : null;
      metric.updateState(targets[output], predictions[output], { sampleWeight: weight });
    }
  }

  resetMetrics(): void {
    for (const metric of this.metrics) metric.resetState();
  }
}

/** Rows of a batch: the weight of its mean loss in the running mean. */
export const rowsOf = (values: Values): number => leavesOf(values)[0]?.shape[0] ?? 1;

/** The weights of an output: its own, or the only ones. */
function weightFor(sampleWeight: Values | null, output: number): Tensor | null {
  if (!sampleWeight) return null;
  const all = leavesOf(sampleWeight);
  return all[output] ?? all[0] ?? null;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
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
  targets: readonly Tensor[],
  predictions: readonly Spec[],
  names: readonly string[] | null,
): Promise<MetricEntry[]> {
  const lists =
    predictions.length === 1 ? [flat(argument)] : perOutput(argument, predictions.length, names).map(flat);
  const entries: MetricEntry[] = [];
  for (const [output, list] of lists.entries()) {
    for (const identifier of list as MetricIdentifier[]) {
      const metric = await resolveMetric(identifier, targets[output] as Tensor, predictions[output] as Spec);
      const prefix =
        names && predictions.length > 1 && !/^\d+$/.test(names[output] as string) ? `${names[output]}_` : "";
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
    const count = used.get(entry.name) ?? 0;
    used.set(entry.name, count + 1);
    if (count > 0) entry.name = `${entry.name}_${count}`;
  }
}
