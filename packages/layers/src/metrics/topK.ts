/** @file Accuracies that allow several answers. */
import { ops, type Tensor } from "@tenrec/tensor";
import { asFloat } from "../tensors.ts";
import { labelsOf } from "./accuracy.ts";
import { MeanMetricWrapper } from "./mean.ts";
import type { MetricOptions } from "./metric.ts";

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
