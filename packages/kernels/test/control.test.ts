/** @file Repeats and branches on the cpu, their place in the flat list of launches, and how plans with them can be wrong. */
import { expect, test } from "vitest";
import { openCpu } from "../src/cpu/device.ts";
import type { PlanStep } from "../src/ir/plan.ts";
import { flattenPlan } from "../src/program/flatten.ts";
import { verifyPlan } from "../src/program/verify.ts";
import { counters } from "../src/testing/index.ts";
import { accumulate, controlCases, externals, isBelow, planOf, runOnce } from "./controlPlans.ts";

test.each(Object.entries(controlCases))("cpu: %s", async (_, run) => {
  await run(openCpu());
});

test("the cpu counts the kernels that ran", async () => {
  counters.reset();
  const branch: PlanStep = { kind: "branch", buffer: 0, offset: 0, steps: [accumulate(1, 4, 1, 0)] };
  const steps: PlanStep[] = [{ kind: "repeat", count: 6, iteration: 0, steps: [isBelow(0, 1, 5), branch] }];
  await runOnce(openCpu(), planOf(externals(2, 4), steps), [
    [0, 0, 0, 0],
    [1, 1, 1, 1],
  ]);
  // 1, 1, 2, 4, 7: four bodies ran before y reached 5.
  expect(counters.read().dispatches).toBe(6 + 4);
});

test("repeats are written out, branches get a predicate before them", () => {
  const branch: PlanStep = {
    kind: "branch",
    buffer: 0,
    offset: 260,
    steps: [
      accumulate(1, 4, 1, 0),
      { kind: "branch", buffer: 0, offset: 4, steps: [accumulate(1, 4, 2, 1)] },
      accumulate(1, 4, 3, 1),
    ],
  };
  const plan = planOf(
    [{ kind: "external", index: 0, bytes: 512 }, ...externals(2, 4).slice(1)],
    [{ kind: "repeat", count: 2, iteration: 1, steps: [branch] }],
    1,
  );
  const { calls, launches, blocks, numPredicates } = flattenPlan(plan);
  expect(calls.map(({ call }) => call.kernel.label)).toEqual([
    "predicate",
    "accumulate",
    "predicate",
    "accumulate",
    "accumulate",
  ]);
  expect([...launches]).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  expect([...blocks]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  expect(numPredicates).toBe(2);
  // The two calls of the outer branch are neighbours among the workgroup counts.
  expect(calls.map(({ predicated }) => predicated)).toEqual([null, 0, null, 2, 1]);
  // Flag word 1 of the range at byte 256; branch 0 around it; this is 1; counts from word 3, of two calls.
  expect([...calls[0]!.call.params]).toEqual([1, 0, 1, 3, 2]);
  expect([...calls[2]!.call.params]).toEqual([1, 1, 2, 9, 1]);
  expect(calls[0]!.call.bindings[0]).toEqual({ buffer: 0, offset: 256, bytes: 256 });
});

const limits = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 4096,
  maxUniformBufferBindingSize: 65_536,
  maxBufferSize: 8192,
  maxComputeWorkgroupsPerDimension: 65_535,
};

test.each<[string, PlanStep, RegExp]>([
  [
    "a count below 0",
    { kind: "repeat", count: -1, iteration: 0, steps: [] },
    /a repeat of plan "control" has no valid count.*Received: -1/s,
  ],
  [
    "an iteration number that is a scalar of the run",
    { kind: "repeat", count: 1, iteration: 0, steps: [] },
    /counts in a scalar that is taken.*scalar 0.*from 1/s,
  ],
  [
    "an iteration number of the repeat around it",
    {
      kind: "repeat",
      count: 1,
      iteration: 1,
      steps: [{ kind: "repeat", count: 1, iteration: 1, steps: [] }],
    },
    /counts in a scalar that is taken/,
  ],
  ["an iteration number outside its repeat", accumulate(0, 4, 1, 1), /takes a scalar that is not there/],
  [
    "a flag outside its buffer",
    { kind: "branch", buffer: 0, offset: 16, steps: [] },
    /flag of a branch .*byte 16 of buffer 0/s,
  ],
  ["a flag that is no whole word", { kind: "branch", buffer: 0, offset: 2, steps: [] }, /whole word/],
  [
    "a wrong call inside",
    {
      kind: "repeat",
      count: 1,
      iteration: 1,
      steps: [
        { kind: "branch", buffer: 0, offset: 0, steps: [{ ...accumulate(0, 4, 1, 1), workgroups: -1 }] },
      ],
    },
    /has no valid size/,
  ],
])("refuses %s", (_, step, message) => {
  const wrong = { ...planOf(externals(1, 4), [step], 1) };
  expect(() => verifyPlan(wrong, limits)).toThrow(message);
});
