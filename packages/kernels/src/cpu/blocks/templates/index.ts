/** @file Hand-written kernels in JavaScript by the names of their templates. */
import { DeviceError } from "../../../device/errors.ts";
import type { RunTemplate, Template } from "../../../ir/kernel.ts";
import { runBias, runForward, runGradient, runKeys, runQueries } from "./attention.ts";
import { runCumulative } from "./cumulative.ts";
import { runGruBackward, runGruForward, runGruStep, runGruStepBack } from "./gru.ts";
import { runLstmBackward, runLstmForward, runLstmStep, runLstmStepBack } from "./lstm.ts";
import { orderRuns } from "./order.ts";
import { runSegments } from "./segment.ts";
import { runSimpleBackward, runSimpleForward, runSimpleStep, runSimpleStepBack } from "./simpleRecurrent.ts";

export const templateRuns: Readonly<Record<string, RunTemplate>> = {
  attentionForward: runForward,
  attentionQueries: runQueries,
  attentionKeys: runKeys,
  attentionBias: runBias,
  attentionGradient: runGradient,
  attentionGradientBiased: runGradient,
  cumulative: runCumulative,
  cumulativeInteger: runCumulative,
  segmentReduce_float32: runSegments,
  segmentReduce_int32: runSegments,
  segmentReduce_wide: runSegments,
  ...orderRuns,
  lstmForward: runLstmForward,
  lstmBackward: runLstmBackward,
  lstmStep: runLstmStep,
  lstmStepBack: runLstmStepBack,
  gruForward: runGruForward,
  gruBackward: runGruBackward,
  gruStep: runGruStep,
  gruStepBack: runGruStepBack,
  simpleForward: runSimpleForward,
  simpleBackward: runSimpleBackward,
  simpleStep: runSimpleStep,
  simpleStepBack: runSimpleStepBack,
};

/** The template's own JavaScript, else that of the library by its name. */
export function runOf({ name, cpu = templateRuns[name] }: Template): RunTemplate {
  if (cpu) return cpu;
  throw new DeviceError("cpu", `the template "${name}" has no JavaScript.`, {
    received: "a kernel of a template that brings no `cpu` and that the library has none of",
    expected: "one that brings its own, or one of `device.target.templates`",
    fix: "give the template its `cpu`, or launch it on webgpu only",
  });
}
