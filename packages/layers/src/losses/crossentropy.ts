/** @file Cross entropies: functions per sample and their classes. */
import { ops, type Tensor } from "@tenrec/tensor";
import { asFloat, sameRank } from "../tensors.ts";
import { Loss, type LossOptions } from "./loss.ts";

export interface CrossentropyOptions extends LossOptions {
  /** Predictions are logits, not probabilities. */
  readonly fromLogits?: boolean;
  /** Axis of the classes. */
  readonly axis?: number;
}

export interface SparseCrossentropyOptions extends CrossentropyOptions {
  /** A label whose samples do not count. */
  readonly ignoreClass?: number | null;
}

export interface SmoothedOptions extends CrossentropyOptions {
  /** Share of each target that is spread evenly, in [0, 1]. */
  readonly labelSmoothing?: number;
}

/**
 * -log of the probability of the label. Labels are class numbers [n]; predictions [n, classes].
 * @example
 * losses.sparseCategoricalCrossentropy([1], [[0.1, 0.8, 0.1]]); // [0.223]
 */
export function sparseCategoricalCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  { fromLogits = false, ignoreClass = null, axis = -1 }: SparseCrossentropyOptions = {},
): Tensor {
  const each = ops.sparseCategoricalCrossentropy(yTrue, yPred, { fromLogits, axis });
  return ignoreClass === null ? each : ops.where(counted(yTrue, ignoreClass, each), each, 0);
}

/** Where the label is not the ignored one, in the shape of the losses. */
const counted = (yTrue: Tensor, ignoreClass: number, { shape }: Tensor): Tensor =>
  ops.reshape(ops.notEqual(yTrue, ignoreClass), shape);

/** -sum of target times log probability over the classes; targets are one-hot or soft, in the shape of the predictions. */
export function categoricalCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  { fromLogits = false, labelSmoothing = 0, axis = -1 }: SmoothedOptions = {},
): Tensor {
  const classes = yPred.shape.at(axis) as number;
  return ops.categoricalCrossentropy(smooth(yTrue, labelSmoothing, classes), yPred, { fromLogits, axis });
}

/** Mean over the last axis of -t log p - (1 - t) log(1 - p). */
export function binaryCrossentropy(
  yTrue: Tensor,
  yPred: Tensor,
  { fromLogits = false, labelSmoothing = 0, axis = -1 }: SmoothedOptions = {},
): Tensor {
  const each = ops.binaryCrossentropy(smooth(yTrue, labelSmoothing, 2), yPred, { fromLogits });
  return ops.mean(each, { axis });
}

/** target (1 - s) + s / classes. */
function smooth(target: Tensor, share: number, classes: number): Tensor {
  const wanted = asFloat(target);
  return share === 0 ? wanted : ops.add(ops.multiply(wanted, 1 - share), share / classes);
}

/** Mean of `sparseCategoricalCrossentropy`. */
export class SparseCategoricalCrossentropy extends Loss {
  static override readonly className: string = "SparseCategoricalCrossentropy";
  readonly fromLogits: boolean;
  readonly ignoreClass: number | null;
  readonly axis: number;

  constructor(options: SparseCrossentropyOptions = {}) {
    super(options);
    this.fromLogits = options.fromLogits ?? false;
    this.ignoreClass = options.ignoreClass ?? null;
    this.axis = options.axis ?? -1;
  }
  /** An ignored label need not be a class. */
  override get wantsLabels(): boolean {
    return this.ignoreClass === null;
  }
  protected override mask(yTrue: Tensor, { shape }: Tensor): Tensor | null {
    const { ignoreClass } = this;
    return ignoreClass === null ? null : asFloat(ops.reshape(ops.notEqual(yTrue, ignoreClass), shape));
  }
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return sparseCategoricalCrossentropy(yTrue, yPred, this);
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), fromLogits: this.fromLogits, ignoreClass: this.ignoreClass };
  }
}

abstract class Smoothed extends Loss {
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;
  readonly axis: number;

  constructor(options: SmoothedOptions = {}) {
    super(options);
    this.fromLogits = options.fromLogits ?? false;
    this.labelSmoothing = options.labelSmoothing ?? 0;
    this.axis = options.axis ?? -1;
  }
  override getConfig(): Record<string, unknown> {
    const { fromLogits, labelSmoothing, axis } = this;
    return { ...super.getConfig(), fromLogits, labelSmoothing, axis };
  }
}

/** Mean of `categoricalCrossentropy`. */
export class CategoricalCrossentropy extends Smoothed {
  static override readonly className: string = "CategoricalCrossentropy";
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return categoricalCrossentropy(...sameRank(yTrue, yPred), this);
  }
}

/** Mean of `binaryCrossentropy`. */
export class BinaryCrossentropy extends Smoothed {
  static override readonly className: string = "BinaryCrossentropy";
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return binaryCrossentropy(...sameRank(yTrue, yPred), this);
  }
}
