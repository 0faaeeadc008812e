/** @file What a step of fit costs on WebGPU for the networks that people train, counted. */
import { counters } from "@tenrec/kernels/testing";
import { init } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { losses } from "../src/index.ts";
import { type Counted, countStep, floats, integers } from "./countStep.ts";
import { charGpt, cnn, lstm, mlp, transformerBlock } from "./realModels.ts";

beforeAll(() => init({ backend: "webgpu" }));

interface Row extends Counted {
  readonly name: string;
  readonly dispatches: number;
  /** Bound on the pipelines of the first step. */
  readonly pipelines?: number;
  /** A smaller batch that needs no pipeline of its own. */
  readonly smaller?: number;
}

const classes = (rows: number) => integers(10, rows);
const kind = "sparse_categorical_crossentropy";
const block = { width: 128, heads: 4, steps: 64 };
const gpt = { ...block, blocks: 4, vocabulary: 96 };

const rows: readonly Row[] = [
  {
    name: "MLP 784-128-10",
    make: () => mlp(784, 128),
    loss: kind,
    batch: 32,
    x: (n) => floats(n, 784),
    y: classes,
    dispatches: 8,
    pipelines: 12,
    smaller: 13,
  },
  {
    name: "CNN 28x28",
    make: () => cnn(28),
    loss: kind,
    batch: 8,
    x: (n) => floats(n, 28, 28, 1),
    y: classes,
    dispatches: 18,
    smaller: 5,
  },
  {
    name: "LSTM of 32 steps, 64 units",
    make: () => lstm(32, 8, 64),
    loss: "mse",
    batch: 8,
    x: (n) => floats(n, 32, 8),
    y: (n) => floats(n, 1),
    dispatches: 12,
    pipelines: 20,
    smaller: 5,
  },
  {
    name: "transformer block",
    make: () => transformerBlock(block),
    loss: "mse",
    batch: 8,
    x: (n) => floats(n, block.steps, block.width),
    y: (n) => floats(n, block.steps, block.width),
    dispatches: 32,
  },
  {
    name: "character model of 4 blocks",
    make: () => charGpt(gpt),
    loss: new losses.SparseCategoricalCrossentropy({ fromLogits: true }),
    batch: 4,
    x: (n) => integers(gpt.vocabulary, n, gpt.steps),
    y: (n) => integers(gpt.vocabulary, n, gpt.steps),
    dispatches: 130,
    smaller: 3,
  },
];

test.each(rows)(
  "$name: at most $dispatches dispatches, 1 pass, 1 submit; nothing is made after the first step",
  async ({ make, dispatches, pipelines, smaller, ...data }) => {
    const model = make();
    const { first, step } = await countStep(model, data);
    expect(step).toMatchObject({ passes: 1, submits: 1, bindGroups: 0, buffersCreated: 0, pipelines: 0 });
    expect(step.dispatches).toBeLessThanOrEqual(dispatches);
    if (pipelines) expect(first.pipelines).toBeLessThanOrEqual(pipelines);
    if (!smaller) return;
    counters.reset();
    await model.fit(data.x(smaller), data.y(smaller), { batchSize: data.batch, verbose: 0 });
    expect(counters.read().pipelines).toBe(0);
  },
);

test("predict of the MLP at batch 1: at most 3 dispatches", async () => {
  const model = mlp(784, 128);
  await model.predict(floats(1, 784), { batchSize: 1 });
  counters.reset();
  await model.predict(floats(1, 784), { batchSize: 1 });
  expect(counters.read().dispatches).toBeLessThanOrEqual(3);
});
