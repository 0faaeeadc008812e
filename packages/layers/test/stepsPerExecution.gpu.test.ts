/** @file Several steps in one execution on WebGPU, counted: one submission for all of them, and nothing else differs. */
import { counters } from "@tenrec/kernels/testing";
import { init, random, type Tensor, tensor } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { callbacks, layers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "webgpu" }));

const [rows, batchSize] = [300, 32];
const steps = Math.ceil(rows / batchSize);

/** Counts the second epoch: pipelines, buffers and bind groups of the first one are made by then. */
class CountSteps extends callbacks.Callback {
  counts: ReturnType<typeof counters.read> | null = null;
  override onEpochBegin(epoch: number): void {
    if (epoch === 1) counters.reset();
  }
  override onEpochEnd(epoch: number): void {
    if (epoch === 1) this.counts = counters.read();
  }
}

async function train(stepsPerExecution: number) {
  random.setRandomSeed(3);
  const x: Tensor = tensor(sequence([rows, 24], 3), { shape: [rows, 24] });
  const y: Tensor = tensor(Int32Array.from({ length: rows }, (_, i) => (i * 7) % 10));
  const model = new Sequential([
    new layers.Dense(16, { activation: "relu" }),
    new layers.Dropout(0.1),
    new layers.Dense(10, { activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", stepsPerExecution });
  const count = new CountSteps();
  const { history } = await model.fit(x, y, { epochs: 2, batchSize, verbose: 0, callbacks: [count] });
  await model.predict(x, { batchSize });
  counters.reset();
  const predictions = await model.predict(x, { batchSize });
  const submits = counters.read().submits;
  const found = { history, weights: await model.getWeights(), predictions: await predictions.data() };
  return { counts: count.counts as NonNullable<typeof count.counts>, submits, found };
}

test("4 steps of 10 in one execution: 3 submissions an epoch, the same bits", async () => {
  const single = await train(1);
  const several = await train(4);
  expect(several.found).toEqual(single.found);
  const saved = steps - Math.ceil(steps / 4);
  expect(several.counts).toEqual({
    ...single.counts,
    submits: single.counts.submits - saved,
    ...ofMemory(several.counts),
  });
  expect(several.counts).toMatchObject({ bindGroups: 0, buffersCreated: 0, pipelines: 0, passes: steps });
  expect(several.submits).toBe(single.submits - saved);
});

const ofMemory = ({ liveBytes, peakBytes }: ReturnType<typeof counters.read>) => ({ liveBytes, peakBytes });
