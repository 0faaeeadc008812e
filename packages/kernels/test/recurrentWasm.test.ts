/** Recurrent templates of the cpu backend as WebAssembly against their JavaScript, on ragged sizes with masks. */
import { describe, expect, test } from "vitest";
import { runOnCpu, words } from "./cpuReference.ts";
import { recurrentCall, recurrentKinds, relativeError } from "./recurrentKernels.ts";

const cpu = { name: "cpu", software: true, workgroupBytes: 16384, maxWorkgroupSize: 256 } as const;
const sequences = Object.entries(recurrentKinds).filter(([, { step }]) => !step);

/** Batch, steps, units: parts of tiles of rows and of columns, vectors of one to four units, a second block of rows. */
const sizes = [
  [1, 1, 1],
  [1, 4, 64],
  [2, 5, 3],
  [3, 4, 12],
  [5, 7, 5],
  [4, 3, 33],
  [18, 3, 10],
] as const;

const mustNotRun = (): never => {
  throw new Error("The template ran as JavaScript.");
};

describe.each(sequences)("%s", (_, kind) => {
  test.each(sizes)("batch %i, %i steps, %i units", async (batch, steps, units) => {
    const call = recurrentCall(kind, { batch, steps, units }, cpu)!;
    const kernel = { ...call.kernel, template: { ...call.kernel.template, cpu: mustNotRun } };
    const found = await runOnCpu(kernel, words(kernel, ...call.words), call.data);
    for (const [i, output] of call.expected.entries()) {
      const values = found[kernel.inputs.length + i] as Float32Array;
      expect(relativeError(values, output), kernel.template.outputs[i]!.name).toBeLessThan(3e-6);
    }
  });
});
