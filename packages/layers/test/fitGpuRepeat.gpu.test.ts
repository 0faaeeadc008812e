/** @file fit on WebGPU: it learns with and without sample weights, repeats bit for bit, and makes nothing after its first step. */
import { counters } from "@tenrec/kernels/testing";
import { init, random, type Tensor, tensor } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { callbacks, layers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "webgpu" }));

const [rows, features, classes, batchSize] = [812, 784, 10, 128];

/** Row i belongs to class i % 10; 40 pixels of its own stand out of the noise. */
function images(): Float32Array<ArrayBuffer> {
  const x = sequence([rows, features], 3);
  for (let row = 0; row < rows; row++) {
    const start = row * features + (row % classes) * 70;
    for (let i = start; i < start + 40; i++) x[i] = (x[i] as number) + 1;
  }
  return x;
}

/** A third of the rows tells lies, and its weight is 0. */
const isLie = (row: number): boolean => row % 3 === 0;
const truths = Int32Array.from({ length: rows }, (_, row) => row % classes);
const mixed = truths.map((label, row) => (isLie(row) ? (label + 5) % classes : label));
const weights = Float32Array.from({ length: rows }, (_, row) => (isLie(row) ? 0 : 1 + (row % 2)));

function mlp(): Sequential {
  const model = new Sequential([
    new layers.Dense(128, { activation: "relu" }),
    new layers.Dropout(0.1),
    new layers.Dense(classes, { activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  return model;
}

async function train(x: Tensor, labels: Int32Array, sampleWeight: Float32Array | null) {
  random.setRandomSeed(7);
  const model = mlp();
  const { history } = await model.fit(x, labels, { epochs: 6, batchSize, verbose: 0, sampleWeight });
  const { accuracy } = await model.evaluate(x, truths);
  return { history, weights: await model.getWeights(), accuracy };
}

const bits = (data: ArrayBufferView): Uint32Array =>
  new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4);

describe.each([
  ["without sample weights", truths, null],
  ["with sample weights", mixed, weights],
])("MLP 784-128-10, batch 128, Adam, %s", (_, labels, sampleWeight) => {
  test("learns, and an equal run gives equal bits", async () => {
    const x = tensor(images(), { shape: [rows, features] });
    const [first, second] = [await train(x, labels, sampleWeight), await train(x, labels, sampleWeight)];
    expect(first.accuracy).toBeGreaterThanOrEqual(0.98);
    expect(second.history).toEqual(first.history);
    for (const [i, one] of first.weights.entries()) {
      expect(bits(second.weights[i] as Float32Array)).toEqual(bits(one as Float32Array));
    }
  });
});

/** Counts from the second step on, within the first epoch. */
class AfterFirstStep extends callbacks.Callback {
  counts = counters.read();
  override onTrainBatchBegin(step: number): void {
    if (step === 1) counters.reset();
    this.counts = counters.read();
  }
}

test("after the first step nothing is made, also where the smaller batch comes for the first time", async () => {
  const x = tensor(images(), { shape: [rows, features] });
  const watch = new AfterFirstStep();
  // Six full batches, the rest of 44 rows, and one batch of the next pass.
  const numSteps = Math.ceil(rows / batchSize) + 2;
  await mlp().fit(x, truths, { stepsPerEpoch: numSteps, batchSize, verbose: 0, callbacks: [watch] });
  const counted = numSteps - 2;
  expect(watch.counts).toMatchObject({ pipelines: 0, buffersCreated: 0, bindGroups: 0 });
  expect(watch.counts).toMatchObject({ passes: counted, submits: counted });
  expect(watch.counts.bytesWritten).toBeLessThanOrEqual(4 * rows + 64);
});
