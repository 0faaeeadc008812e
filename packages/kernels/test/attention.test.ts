/** Attention templates on the cpu backend against float64. */
import { describe, expect, test } from "vitest";
import {
  attentionCases,
  attentionData,
  attentionKernel,
  attentionReference,
  attentionWords,
  worst,
} from "./attentionKernels.ts";
import { runOnCpu, words } from "./cpuReference.ts";

describe.each(["forward", "backward"] as const)("%s", (direction) => {
  test.each(attentionCases)("$time to $source, causal $causal, $heads of $kvHeads heads", async (spec) => {
    const { kernel, launch } = attentionKernel(direction, spec);
    const { data, wanted, first } = attentionData(direction, attentionReference(spec));
    const found = await runOnCpu(kernel, words(kernel, ...attentionWords(launch.params, data)), data);
    for (const [i, values] of wanted.entries())
      expect(worst(found[first + i] as Float32Array, values)).toBeLessThan(1e-5);
  });
});
