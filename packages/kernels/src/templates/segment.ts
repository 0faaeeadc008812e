/** @file Sums and extremes of segments of reordered rows. */
import type { Template, TemplateArray, TemplateRun } from "../ir/kernel.ts";
import { segmentReduce } from "../shaders.ts";
import { integerText, operationOf } from "./cumulative.ts";

function run({ inputs, outputs, constants, params }: TemplateRun): void {
  const [x, order, offsets] = inputs as [TemplateArray, TemplateArray, TemplateArray];
  const y = outputs[0] as TemplateArray;
  const [groups, count, segments, vectors] = params as unknown as [number, number, number, number];
  const columns = vectors * Number(constants.LANES);
  const { start, combine } = operationOf(Number(constants.OPERATION), x instanceof Int32Array);
  y.fill(start);
  for (let group = 0; group < groups; group++)
    for (let segment = 0; segment < segments; segment++) {
      const first = group * (segments + 1) + segment;
      const to = (group * segments + segment) * columns;
      for (let k = offsets[first] as number; k < (offsets[first + 1] as number); k++) {
        const from = (group * count + (order[group * count + k] as number)) * columns;
        for (let column = 0; column < columns; column++)
          y[to + column] = combine(y[to + column] as number, x[from + column] as number);
      }
    }
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

/**
 * Inputs x [groups, count, columns], order [groups, count] and offsets [groups, segments + 1] (int32), output y [groups, segments, columns]:
 * segment s takes the rows that `order` names from offsets[s] to offsets[s + 1]; an empty one has the operation's identity. Params: groups,
 * count, segments, columns / LANES. Constants: OPERATION (see `cumulativeOperations`), LANES (`lanes`; 4 for sums of float32 only), PARTS (invocations
 * per LANES outputs, a power of two) and THREADS, which is the workgroup size; a workgroup has THREADS / PARTS of them.
 */
export function segmentTemplate(dtype: "float32" | "int32", lanes: 1 | 4 = 1): Template {
  const text = dtype === "float32" ? segmentReduce : integerText(segmentReduce);
  return {
    name: `segmentReduce_${lanes === 4 ? "wide" : dtype}`,
    wgsl: lanes === 4 ? wideText(text) : text,
    inputs: [
      { name: "x", dtype, lanes },
      { name: "order", dtype: "int32", lanes: 1 },
      { name: "offsets", dtype: "int32", lanes: 1 },
    ],
    outputs: [{ name: "y", dtype, lanes }],
    cpu: run,
  };
}
