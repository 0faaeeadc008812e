/** @file Several steps in one execution: the same numbers as one by one, and Keras's numbers of batches in callbacks. */
import { init, random } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { callbacks, layers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "cpu" }));

const rows = 44;
const x = { data: sequence([rows, 6], 3), shape: [rows, 6] };
const y = Int32Array.from({ length: rows }, (_, i) => i % 3);

function classifier(stepsPerExecution: number): Sequential {
  random.setRandomSeed(1);
  const model = new Sequential([
    new layers.Dense(8, { activation: "relu" }),
    new layers.Dropout(0.2),
    new layers.Dense(3, { activation: "softmax" }),
  ]);
  model.compile({
    optimizer: "adam",
    loss: "sparse_categorical_crossentropy",
    metrics: ["accuracy"],
    stepsPerExecution,
  });
  return model;
}

class Batches extends callbacks.Callback {
  readonly begun: number[] = [];
  readonly ended: number[] = [];
  override onTrainBatchBegin(batch: number): void {
    this.begun.push(batch);
  }
  override onTrainBatchEnd(batch: number): void {
    this.ended.push(batch);
  }
}

/** Weights, history, evaluation and predictions after three epochs of 11 steps. */
async function train(stepsPerExecution: number) {
  const model = classifier(stepsPerExecution);
  const { history } = await model.fit(x, y, { batchSize: 4, epochs: 3, verbose: 0, validationSplit: 0.1 });
  const scores = await model.evaluate(x, y, { batchSize: 5 });
  const predictions = await (await model.predict(x, { batchSize: 5 })).data();
  return { weights: await model.getWeights(), history, scores, predictions };
}

const single = { value: null as Awaited<ReturnType<typeof train>> | null };

test.each([3, 50])("%i steps in one execution give the bits of single steps", async (count) => {
  single.value ??= await train(1);
  expect(await train(count)).toEqual(single.value);
});

describe("callbacks are called once per execution", () => {
  // As Keras's EpochIterator counts: the last number of an execution, also where it has fewer steps.
  test.each<[number, number[], number[]]>([
    [1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    [4, [0, 4, 8], [3, 7, 11]],
    [50, [0], [49]],
  ])("%i steps", async (count, begun, ended) => {
    const batches = new Batches();
    await classifier(count).fit(x, y, { batchSize: 4, verbose: 0, callbacks: [batches] });
    expect(batches.begun).toEqual(begun);
    expect(batches.ended).toEqual(ended);
  });

  test("stepsPerEpoch is kept", async () => {
    const [batches, model] = [new Batches(), classifier(4)];
    await model.fit(x, y, { batchSize: 4, stepsPerEpoch: 6, epochs: 2, verbose: 0, callbacks: [batches] });
    expect(batches.begun).toEqual([0, 4, 0, 4]);
    expect(model.optimizer && (await model.optimizer.iterations.item())).toBe(12);
  });
});

test("a number that is none", () => {
  for (const count of [0, 1.5, -1])
    expect(() => classifier(count)).toThrow(/stepsPerExecution is not a positive integer/);
});
