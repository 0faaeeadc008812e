/** @file All metrics. */
export {
  Accuracy,
  accuracy,
  BinaryAccuracy,
  binaryAccuracy,
  CategoricalAccuracy,
  categoricalAccuracy,
  SparseCategoricalAccuracy,
  sparseCategoricalAccuracy,
} from "./accuracy.ts";
export * from "./auc.ts";
export {
  type CountOptions,
  FalseNegatives,
  FalsePositives,
  Precision,
  type PrecisionOptions,
  Recall,
  TrueNegatives,
  TruePositives,
} from "./confusion.ts";
export * from "./crossentropy.ts";
export { Mean, MeanMetricWrapper, type MetricFunction, Sum } from "./mean.ts";
export { Metric, type MetricOptions, type UpdateOptions } from "./metric.ts";
export * from "./regression.ts";
export * from "./topK.ts";
