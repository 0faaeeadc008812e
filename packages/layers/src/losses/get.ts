/** @file Losses by name, all of them at hand. */
import { findName, type Identifier } from "../identifiers.ts";
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from "./crossentropy.ts";
import { Loss, type LossFunction, LossFunctionWrapper } from "./loss.ts";
import {
  cosineSimilarity,
  hinge,
  huber,
  klDivergence,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
  squaredHinge,
} from "./regression.ts";

const names: Readonly<Record<string, LossFunction>> = {
  sparse_categorical_crossentropy: sparseCategoricalCrossentropy,
  categorical_crossentropy: categoricalCrossentropy,
  binary_crossentropy: binaryCrossentropy,
  mean_squared_error: meanSquaredError,
  mse: meanSquaredError,
  mean_absolute_error: meanAbsoluteError,
  mae: meanAbsoluteError,
  mean_absolute_percentage_error: meanAbsolutePercentageError,
  mape: meanAbsolutePercentageError,
  mean_squared_logarithmic_error: meanSquaredLogarithmicError,
  msle: meanSquaredLogarithmicError,
  huber,
  log_cosh: logCosh,
  poisson,
  hinge,
  squared_hinge: squaredHinge,
  kl_divergence: klDivergence,
  cosine_similarity: cosineSimilarity,
};

/** The function of a name. */
export function lossFunction(name: string): LossFunction {
  return names[findName("loss", "loss", name, Object.keys(names))] as LossFunction;
}

/**
 * The loss of an identifier. A name or function becomes a loss with its mean.
 *
 * @throws ValueError for unknown names, with the nearest known ones.
 */
export function getLoss(identifier: Exclude<Identifier<Loss | LossFunction>, null | undefined>): Loss {
  if (identifier instanceof Loss) return identifier;
  if (typeof identifier === "function") return new LossFunctionWrapper(identifier);
  const name = findName("loss", "loss", identifier, Object.keys(names));
  const wanted = names[name] as LossFunction;
  return new LossFunctionWrapper((yTrue, yPred) => wanted(yTrue, yPred), {
    name,
    wantsLabels: wanted === sparseCategoricalCrossentropy,
  });
}
