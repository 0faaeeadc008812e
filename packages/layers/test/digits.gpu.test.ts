/** @file Real data: the digits set to at least 96 % validation accuracy. */
import { init, random } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { digits } from "../src/datasets/index.ts";
import { layers, Sequential } from "../src/index.ts";

beforeAll(() => init({ backend: "webgpu" }));

test("digits: validation accuracy of at least 96 %", async () => {
  random.setRandomSeed(1);
  const { train, test: held } = await digits();
  const model = new Sequential([
    new layers.Dense(64, { activation: "relu" }),
    new layers.Dense(10, { activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  const { history } = await model.fit(train.x, train.y, {
    epochs: 30,
    batchSize: 32,
    validationData: [held.x, held.y],
    verbose: 0,
  });
  expect(history.val_accuracy?.at(-1)).toBeGreaterThanOrEqual(0.96);
});
