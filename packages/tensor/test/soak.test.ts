/** @file 300 hand-written, un-jitted training steps that dispose of nothing, on cpu: memory stays flat although nothing is awaited for long. */

import { beforeAll, expect, test } from "vitest";
import { memory } from "../src/deviceState.ts";
import { init, openRuntime, reset } from "../src/runtime/runtime.ts";
import { TapeTraining } from "./tapeTraining.ts";

beforeAll(async () => {
  await reset();
  await init({ backend: "cpu" });
});

test("memory at step 300 is at most 1.5 times that of step 50, with a bounded number of programs", async () => {
  const training = new TapeTraining({ batch: 16, features: 40, units: 32, classes: 4 });
  const seen: { bytes: number; programs: number }[] = [];
  for (let i = 1; i <= 300; i++) {
    training.step();
    await null;
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve));
    if (i % 50 === 0) seen.push({ bytes: memory().bytes, programs: openRuntime()?.programs.size ?? 0 });
  }
  const [early, last] = [seen[0], seen.at(-1)] as [(typeof seen)[0], (typeof seen)[0]];
  expect(last.bytes).toBeLessThanOrEqual(1.5 * early.bytes);
  expect(last.programs).toBe(early.programs);
});
