/** @file What one step of fit costs on WebGPU, counted: dispatches, passes, submits, and nothing made after the first step. */
import { counters } from "@tenrec/kernels/testing";
import { init, type Tensor, tensor } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { callbacks, layers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "webgpu" }));

const rows = 300;
const batchSize = 128;

/** Counts from the second epoch on: pipelines, buffers and bind groups of the first one are made by then. */
class CountSteps extends callbacks.Callback {
  counts: ReturnType<typeof counters.read> | null = null;
  override onEpochBegin(epoch: number): void {
    if (epoch === 1) counters.reset();
  }
  override onEpochEnd(epoch: number): void {
    if (epoch === 1) this.counts = counters.read();
  }
}

function mlp(): Sequential {
  const model = new Sequential([
    new layers.Dense(128, { activation: "relu" }),
    new layers.Dense(10, { activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  return model;
}

describe.each([
  ["without sample weights", false],
  ["with sample weights", true],
])("MLP 784-128-10, batch 128, Adam, accuracy, %s", (_, weighted) => {
  test("at most 8 dispatches, 1 pass, 1 submit per step; nothing is made after the first step, also for the tail", async () => {
    const x: Tensor = tensor(sequence([rows, 784], 3), { shape: [rows, 784] });
    const y: Tensor = tensor(Int32Array.from({ length: rows }, (_, i) => (i * 7) % 10));
    const sampleWeight = Float32Array.from({ length: rows }, (_, i) => 1 + (i % 3));
    counters.reset();
    const count = new CountSteps();
    const model = mlp();
    const history = await model.fit(x, y, {
      epochs: 2,
      batchSize,
      verbose: 0,
      callbacks: [count],
      ...(weighted ? { sampleWeight } : {}),
    });
    const steps = Math.ceil(rows / batchSize);
    const { counts } = count;
    expect(counts).toMatchObject({ bindGroups: 0, buffersCreated: 0, pipelines: 0, passes: steps });
    expect(counts?.dispatches).toBeLessThanOrEqual(8 * steps);
    // The epoch's reads: the running means, and the weights (large ones each by itself) in case the device is lost.
    expect(counts?.submits).toBeLessThanOrEqual(steps + 3);
    // The order of the next epoch, and the resets of the running means.
    expect(counts?.bytesWritten).toBeLessThanOrEqual(4 * rows + 64);
    expect(history.history.loss?.[1]).toBeLessThan(history.history.loss?.[0] as number);
  });
});

test("a network of two layers needs at most 12 pipelines in all", async () => {
  const x = sequence([rows, 784], 3);
  const y = Int32Array.from({ length: rows }, (_, i) => (i * 7) % 10);
  counters.reset();
  await mlp().fit({ data: x, shape: [rows, 784] }, y, { epochs: 1, batchSize, verbose: 0 });
  expect(counters.read().pipelines).toBeLessThanOrEqual(12);
});
