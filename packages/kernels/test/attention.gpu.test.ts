/** Attention templates on a device against float64. */
import { describe, expect, test } from "vitest";
import {
  attentionCases,
  attentionData,
  attentionKernel,
  attentionReference,
  attentionTitle,
  kinds,
  worst,
} from "./attentionKernels.ts";
import { gpuDevice } from "./gpuDevice.ts";
import { runKernel } from "./runKernel.ts";

/** Pipelines take a second each: these have the most of what there is. */
const telling = attentionCases.filter(
  ({ time, depth, mask, bias }) => time === 70 || depth === 64 || mask || bias,
);

describe.each(kinds)("%s", (kind) => {
  const cases = telling.filter(({ bias }) => kind !== "bias" || bias);
  test.each(cases.map((spec) => [attentionTitle(spec), spec] as const))("%s", async (_, spec) => {
    const { kernel, launch } = attentionKernel(kind, spec);
    const { data, sizes, wanted, first } = attentionData(kind, spec, attentionReference(spec));
    await runKernel(await gpuDevice(), kernel, data, [...launch.params, ...sizes], launch.workgroups);
    for (const [i, values] of wanted.entries())
      expect(worst(data[first + i] as Float32Array, values)).toBeLessThan(1e-5);
  });
});
