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
const labelsOf = (yTrue: Tensor, yPred: Tensor): Tensor =>
  yTrue.ndim === yPred.ndim && yTrue.shape.at(-1) === 1 ? ops.squeeze(yTrue, { axis: -1 }) : yTrue;

/** Whether fewer than k classes are likelier than the label's. */
function isAmongTop(labels: Tensor, yPred: Tensor, k: number): Tensor {
  const own = ops.squeeze(ops.takeAlongAxis(yPred, ops.expandDims(labels, -1), { axis: -1 }), { axis: -1 });
  const better = ops.sum(ops.cast(ops.greater(yPred, ops.expandDims(own, -1)), "float32"), { axis: -1 });
  return asFloat(ops.less(better, k));
}

export interface TopKOptions extends MetricOptions {
  readonly k?: number;
}

/** Whether the class of the one-hot target is among the `k` likeliest. */
export const topKCategoricalAccuracy = (yTrue: Tensor, yPred: Tensor, { k = 5 }: TopKOptions = {}): Tensor =>
  isAmongTop(ops.argmax(yTrue, { axis: -1 }), yPred, k);

/** Whether the label is among the `k` likeliest classes. */
export const sparseTopKCategoricalAccuracy = (
  yTrue: Tensor,
  yPred: Tensor,
  { k = 5 }: TopKOptions = {},
): Tensor => isAmongTop(ops.cast(labelsOf(yTrue, yPred), "int32"), yPred, k);

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

/** Share of samples whose one-hot class is among the `k` (5) likeliest. */
export class TopKCategoricalAccuracy extends MeanMetricWrapper {
  static override readonly className: string = "TopKCategoricalAccuracy";
  constructor({ name = "top_k_categorical_accuracy", k = 5 }: TopKOptions = {}) {
    super((yTrue, yPred) => topKCategoricalAccuracy(yTrue, yPred, { k }), { name });
  }
}

/** Share of samples whose label is among the `k` (5) likeliest classes. */
export class SparseTopKCategoricalAccuracy extends MeanMetricWrapper {
  static override readonly className: string = "SparseTopKCategoricalAccuracy";
  constructor({ name = "sparse_top_k_categorical_accuracy", k = 5 }: TopKOptions = {}) {
    super((yTrue, yPred) => sparseTopKCategoricalAccuracy(yTrue, yPred, { k }), { name });
  }
}
