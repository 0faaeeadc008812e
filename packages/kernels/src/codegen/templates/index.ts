/** @file The WGSL of hand-written kernels by the names of their templates, made of the files of shaders/ when it is asked for. */
import { DeviceError } from "../../device/errors.ts";
import type { Template } from "../../ir/kernel.ts";
import * as shaders from "../../shaders.ts";
import { orderTexts } from "./order.ts";
import { reductionTexts } from "./reductions.ts";

export type TemplateTexts = Readonly<Record<string, () => string>>;

const attention = (text: string): string => `${shaders.attentionPairs}\n${text}`;

export const templateTexts: TemplateTexts = {
  attentionForward: () => attention(shaders.attentionForward),
  attentionQueries: () => attention(shaders.attentionQueries),
  attentionKeys: () => attention(shaders.attentionKeys),
  attentionBias: () => attention(shaders.attentionBias),
  lstmForward: () => shaders.recurrentForward + shaders.lstmForward,
  lstmBackward: () => shaders.recurrentBackward + shaders.lstmBackward,
  lstmStep: () => shaders.recurrentStep + shaders.lstmStep,
  lstmStepBack: () => shaders.recurrentStepBack + shaders.lstmStepBack,
  gruForward: () => shaders.recurrentForward + shaders.gruForward,
  gruBackward: () => shaders.recurrentBackward + shaders.gruBackward,
  gruStep: () => shaders.recurrentStep + shaders.gruStep,
  gruStepBack: () => shaders.recurrentStepBack + shaders.gruStepBack,
  simpleForward: () => shaders.recurrentForward + shaders.simpleForward,
  simpleBackward: () => shaders.recurrentBackward + shaders.simpleBackward,
  simpleStep: () => shaders.recurrentStep + shaders.simpleStep,
  simpleStepBack: () => shaders.recurrentStepBack + shaders.simpleStepBack,
  ...reductionTexts,
  ...orderTexts,
};

/** The template's own WGSL, else that of the library by its name. */
export function wgslOf({ name, wgsl = templateTexts[name]?.() }: Template): string {
  if (wgsl !== undefined) return wgsl;
  throw new DeviceError("webgpu", `the template "${name}" has no WGSL.`, {
    received: "a kernel of a template that brings no `wgsl` and that the library has none of",
    expected: "one that brings its own, or one of `device.target.templates` that is not for the cpu alone",
    fix: "give the template its `wgsl`, or launch it on the cpu only",
  });
}
