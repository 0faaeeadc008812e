/** @file Memory stays flat: 1,000 steps of fit and of a hand-written loop that disposes of nothing, within 1.5 times of step 50. */
import { counters } from "@tenrec/kernels/testing";
import { GradientTape, init, ops, tensor } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { callbacks, layers, optimizers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "webgpu" }));

const [rows, features, batch] = [1000, 64, 32];
const x = sequence([rows, features], 5);
const y = Int32Array.from({ length: rows }, (_, i) => (i * 7) % 10);

const mlp = () =>
  new Sequential([new layers.Dense(64, { activation: "relu" }), new layers.Dense(10, { activation: "softmax" })]);

/** Live bytes at step 50 and their largest value after it. */
class Watch extends callbacks.Callback {
  steps = 0;
  atStep50 = 0;
  largest = 0;
  override onTrainBatchBegin(): void {
    const { liveBytes } = counters.read();
    if (++this.steps === 50) this.atStep50 = liveBytes;
    if (this.steps > 50) this.largest = Math.max(this.largest, liveBytes);
  }
}

test("1,000 steps of fit", async () => {
  const model = mlp();
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  const watch = new Watch();
  await model.fit({ data: x, shape: [rows, features] }, y, { epochs: 32, batchSize: batch, verbose: 0, callbacks: [watch] });
  console.log(`fit: ${watch.steps} steps, live bytes ${watch.atStep50} at step 50, at most ${watch.largest} after it`);
  expect(watch.steps).toBeGreaterThanOrEqual(1000);
  expect(watch.largest).toBeLessThanOrEqual(1.5 * watch.atStep50);
});

test("1,000 steps of a hand-written loop", async () => {
  const model = mlp();
  model.build([null, features]);
  const optimizer = new optimizers.Adam();
  const variables = model.trainableVariables;
  const images = tensor({ data: x.slice(0, batch * features), shape: [batch, features] });
  const labels = tensor(y.slice(0, batch));
  let [atStep50, largest] = [0, 0];
  for (let step = 1; step <= 1000; step++) {
    const tape = new GradientTape();
    const loss = tape.run(() => ops.mean(ops.sparseCategoricalCrossentropy(labels, model.apply(images, { training: true }))));
    optimizer.apply(tape.gradient(loss, variables), variables);
    if (step % 25 === 0) await loss.item();
    const { liveBytes } = counters.read();
    if (step === 50) atStep50 = liveBytes;
    if (step > 50) largest = Math.max(largest, liveBytes);
  }
  console.log(`tape: live bytes ${atStep50} at step 50, at most ${largest} after it`);
  expect(largest).toBeLessThanOrEqual(1.5 * atStep50);
});
