/** @file The templates that have a WebAssembly form, by name; the others run their JavaScript. */
import type { EmitTemplate } from "../template.ts";
import { emitForward } from "./attentionForward.ts";
import { emitGradient } from "./attentionGradient.ts";
import { emitCumulative } from "./cumulative.ts";
import { gruBackward, gruForward } from "./gru.ts";
import { lstmBackward, lstmForward } from "./lstm.ts";
import { orderEmitters } from "./order.ts";
import { emitSegments } from "./segment.ts";
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
