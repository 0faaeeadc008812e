/** @file Losses by name for `compile`: the cross entropies are at hand, the others are loaded when they are asked for. */
import { findName, type Identifier } from "../identifiers.ts";
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from "./crossentropy.ts";
import { Loss, type LossFunction, LossFunctionWrapper } from "./loss.ts";

const atHand: Readonly<Record<string, LossFunction>> = {
  sparse_categorical_crossentropy: sparseCategoricalCrossentropy,
  categorical_crossentropy: categoricalCrossentropy,
  binary_crossentropy: binaryCrossentropy,
};

/** Every name of a loss; "crossentropy" and "ce" are chosen by the shapes. */
export const lossNames: readonly string[] = [
  "sparse_categorical_crossentropy",
  "categorical_crossentropy",
  "binary_crossentropy",
  "mean_squared_error",
  "mse",
  "mean_absolute_error",
  "mae",
  "mean_absolute_percentage_error",
  "mape",
  "mean_squared_logarithmic_error",
  "msle",
  "huber",
  "log_cosh",
  "poisson",
  "hinge",
  "squared_hinge",
  "kl_divergence",
  "cosine_similarity",
  "crossentropy",
  "ce",
];

/** The function of a name that `lossNames` has. */
export async function loadLossFunction(wanted: string): Promise<LossFunction> {
  const name = findName("loss", "loss", wanted, lossNames);
  return atHand[name] ?? (await import("./get.ts")).lossFunction(name);
}

/** The loss of an identifier; a name or function becomes a loss with its mean. */
export async function loadLoss(
  identifier: Exclude<Identifier<Loss | LossFunction>, null | undefined>,
): Promise<Loss> {
  if (identifier instanceof Loss) return identifier;
  if (typeof identifier === "function") return new LossFunctionWrapper(identifier);
  const name = findName("loss", "loss", identifier, lossNames);
  const wanted = await loadLossFunction(name);
  const wantsLabels = wanted === sparseCategoricalCrossentropy;
  return new LossFunctionWrapper((yTrue, yPred) => wanted(yTrue, yPred), { name, wantsLabels });
}
