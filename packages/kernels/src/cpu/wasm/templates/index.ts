/** @file The templates that have a WebAssembly form, by name; the others run their JavaScript. */
import type { EmitTemplate, WorkOf } from "../template.ts";
import { emitForward } from "./attentionForward.ts";
import { emitGradient } from "./attentionGradient.ts";
import { forwardWork, gradientWork } from "./attentionPairs.ts";
import { emitCumulative } from "./cumulative.ts";
import { gruBackward, gruForward } from "./gru.ts";
import { lstmBackward, lstmForward } from "./lstm.ts";
import { orderEmitters } from "./order.ts";
import { emitSegments } from "./segment.ts";
import { recurrentWork } from "./sequence.ts";
import { simpleBackward, simpleForward } from "./simpleRecurrent.ts";

export const templateEmitters: Readonly<Record<string, EmitTemplate>> = {
  attentionForward: emitForward,
  attentionGradient: emitGradient,
  attentionGradientBiased: emitGradient,
  cumulative: emitCumulative(false),
  cumulativeInteger: emitCumulative(true),
  segmentReduce_float32: emitSegments(false),
  segmentReduce_int32: emitSegments(true),
  segmentReduce_wide: emitSegments(false),
  ...orderEmitters,
  lstmForward,
  lstmBackward,
  gruForward,
  gruBackward,
  simpleForward,
  simpleBackward,
};

/** The units of those that have some, which threads may share. */
export const templateWork: Readonly<Record<string, WorkOf>> = {
  attentionForward: forwardWork,
  attentionGradient: gradientWork,
  // Heads add to the same cotangent of the bias, in order.
  attentionGradientBiased: (shape) => ({ ...gradientWork(shape), cost: 0 }),
  lstmForward: recurrentWork,
  lstmBackward: recurrentWork,
  gruForward: recurrentWork,
  gruBackward: recurrentWork,
  simpleForward: recurrentWork,
  simpleBackward: recurrentWork,
};
