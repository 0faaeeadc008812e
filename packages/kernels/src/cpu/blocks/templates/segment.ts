/** @file Sums and extremes of segments of reordered rows in JavaScript. */
import type { TemplateArray, TemplateRun } from "../../../ir/kernel.ts";
import { operationOf } from "./cumulative.ts";

export function runSegments({ inputs, outputs, constants, params }: TemplateRun): void {
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
