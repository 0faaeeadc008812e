/** @file All optimizers, and their names. */
export { Adagrad, type AdagradOptions } from "./adagrad.ts";
export { Adam, type AdamOptions, AdamW } from "./adam.ts";
export { getOptimizer } from "./get.ts";
export { LossScaleOptimizer, type LossScaleOptions } from "./lossScale.ts";
export { Optimizer, type OptimizerOptions, type Scalars, type Update } from "./optimizer.ts";
export { RMSprop, type RMSpropOptions } from "./rmsprop.ts";
export * as schedules from "./schedules.ts";
export { SGD, type SGDOptions } from "./sgd.ts";
