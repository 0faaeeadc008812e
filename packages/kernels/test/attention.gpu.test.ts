/** Attention templates on a device against float64. */
import { describe, expect, test } from "vitest";
import {
  attentionCases,
  attentionData,
  attentionKernel,
  attentionReference,
  attentionWords,
  worst,
} from "./attentionKernels.ts";
import { gpuDevice } from "./gpuDevice.ts";
import { runKernel } from "./runKernel.ts";

describe.each(["forward", "backward"] as const)("%s", (direction) => {
  test.each(attentionCases)("$time to $source, causal $causal, $heads of $kvHeads heads", async (spec) => {
    const { kernel, launch } = attentionKernel(direction, spec);
    const { data, wanted, first } = attentionData(direction, attentionReference(spec));
    await runKernel(await gpuDevice(), kernel, data, attentionWords(launch.params, data), launch.workgroups);
    for (const [i, values] of wanted.entries())
      expect(worst(data[first + i] as Float32Array, values)).toBeLessThan(1e-5);
  });
});
