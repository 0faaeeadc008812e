/**
 * Layers, models and training.
 *
 * @example
 * const model = new Sequential([new layers.Dense(10, { activation: "softmax" })]);
 * model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
 * await model.fit(x, y, { epochs: 5 });
 */
export * as activations from "./activations/index.ts";
export * as callbacks from "./callbacks/index.ts";
export * as constraints from "./constraints.ts";
export * as datasets from "./datasets/index.ts";
export { DTypePolicy, type DTypePolicyName, dtypePolicy, setDtypePolicy } from "./dtypePolicy.ts";
export * as initializers from "./initializers/index.ts";
export {
  type CallOptions,
  Layer,
  type LayerOptions,
  type OpenShape,
  type RunOptions,
  type Values,
  type WeightOptions,
} from "./layer.ts";
export * as layers from "./layers/index.ts";
export * as losses from "./losses/index.ts";
export * as metrics from "./metrics/index.ts";
export { Input, type InputOptions } from "./models/input.ts";
export { KerasTensor } from "./models/kerasTensor.ts";
export { type BatchOptions, type FunctionalOptions, Model } from "./models/model.ts";
export { Sequential } from "./models/sequential.ts";
export type { SymbolicCall, SymbolicValues } from "./models/symbolic.ts";
export * as optimizers from "./optimizers/index.ts";
export * as regularizers from "./regularizers.ts";
export { RematScope, type RematScopeOptions, remat } from "./remat.ts";
export type { CompileOptions } from "./training/compiled.ts";
export type { Data } from "./training/data.ts";
export type { EvaluateOptions } from "./training/evaluate.ts";
export type { FitOptions } from "./training/fit.ts";
export type { PredictOptions } from "./training/predict.ts";
export type { ClassWeight } from "./training/samples.ts";
export * as utils from "./utils/index.ts";
