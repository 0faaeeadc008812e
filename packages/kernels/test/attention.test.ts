/** Attention templates on the cpu backend against float64. */
import { describe, expect, test } from "vitest";
import {
  attentionCases,
  attentionData,
  attentionKernel,
  attentionReference,
  attentionTitle,
  cpuKinds,
  worst,
} from "./attentionKernels.ts";
import { runOnCpu, words } from "./cpuReference.ts";

describe.each(cpuKinds)("%s", (kind) => {
  const cases = attentionCases.filter(({ bias }) => kind !== "bias" || bias);
  test.each(cases.map((spec) => [attentionTitle(spec), spec] as const))("%s", async (_, spec) => {
    const { kernel, launch } = attentionKernel(kind, spec);
    const { data, sizes, wanted, first } = attentionData(kind, spec, attentionReference(spec));
    const found = await runOnCpu(kernel, words(kernel, ...launch.params, ...sizes), data);
    for (const [i, values] of wanted.entries())
      expect(worst(found[first + i] as Float32Array, values)).toBeLessThan(1e-5);
  });
});
