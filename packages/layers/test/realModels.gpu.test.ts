/** @file What a step of fit costs on WebGPU for the networks that people train, counted. */
import { counters } from "@tenrec/kernels/testing";
import { init, type Tensor, tensor } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { callbacks, losses, type Model } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";
import { charGpt, cnn, lstm, mlp, resNet, transformerBlock } from "./realModels.ts";

beforeAll(() => init({ backend: "webgpu" }));

const numSteps = 3;

/** Counts of one step of the second epoch: pipelines, buffers and bind groups are made in the first one. */
class CountStep extends callbacks.Callback {
  counts: ReturnType<typeof counters.read> | null = null;
  #epoch = 0;
  override onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
  }
  override onTrainBatchBegin(step: number): void {
    if (this.#epoch !== 1) return;
    if (step === 1) counters.reset();
    if (step === 2) this.counts = counters.read();
  }
}

const floats = (...shape: number[]): Tensor => tensor(sequence(shape, 7), { shape });
const integers = (end: number, ...shape: number[]): Tensor => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tensor(
    Int32Array.from({ length: size }, (_, i) => (i * 7 + (i >> 3)) % end),
    { shape },
  );
};

interface Row {
  readonly name: string;
  readonly make: () => Model;
  readonly loss: string | losses.Loss;
  readonly batch: number;
  readonly x: (rows: number) => Tensor;
  readonly y: (rows: number) => Tensor;
  readonly dispatches: number;
  readonly pipelines?: number;
}

const classes = (rows: number) => integers(10, rows);
const kind = "sparse_categorical_crossentropy";
const block = { width: 128, heads: 4, steps: 64 };
const gpt = { width: 128, heads: 4, steps: 128, blocks: 4, vocabulary: 96 };

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
  },
  {
    name: "CNN 28x28",
    make: () => cnn(28),
    loss: kind,
    batch: 8,
    x: (n) => floats(n, 28, 28, 1),
    y: classes,
    dispatches: 18,
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
  },
  {
    name: "ResNet-20",
    make: () => resNet({ side: 32, stages: [16, 32, 64], blocksPerStage: 3 }),
    loss: kind,
    batch: 2,
    x: (n) => floats(n, 32, 32, 3),
    y: classes,
    dispatches: 150,
  },
];

test.each(rows)(
  "$name: at most $dispatches dispatches, 1 pass, 1 submit; nothing is made after the first step or for a smaller batch",
  async ({ make, loss, batch, x, y, dispatches, pipelines }) => {
    const model = make();
    model.compile({ optimizer: "adam", loss });
    const count = new CountStep();
    counters.reset();
    const shown = { batchSize: batch, verbose: 0 } as const;
    await model.fit(x(batch), y(batch), shown);
    if (pipelines) expect(counters.read().pipelines).toBeLessThanOrEqual(pipelines);
    const all = numSteps * batch;
    await model.fit(x(all), y(all), { ...shown, epochs: 2, callbacks: [count] });
    const { counts } = count;
    console.log(model.name, JSON.stringify(counts));
    expect(counts).toMatchObject({ passes: 1, submits: 1, bindGroups: 0, buffersCreated: 0, pipelines: 0 });
    expect(counts?.dispatches).toBeLessThanOrEqual(dispatches);
    counters.reset();
    await model.fit(x(batch / 2), y(batch / 2), shown);
    expect(counters.read().pipelines).toBe(0);
  },
  300_000,
);

test("predict of the MLP at batch 1: at most 3 dispatches", async () => {
  const model = mlp(784, 128);
  await model.predict(floats(1, 784), { batchSize: 1 });
  counters.reset();
  await model.predict(floats(1, 784), { batchSize: 1 });
  expect(counters.read().dispatches).toBeLessThanOrEqual(3);
});
