/** @file Metrics of numbers and distributions: means of the functions that are losses too, the root of one, and the cosine. */
import { handleFree, ops, type Tensor, type TensorLike } from "@tenrec/tensor";
import {
  hinge,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
  squaredHinge,
} from "../losses/regression.ts";
import { asFloat, asTensor, sameRank } from "../tensors.ts";
import { MeanMetricWrapper, type MetricFunction, RunningMean } from "./mean.ts";
import type { MetricOptions, Reading, UpdateOptions } from "./metric.ts";

const ofEqualRank =
  (metricFunction: MetricFunction): MetricFunction =>
  (yTrue, yPred) =>
    metricFunction(...sameRank(yTrue, yPred));

/** Mean of (yTrue - yPred)^2. */
export class MeanSquaredError extends MeanMetricWrapper {
  static override readonly className: string = "MeanSquaredError";
  constructor({ name = "mean_squared_error" }: MetricOptions = {}) {
    super(ofEqualRank(meanSquaredError), { name });
  }
}

/** Mean of |yTrue - yPred|. */
export class MeanAbsoluteError extends MeanMetricWrapper {
  static override readonly className: string = "MeanAbsoluteError";
  constructor({ name = "mean_absolute_error" }: MetricOptions = {}) {
    super(ofEqualRank(meanAbsoluteError), { name });
  }
}

/** 100 times the mean of |yTrue - yPred| / |yTrue|. */
export class MeanAbsolutePercentageError extends MeanMetricWrapper {
  static override readonly className: string = "MeanAbsolutePercentageError";
  constructor({ name = "mean_absolute_percentage_error" }: MetricOptions = {}) {
    super(ofEqualRank(meanAbsolutePercentageError), { name });
  }
}

/** Mean of (log(1 + yTrue) - log(1 + yPred))^2. */
export class MeanSquaredLogarithmicError extends MeanMetricWrapper {
  static override readonly className: string = "MeanSquaredLogarithmicError";
  constructor({ name = "mean_squared_logarithmic_error" }: MetricOptions = {}) {
    super(ofEqualRank(meanSquaredLogarithmicError), { name });
  }
}

/** Mean of log cosh(yPred - yTrue). */
export class LogCoshError extends MeanMetricWrapper {
  static override readonly className: string = "LogCoshError";
  constructor({ name = "logcosh" }: MetricOptions = {}) {
    super(ofEqualRank(logCosh), { name });
  }
}

/** Mean of yPred - yTrue log(yPred). */
export class Poisson extends MeanMetricWrapper {
  static override readonly className: string = "Poisson";
  constructor({ name = "poisson" }: MetricOptions = {}) {
    super(ofEqualRank(poisson), { name });
  }
}

/** Mean of max(1 - yTrue yPred, 0). */
export class Hinge extends MeanMetricWrapper {
  static override readonly className: string = "Hinge";
  constructor({ name = "hinge" }: MetricOptions = {}) {
    super(ofEqualRank(hinge), { name });
  }
}

/** Mean of max(1 - yTrue yPred, 0)^2. */
export class SquaredHinge extends MeanMetricWrapper {
  static override readonly className: string = "SquaredHinge";
  constructor({ name = "squared_hinge" }: MetricOptions = {}) {
    super(ofEqualRank(squaredHinge), { name });
  }
}

/** Mean of the sum of yTrue log(yTrue / yPred). */
export class KLDivergence extends MeanMetricWrapper {
  static override readonly className: string = "KLDivergence";
  constructor({ name = "kl_divergence" }: MetricOptions = {}) {
    super(ofEqualRank(klDivergence), { name });
  }
}

export interface CosineSimilarityOptions extends MetricOptions {
  readonly axis?: number;
}

/** Mean cosine of the angle between target and prediction: 1 for equal directions, unlike the loss. */
export class CosineSimilarity extends MeanMetricWrapper {
  static override readonly className: string = "CosineSimilarity";
  readonly axis: number;

  constructor({ name = "cosine_similarity", axis = -1 }: CosineSimilarityOptions = {}) {
    super(
      ofEqualRank((yTrue, yPred) => cosine(yTrue, yPred, axis)),
      { name },
    );
    this.axis = axis;
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: this.axis };
  }
}

function cosine(yTrue: Tensor, yPred: Tensor, axis: number): Tensor {
  const unit = (x: Tensor) => ops.normalize(asFloat(x), { axis });
  return ops.sum(ops.multiply(unit(yTrue), unit(yPred)), { axis });
}

/** Square root of the mean of (yTrue - yPred)^2 over everything. */
export class RootMeanSquaredError extends RunningMean {
  static override readonly className: string = "RootMeanSquaredError";

  constructor({ name = "root_mean_squared_error" }: MetricOptions = {}) {
    super({ name });
  }
  override updateState(yTrue: TensorLike, yPred: TensorLike, options: UpdateOptions = {}): void {
    handleFree(() => {
      const [wanted, found] = sameRank(asTensor(yTrue), asTensor(yPred));
      this.add(ops.square(ops.subtract(asFloat(wanted), asFloat(found))), options.sampleWeight);
    });
  }
  override result(): Tensor {
    return handleFree(() => ops.sqrt(super.result()));
  }
  override reading(): Reading {
    const mean = super.reading();
    return { tensors: mean.tensors, value: (data) => Math.fround(Math.sqrt(mean.value(data))) };
  }
}
