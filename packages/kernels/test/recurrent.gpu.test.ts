/** Recurrent templates in all their tilings against the JavaScript form, on ragged sizes with masks. */
import { describe, expect, test } from "vitest";
import type { RecurrentTarget } from "../src/templates/recurrent.ts";
import { gpuDevice } from "./gpuDevice.ts";
import { recurrentCall, recurrentKinds, relativeError } from "./recurrentKernels.ts";
import { runKernel } from "./runKernel.ts";

const base = { name: "webgpu", workgroupBytes: 16384, maxWorkgroupSize: 256 } as const;
const targets: Record<string, RecurrentTarget> = {
  software: { ...base, software: true },
  hardware: { ...base, software: false },
};

/** Batch, steps, units: one row, less than a workgroup's rows, widths that are no multiple of 4. */
const sizes = [
  [1, 2, 1],
  [5, 7, 3],
  [3, 4, 12],
  [6, 5, 36],
] as const;

async function check(kind: string, target: string, [batch, steps, units]: readonly [number, number, number]) {
  const call = recurrentCall(recurrentKinds[kind]!, { batch, steps, units }, targets[target]!)!;
  const { kernel, data, words, workgroups, expected } = call;
  await runKernel(await gpuDevice(), kernel, data, words, workgroups);
  const found = data.slice(-expected.length);
  for (const [i, output] of expected.entries()) {
    expect(relativeError(found[i]!, output), kernel.template.outputs[i]!.name).toBeLessThanOrEqual(2e-6);
  }
}

describe.each(Object.keys(targets))("as on %s", (target) => {
  const whole = Object.keys(recurrentKinds).filter((kind) => !recurrentKinds[kind]?.step);
  describe.each(whole)("%s", (kind) => {
    test.each(sizes)("batch %i, %i steps, %i units", (...size) => check(kind, target, size));
  });
});

describe.each(Object.keys(targets))("one step as on %s", (target) => {
  const steps = Object.keys(recurrentKinds).filter((kind) => recurrentKinds[kind]?.step);
  test.each(steps)("%s", async (kind) => {
    for (const [batch, units] of [
      [1, 4],
      [5, 36],
      [9, 68],
    ] as const) {
      await check(kind, target, [batch, 1, units]);
    }
  });
});

// Wider than what registers hold: weights are loaded for four rows at every step. Compiled for seconds on a CPU renderer.
test.each(["lstm forward", "lstm backward"])("%s of 66 units as on hardware", (kind) =>
  check(kind, "hardware", [5, 3, 66]),
);
