/** @file Running sums, products and extremes along rows. */
import type { Template, TemplateArray, TemplateRun } from "../ir/kernel.ts";
import { cumulative } from "../shaders.ts";

type Combine = (a: number, b: number) => number;

/** How a run of numbers begins and goes on; int32 wraps as on the device. */
export function operationOf(operation: number, integer: boolean): { start: number; combine: Combine } {
  if (operation === 1) return { start: 1, combine: integer ? Math.imul : (a, b) => a * b };
  if (operation === 2) return { start: integer ? -(2 ** 31) : -Infinity, combine: Math.max };
  if (operation === 3) return { start: integer ? 2 ** 31 - 1 : Infinity, combine: Math.min };
  return { start: 0, combine: integer ? (a, b) => (a + b) | 0 : (a, b) => a + b };
}

function run({ inputs, outputs, constants, params }: TemplateRun): void {
  const [x, y] = [inputs[0] as TemplateArray, outputs[0] as TemplateArray];
  const [rows, length] = params as unknown as [number, number];
  const { start, combine } = operationOf(Number(constants.OPERATION), x instanceof Int32Array);
  const step = constants.REVERSE ? -1 : 1;
  for (let row = 0; row < rows; row++) {
    let at = row * length + (constants.REVERSE ? length - 1 : 0);
    let total = start;
    for (let k = 0; k < length; k++, at += step) {
      const before = total;
      total = combine(total, x[at] as number);
      y[at] = constants.EXCLUSIVE ? before : total;
    }
  }
}

/** The text for whole numbers: wrapping arithmetic, extremes of the type. */
export function integerText(text: string): string {
  return text
    .replace(/\b(max|min)_f32\b/g, "$1")
    .replaceAll("bits_f32(0xff800000u)", "bitcast<i32>(0x80000000u)")
    .replaceAll("bits_f32(0x7f800000u)", "0x7fffffffi")
    .replace(/\bf32\b/g, "i32");
}

/**
 * Input x, output y, both [rows, length] (param words 0 and 1). Constants: OPERATION (see `cumulativeOperations`), EXCLUSIVE, REVERSE,
 * WALK (an invocation per row instead of a workgroup) and THREADS, which is the workgroup size.
 */
export function cumulativeTemplate(dtype: "float32" | "int32"): Template {
  return {
    name: dtype === "float32" ? "cumulative" : "cumulativeInteger",
    wgsl: dtype === "float32" ? cumulative : integerText(cumulative),
    inputs: [{ name: "x", dtype, lanes: 1 }],
    outputs: [{ name: "y", dtype, lanes: 1 }],
    cpu: run,
  };
}
