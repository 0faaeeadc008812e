/** @file 1,000 hand-written, un-jitted training steps that dispose of nothing: memory stays flat, and a step's page time is small. */

import { beforeAll, expect, test } from "vitest";
import { memory } from "../src/deviceState.ts";
import { init } from "../src/runtime/runtime.ts";
import { TapeTraining } from "./tapeTraining.ts";

beforeAll(() => init({ backend: "webgpu" }));

const quantile = (times: readonly number[], q: number): number =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length * q)] as number;

test("memory at step 1,000 is at most 1.5 times that of step 50; a step takes at most 0.3 ms of page time", async () => {
  const training = new TapeTraining({ batch: 128, features: 784, units: 128, classes: 10 });
  const times: number[] = [];
  let early = 0;
  let first = 0;
  let last = 0;
  for (let i = 1; i <= 1000; i++) {
    const start = performance.now();
    const loss = training.step();
    // The flush runs in a microtask: its time is the step's.
    await null;
    if (i > 200) times.push(performance.now() - start);
    if (i % 50 === 0) {
      last = await loss.item();
      first ||= last;
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (i === 50) early = memory().bytes;
  }
  const { bytes, buffers, owners } = memory();
  console.log(
    `soak: ${early} bytes at step 50, ${bytes} at step 1,000 in ${buffers} buffers ${JSON.stringify(owners)}`,
  );
  const [quiet, median] = [quantile(times, 0.1), quantile(times, 0.5)];
  console.log(
    `soak: page time of an un-jitted MLP step: ${median.toFixed(2)} ms (median), ${quiet.toFixed(2)} (10 %)`,
  );
  expect(bytes).toBeLessThanOrEqual(1.5 * early);
  expect(last).toBeLessThan(first);
  // Other work on the machine only adds: the quiet tenth is what a step costs.
  expect(quiet).toBeLessThanOrEqual(0.3);
});
