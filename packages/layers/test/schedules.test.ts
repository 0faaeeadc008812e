/** @file Learning-rate schedules against their formulas in double precision, and in a training loop. */
import { GradientTape, init, ops, tensor, Variable } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { optimizers } from "../src/index.ts";

beforeAll(() => init({ backend: "cpu" }));

const { schedules } = optimizers;
const half = (x: number) => (1 + Math.cos(Math.PI * x)) / 2;

type Case = [string, optimizers.schedules.LearningRateSchedule, (step: number) => number];
const cases: Case[] = [
  ["exponential", new schedules.ExponentialDecay(0.1, 10, 0.5), (s) => 0.1 * 0.5 ** (s / 10)],
  [
    "exponential staircase",
    new schedules.ExponentialDecay(0.1, 10, 0.5, { staircase: true }),
    (s) => 0.1 * 0.5 ** Math.floor(s / 10),
  ],
  ["inverse time", new schedules.InverseTimeDecay(0.1, 10, 0.5), (s) => 0.1 / (1 + (0.5 * s) / 10)],
  [
    "piecewise",
    new schedules.PiecewiseConstantDecay([5, 20], [1, 0.5, 0.1]),
    (s) => (s <= 5 ? 1 : s <= 20 ? 0.5 : 0.1),
  ],
  [
    "polynomial",
    new schedules.PolynomialDecay(0.1, 15, { power: 2 }),
    (s) => (0.1 - 1e-4) * (1 - Math.min(s, 15) / 15) ** 2 + 1e-4,
  ],
  [
    "polynomial cycles",
    new schedules.PolynomialDecay(0.1, 15, { cycle: true }),
    (s) => (0.1 - 1e-4) * (1 - s / (15 * (s === 0 ? 1 : Math.ceil(s / 15)))) + 1e-4,
  ],
  [
    "cosine",
    new schedules.CosineDecay(0.1, 20, { alpha: 0.1 }),
    (s) => 0.1 * (0.9 * half(Math.min(s, 20) / 20) + 0.1),
  ],
  [
    "cosine after warm-up",
    new schedules.CosineDecay(0, 20, { warmupTarget: 0.2, warmupSteps: 8 }),
    (s) => (s < 8 ? (0.2 * s) / 8 : 0.2 * half(Math.min(s - 8, 20) / 20)),
  ],
  [
    "cosine restarts",
    new schedules.CosineDecayRestarts(0.1, 10, { mMul: 0.5 }),
    // Periods of 10 and 20 steps.
    (s) => 0.1 * (s < 10 ? half(s / 10) : 0.5 * half((s - 10) / 20)),
  ],
];

test.each(cases)("%s", async (_, schedule, wanted) => {
  const steps = [0, 3, 7, 12, 17, 28];
  for (const step of steps) {
    const rate = await schedule.call(tensor(step)).item();
    expect(rate).toBeCloseTo(wanted(step), 6);
  }
});

test("an optimizer follows its schedule", async () => {
  const w = new Variable(tensor([1]));
  const optimizer = new optimizers.SGD({
    learningRate: new schedules.PiecewiseConstantDecay([0], [1, 0.25]),
  });
  const tape = new GradientTape({ persistent: true });
  for (let step = 0; step < 3; step++) {
    const loss = tape.run(() => ops.sum(w));
    optimizer.apply(tape.gradient(loss, [w]), [w]);
    tape.reset();
  }
  expect(await w.array()).toEqual([1 - 1 - 0.25 - 0.25]);
  expect(() => {
    optimizer.learningRate = 0.1;
  }).toThrow(/follows a schedule/);
});
