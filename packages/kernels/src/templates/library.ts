/** @file The hand-written kernels and the rules that launch them. Targets carry them, so that a page fetches them with its device. */
export * from "./attention.ts";
export { cumulativeTemplate } from "./cumulative.ts";
export { orderBlocksTemplate, orderInverseTemplate, orderMergeTemplate, orderRankTemplate } from "./order.ts";
export * from "./recurrent.ts";
export * from "./recurrentStep.ts";
export { segmentTemplate } from "./segment.ts";
