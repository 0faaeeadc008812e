/** @file Means and sums over everything seen, and means of functions of targets and predictions. */
import { type HostData, handleFree, ops, type Tensor, type TensorLike, type Variable } from "@tenrec/tensor";
import { asFloat, asTensor, axesFrom, sameRank } from "../tensors.ts";
import { Metric, type MetricOptions, type Reading, type UpdateOptions } from "./metric.ts";

type Reduce = typeof ops.mean;

/** Values and weights per sample, as Keras reduces them; the weights come back null where none were given. */
function perSample(
  values: Tensor,
  weight: TensorLike | null | undefined,
  reduce: Reduce,
): [Tensor, Tensor | null] {
  const over = (x: Tensor, first: number): Tensor => {
    const axes = axesFrom(first, x);
    return axes.length > 0 ? reduce(x, { axis: axes }) : x;
  };
  if (weight === null || weight === undefined) return [over(values, 1), null];
  const [kept, weights] = sameRank(values, asFloat(weight));
  const reduced = over(kept, weights.ndim);
  const spread = ops.broadcastTo(weights, reduced.shape);
  return [over(ops.multiply(reduced, spread), 1), over(spread, 1)];
}

/** Weighted sum of all values. */
export class Sum extends Metric {
  static override readonly className: string = "Sum";
  readonly total: Variable;

  constructor({ name = "sum" }: MetricOptions = {}) {
    super({ name });
    this.total = this.addVariable([], "total");
  }
  override updateState(values: TensorLike, options: UpdateOptions = {}): void {
    handleFree(() => {
      const [each] = perSample(asFloat(values), options.sampleWeight, ops.sum);
      this.total.assignAdd(ops.sum(each));
    });
  }
  override result(): Tensor {
    return handleFree(() => ops.add(this.total, 0));
  }
}

/** A running mean: state and result; subclasses say what a batch adds. */
export abstract class RunningMean extends Metric {
  readonly total: Variable;
  readonly count: Variable;

  constructor(options: MetricOptions) {
    super(options);
    this.total = this.addVariable([], "total");
    this.count = this.addVariable([], "count");
  }
  protected add(values: Tensor, weight: TensorLike | null | undefined): void {
    const [each, weights] = perSample(values, weight, ops.mean);
    this.total.assignAdd(ops.sum(each));
    this.count.assignAdd(weights ? ops.sum(weights) : (each.shape[0] ?? 1));
  }
  /** Adds the mean of `rows` values, which lies on the device already. */
  addMean(mean: Tensor, rows: number): void {
    this.total.assignAdd(ops.multiply(mean, rows));
    this.count.assignAdd(rows);
  }
  override result(): Tensor {
    return handleFree(() => ops.divideNoNan(this.total, this.count));
  }
  override reading(): Reading {
    return { tensors: [this.total, this.count], value: ([total, count]) => quotient(total, count) };
  }
}

function quotient(total: HostData | undefined, count: HostData | undefined): number {
  const divisor = count?.[0] as number;
  return divisor === 0 ? 0 : Math.fround((total?.[0] as number) / divisor);
}

/** Weighted mean of all values. */
export class Mean extends RunningMean {
  static override readonly className: string = "Mean";

  constructor({ name = "mean" }: MetricOptions = {}) {
    super({ name });
  }
  override updateState(values: TensorLike, options: UpdateOptions = {}): void {
    handleFree(() => this.add(asFloat(values), options.sampleWeight));
  }
}

/** A value per sample from targets and predictions. */
export type MetricFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

/** Mean of a function of targets and predictions. */
export class MeanMetricWrapper extends RunningMean {
  static override readonly className: string = "MeanMetricWrapper";
  readonly #function: MetricFunction;

  constructor(metricFunction: MetricFunction, options: MetricOptions = {}) {
    super({ name: options.name ?? metricFunction.name });
    this.#function = metricFunction;
  }
  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    handleFree(() => {
      const values = this.#function(asTensor(yTrue), asTensor(yPred));
      this.add(asFloat(values), options.sampleWeight);
    });
  }
}
