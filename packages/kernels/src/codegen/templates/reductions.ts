/** @file The texts of running and segmented reductions: the files of shaders/ are for float32, the others are made of them. */
import { cumulative, segmentReduce } from "../../shaders.ts";
import type { TemplateTexts } from "./index.ts";

/** The text for whole numbers: wrapping arithmetic, extremes of the type. */
function integerText(text: string): string {
  return text
    .replace(/\b(max|min)_f32\b/g, "$1")
    .replaceAll("bits_f32(0xff800000u)", "bitcast<i32>(0x80000000u)")
    .replaceAll("bits_f32(0x7f800000u)", "0x7fffffffi")
    .replace(/\bf32\b/g, "i32");
}

/** Sums of four columns at a time. */
function wideText(text: string): string {
  return text
    .replace(/fn start_value\(\) -> f32 \{[^]*?\n\}/, "fn start_value() -> f32 {\n  return f32(0);\n}")
    .replace(
      /fn combine\(a: f32, b: f32\) -> f32 \{[^]*?\n\}/,
      "fn combine(a: f32, b: f32) -> f32 {\n  return a + b;\n}",
    )
    .replace(/\b(load|store)_(x|y)\b/g, "$14_$2")
    .replace(/\bf32\b/g, "vec4<f32>");
}

export const reductionTexts: TemplateTexts = {
  cumulative: () => cumulative,
  cumulativeInteger: () => integerText(cumulative),
  segmentReduce_float32: () => segmentReduce,
  segmentReduce_int32: () => integerText(segmentReduce),
  segmentReduce_wide: () => wideText(segmentReduce),
};
