/** @file The textbook's network on the real MNIST: Dense(512, relu), Dense(10, softmax), rmsprop, batch 128, 5 epochs, >= 97.5 %. */
import { init, random } from "@tenrec/tensor";
import { expect, inject, test } from "vitest";
import { mnist } from "../src/datasets/index.ts";
import { layers, Sequential } from "../src/index.ts";

test("MNIST: test accuracy of at least 97.5 %", async (context) => {
  const dataUrl = inject("dataUrl");
  if (dataUrl === "") context.skip("the MNIST files are not on this machine");
  const { adapter } = await init({ backend: "webgpu" });
  random.setRandomSeed(1);
  const { train, test: held } = await mnist({ source: new URL(`${dataUrl}/mnist/`, location.href) });
  const model = new Sequential([
    new layers.Flatten(),
    new layers.Rescaling(1 / 255),
    new layers.Dense(512, { activation: "relu" }),
    new layers.Dense(10, { activation: "softmax" }),
  ]);
  model.compile({ optimizer: "rmsprop", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  const start = performance.now();
  const { history } = await model.fit(train.x, train.y, { epochs: 5, batchSize: 128, verbose: 0 });
  const seconds = (performance.now() - start) / 1000;
  const result = await model.evaluate(held.x, held.y, { batchSize: 128 });
  const report = { adapter: adapter?.architecture, seconds, loss: history.loss, accuracy: history.accuracy, test: result };
  console.log(`MNIST: ${JSON.stringify(report)}`);
  expect(result.accuracy).toBeGreaterThanOrEqual(0.975);
});
