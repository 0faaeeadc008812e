/** @file Loss: values per sample, their weights and their reduction. */
import { handleFree, ops, type Tensor, type TensorLike } from "@tenrec/tensor";
import { findName } from "../identifiers.ts";
import { maskOf } from "../masks.ts";
import { classNameOf, snakeCase } from "../naming.ts";
import { asFloat, asTensor, sameRank } from "../tensors.ts";

/** What becomes of the values of a batch. */
export type Reduction = "sum_over_batch_size" | "sum" | "none" | "mean" | "mean_with_sample_weight";

/** A loss per sample; the last axis of the prediction is reduced. */
export type LossFunction = (yTrue: Tensor, yPred: Tensor) => Tensor;

export interface LossOptions {
  readonly reduction?: Reduction | null;
  readonly name?: string;
}

const reductions: readonly Reduction[] = [
  "sum_over_batch_size",
  "sum",
  "none",
  "mean",
  "mean_with_sample_weight",
];

/**
 * Base of all losses. Subclasses give `call`, the loss of each sample.
 *
 * @example
 * const loss = await new losses.MeanSquaredError().apply(yTrue, yPred).item();
 */
export abstract class Loss {
  static readonly className: string = "Loss";
  readonly name: string;
  readonly reduction: Reduction;

  constructor(options: LossOptions = {}) {
    this.name = options.name ?? snakeCase(classNameOf(this));
    const wanted = options.reduction === undefined ? "sum_over_batch_size" : (options.reduction ?? "none");
    this.reduction = findName(this.name, "reduction", wanted, reductions) as Reduction;
  }

  /** 1 for values that count, 0 for those that do not; null if all do. */
  protected mask(_yTrue: Tensor, _values: Tensor): Tensor | null {
    return null;
  }

  /** Targets are class numbers, which training checks against the number of outputs. */
  get wantsLabels(): boolean {
    return false;
  }

  /** Loss per sample. */
  abstract call(yTrue: Tensor, yPred: Tensor): Tensor;

  /**
   * The reduced loss.
   *
   * @param options - `sampleWeight`: a weight per sample, or per value of the loss.
   * @throws ShapeError if target and prediction do not fit.
   */
  apply(
    yTrue: TensorLike,
    yPred: TensorLike,
    options: { readonly sampleWeight?: TensorLike | null } = {},
  ): Tensor {
    return handleFree(() => {
      const target = asTensor(yTrue);
      const prediction = asTensor(yPred);
      const values = this.call(target, prediction);
      const weight = options.sampleWeight;
      const given = weight === undefined || weight === null ? null : asTensor(weight);
      const own = this.mask(target, values);
      // Steps that the model's layers have masked do not count either.
      const steps = maskOf(prediction);
      const mask =
        steps && own ? ops.multiply(...sameRank(own, asFloat(steps))) : (own ?? (steps && asFloat(steps)));
      return reduceValues(values, given, this.reduction, mask);
    });
  }

  getConfig(): Record<string, unknown> {
    return { name: this.name, reduction: this.reduction };
  }
}

/** A loss from a function. */
export class LossFunctionWrapper extends Loss {
  static override readonly className: string = "LossFunctionWrapper";
  readonly #function: LossFunction;
  readonly #wantsLabels: boolean;

  constructor(lossFunction: LossFunction, options: LossOptions & { readonly wantsLabels?: boolean } = {}) {
    super({ ...options, name: options.name ?? (snakeCase(lossFunction.name) || "loss") });
    this.#function = lossFunction;
    this.#wantsLabels = options.wantsLabels ?? false;
  }
  override get wantsLabels(): boolean {
    return this.#wantsLabels;
  }

  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    const [wanted, found] = sameRank(yTrue, yPred);
    return this.#function(wanted, found);
  }
}

/**
 * Weights the values and reduces them as Keras does. "mean" and "sum_over_batch_size" divide by the number of values that count, not by
 * the sum of the weights.
 */
export function reduceValues(
  values: Tensor,
  weight: Tensor | null,
  reduction: Reduction,
  mask: Tensor | null = null,
): Tensor {
  const given = weight && mask ? ops.multiply(...sameRank(asFloat(weight), mask)) : (weight ?? mask);
  const [kept, weights] = given ? sameRank(values, asFloat(given)) : [values, null];
  const weighted = weights ? ops.multiply(kept, weights) : kept;
  if (reduction === "none" || weighted.ndim === 0) return weighted;
  const total = ops.sum(weighted);
  if (reduction === "sum") return total;
  if (reduction === "mean_with_sample_weight" && weights) return ops.divideNoNan(total, ops.sum(weights));
  return mask ? ops.divideNoNan(total, ops.sum(mask)) : ops.divide(total, Math.max(1, weighted.size));
}
