/** @file Sums and extremes of segments of reordered rows. */
import type { Template, TemplateArray, TemplateRun } from "../ir/kernel.ts";
import { segmentReduce } from "../shaders.ts";
import { integerText, operationOf } from "./cumulative.ts";

function run({ inputs, outputs, constants, params }: TemplateRun): void {
  const [x, order, offsets] = inputs as [TemplateArray, TemplateArray, TemplateArray];
  const y = outputs[0] as TemplateArray;
  const [groups, count, segments, columns] = params as unknown as [number, number, number, number];
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

/**
 * Inputs x [groups, count, columns], order [groups, count] and offsets [groups, segments + 1] (int32), output y [groups, segments, columns]:
 * segment s takes the rows that `order` names from offsets[s] to offsets[s + 1]; an empty one has the operation's identity. Params: groups,
 * count, segments, columns. Constants: OPERATION (see `cumulativeOperations`), PARTS (invocations per output, a power of two) and THREADS, which is
 * the workgroup size; a workgroup has THREADS / PARTS outputs.
 */
export function segmentTemplate(dtype: "float32" | "int32"): Template {
  return {
    name: `segmentReduce_${dtype}`,
    wgsl: dtype === "float32" ? segmentReduce : integerText(segmentReduce),
    inputs: [
      { name: "x", dtype, lanes: 1 },
      { name: "order", dtype: "int32", lanes: 1 },
      { name: "offsets", dtype: "int32", lanes: 1 },
    ],
    outputs: [{ name: "y", dtype, lanes: 1 }],
    cpu: run,
  };
}
