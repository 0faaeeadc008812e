/** @file What tuning needs of kernels: their forms, targets with choices, and the memory of choices. */
export { alternatives, problemOf, type TunableKernel } from "./alternatives.ts";
export { type ChoiceRecord, type ChoiceStore, choiceStore, isChoiceRecord, kernelVersion } from "./store.ts";
export { type GraphChoice, notingTarget, tunedTarget } from "./target.ts";
