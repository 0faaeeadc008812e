/** @file Accuracies: the share of right answers. */
import { ops, type Tensor } from "@tenrec/tensor";
import { asFloat, sameRank } from "../tensors.ts";
import { MeanMetricWrapper } from "./mean.ts";
import type { MetricOptions } from "./metric.ts";

const matches = (a: Tensor, b: Tensor): Tensor => ops.cast(ops.equal(a, b), "float32");

/** Whether predictions equal targets, element by element. */
export function accuracy(yTrue: Tensor, yPred: Tensor): Tensor {
  const [wanted, found] = sameRank(yTrue, yPred);
  return matches(asFloat(wanted), asFloat(found));
}

/** Share of outputs on the right side of the threshold, per sample. */
export function binaryAccuracy(
  yTrue: Tensor,
  yPred: Tensor,
  { threshold = 0.5 }: { readonly threshold?: number } = {},
): Tensor {
  const [wanted, found] = sameRank(yTrue, yPred);
  return matches(asFloat(wanted), asFloat(ops.greater(found, threshold)));
}

/** Whether the likeliest class is that of the one-hot target. */
export const categoricalAccuracy = (yTrue: Tensor, yPred: Tensor): Tensor =>
  matches(ops.argmax(yTrue, { axis: -1 }), ops.argmax(yPred, { axis: -1 }));

/** Whether the likeliest class is the label. */
export function sparseCategoricalAccuracy(yTrue: Tensor, yPred: Tensor): Tensor {
  return matches(ops.cast(labelsOf(yTrue, yPred), "int32"), ops.argmax(yPred, { axis: -1 }));
}

/** Labels without the extra axis of 1 that label columns have. */
export const labelsOf = (yTrue: Tensor, yPred: Tensor): Tensor =>
  yTrue.ndim === yPred.ndim && yTrue.shape.at(-1) === 1 ? ops.squeeze(yTrue, { axis: -1 }) : yTrue;

/** Share of predictions that equal their targets. */
export class Accuracy extends MeanMetricWrapper {
  static override readonly className: string = "Accuracy";
  constructor({ name = "accuracy" }: MetricOptions = {}) {
    super(accuracy, { name });
  }
}

/** Share of outputs above or below `threshold` (0.5) as their targets are. */
export class BinaryAccuracy extends MeanMetricWrapper {
  static override readonly className: string = "BinaryAccuracy";
  constructor({
    name = "binary_accuracy",
    threshold = 0.5,
  }: MetricOptions & { readonly threshold?: number } = {}) {
    super((yTrue, yPred) => binaryAccuracy(yTrue, yPred, { threshold }), { name });
  }
}

/** Share of samples whose likeliest class is that of the one-hot target. */
export class CategoricalAccuracy extends MeanMetricWrapper {
  static override readonly className: string = "CategoricalAccuracy";
  constructor({ name = "categorical_accuracy" }: MetricOptions = {}) {
    super(categoricalAccuracy, { name });
  }
}

/** Share of samples whose likeliest class is the label. */
export class SparseCategoricalAccuracy extends MeanMetricWrapper {
  static override readonly className: string = "SparseCategoricalAccuracy";
  constructor({ name = "sparse_categorical_accuracy" }: MetricOptions = {}) {
    super(sparseCategoricalAccuracy, { name });
  }
}
