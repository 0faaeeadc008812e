/** @file Metrics by name. What few pages use is loaded when it is asked for. */
import { unknownName } from "../identifiers.ts";
import { loadLossFunction, lossNames } from "../losses/named.ts";
import { sameRank } from "../tensors.ts";
import { BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy } from "./accuracy.ts";
import { MeanMetricWrapper, type MetricFunction } from "./mean.ts";
import { Metric } from "./metric.ts";

/** A name ("accuracy"), a metric, or a function of targets and predictions. */
export type MetricIdentifier = string | Metric | MetricFunction;

/** What the choice by shape needs of targets and predictions. */
export interface Shaped {
  readonly shape: readonly number[];
  readonly ndim: number;
}

type Maker = (name: string) => Metric | Promise<Metric>;

const confusion = () => import("./confusion.ts");

const byName: Readonly<Record<string, Maker>> = {
  binary_accuracy: (name) => new BinaryAccuracy({ name }),
  categorical_accuracy: (name) => new CategoricalAccuracy({ name }),
  sparse_categorical_accuracy: (name) => new SparseCategoricalAccuracy({ name }),
  top_k_categorical_accuracy: async (name) =>
    new (await import("./topK.ts")).TopKCategoricalAccuracy({ name }),
  sparse_top_k_categorical_accuracy: async (name) =>
    new (await import("./topK.ts")).SparseTopKCategoricalAccuracy({ name }),
  root_mean_squared_error: async (name) =>
    new (await import("./regression.ts")).RootMeanSquaredError({ name }),
  cosine_similarity: async (name) => new (await import("./regression.ts")).CosineSimilarity({ name }),
  auc: async (name) => new (await import("./auc.ts")).AUC({ name }),
  precision: async (name) => new (await confusion()).Precision({ name }),
  recall: async (name) => new (await confusion()).Recall({ name }),
  true_positives: async (name) => new (await confusion()).TruePositives({ name }),
  true_negatives: async (name) => new (await confusion()).TrueNegatives({ name }),
  false_positives: async (name) => new (await confusion()).FalsePositives({ name }),
  false_negatives: async (name) => new (await confusion()).FalseNegatives({ name }),
};

const byShape = ["accuracy", "acc", "crossentropy", "ce"];
const plain = (name: string): string => name.replace(/[_\-\s]/g, "").toLowerCase();

function findIn(names: readonly string[], wanted: string): string | undefined {
  return names.find((name) => plain(name) === plain(wanted));
}

/** Throws for a name that is no metric; nothing is loaded yet. */
export function checkMetricName(identifier: MetricIdentifier): void {
  if (typeof identifier !== "string") return;
  const names = [...byShape, ...Object.keys(byName), ...lossNames];
  if (findIn(names, identifier) === undefined) throw unknownName("compile", "metric", identifier, names);
}

/**
 * The metric of an identifier. "accuracy" and "crossentropy" are chosen by the shapes of target and prediction, as in Keras.
 */
export async function resolveMetric(
  identifier: MetricIdentifier,
  yTrue: Shaped,
  yPred: Shaped,
): Promise<Metric> {
  if (identifier instanceof Metric) return identifier;
  if (typeof identifier === "function") return new MeanMetricWrapper(identifier);
  const choice = findIn(byShape, identifier);
  const known = choice ? kindByShape(choice, yTrue, yPred) : identifier;
  const made = findIn(Object.keys(byName), known);
  if (made !== undefined) return (byName[made] as Maker)(identifier);
  const lossOf = await loadLossFunction(known);
  return new MeanMetricWrapper((wanted, found) => lossOf(...sameRank(wanted, found)), { name: identifier });
}

/** Keras: one output is binary; targets of lower rank, or with a last extent of 1, are class labels. */
export function kindByShape(choice: string, yTrue: Shaped, yPred: Shaped): string {
  const kind = choice === "accuracy" || choice === "acc" ? "accuracy" : "crossentropy";
  if (yPred.shape.at(-1) === 1) return `binary_${kind}`;
  const isSparse = yTrue.ndim < yPred.ndim || yTrue.shape.at(-1) === 1;
  return isSparse ? `sparse_categorical_${kind}` : `categorical_${kind}`;
}
