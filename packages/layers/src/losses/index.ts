/** @file All losses: functions per sample, classes, names. */
export * from "./crossentropy.ts";
export { getLoss } from "./get.ts";
export { Loss, type LossFunction, LossFunctionWrapper, type LossOptions, type Reduction } from "./loss.ts";
export * from "./regression.ts";
