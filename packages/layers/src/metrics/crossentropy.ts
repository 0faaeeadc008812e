/** @file Cross entropies as metrics: running means of the functions that are losses too. */
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from "../losses/crossentropy.ts";
import { sameRank } from "../tensors.ts";
import { MeanMetricWrapper } from "./mean.ts";
import type { MetricOptions } from "./metric.ts";

export interface CrossentropyMetricOptions extends MetricOptions {
  /** Predictions are logits, not probabilities. */
  readonly fromLogits?: boolean;
  /** Axis of the classes. */
  readonly axis?: number;
}

export interface SmoothedMetricOptions extends CrossentropyMetricOptions {
  /** Share of each target that is spread evenly, in [0, 1]. */
  readonly labelSmoothing?: number;
}

/** Mean of -t log p - (1 - t) log(1 - p). */
export class BinaryCrossentropy extends MeanMetricWrapper {
  static override readonly className: string = "BinaryCrossentropy";
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;

  constructor(options: Omit<SmoothedMetricOptions, "axis"> = {}) {
    const { name = "binary_crossentropy", fromLogits = false, labelSmoothing = 0 } = options;
    super((yTrue, yPred) => binaryCrossentropy(...sameRank(yTrue, yPred), { fromLogits, labelSmoothing }), {
      name,
    });
    this.fromLogits = fromLogits;
    this.labelSmoothing = labelSmoothing;
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), fromLogits: this.fromLogits, labelSmoothing: this.labelSmoothing };
  }
}

/** Mean of -log of the probability of the one-hot or soft target. */
export class CategoricalCrossentropy extends MeanMetricWrapper {
  static override readonly className: string = "CategoricalCrossentropy";
  readonly settings: Required<Omit<SmoothedMetricOptions, "name">>;

  constructor(options: SmoothedMetricOptions = {}) {
    const { name = "categorical_crossentropy", fromLogits = false, labelSmoothing = 0, axis = -1 } = options;
    const settings = { fromLogits, labelSmoothing, axis };
    super((yTrue, yPred) => categoricalCrossentropy(...sameRank(yTrue, yPred), settings), { name });
    this.settings = settings;
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...this.settings };
  }
}

/** Mean of -log of the probability of the label. */
export class SparseCategoricalCrossentropy extends MeanMetricWrapper {
  static override readonly className: string = "SparseCategoricalCrossentropy";
  readonly settings: Required<Omit<CrossentropyMetricOptions, "name">>;

  constructor(options: CrossentropyMetricOptions = {}) {
    const { name = "sparse_categorical_crossentropy", fromLogits = false, axis = -1 } = options;
    const settings = { fromLogits, axis };
    super((yTrue, yPred) => sparseCategoricalCrossentropy(yTrue, yPred, settings), { name });
    this.settings = settings;
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...this.settings };
  }
}
