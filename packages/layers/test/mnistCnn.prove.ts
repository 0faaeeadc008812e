/** @file The small convolutional network on the real MNIST: 3 epochs of batch 64 with Adam, >= 98.8 % on the test set. */
import { init, memory, random, reset } from "@tenrec/tensor";
import { afterEach, expect, inject, type TestContext, test } from "vitest";
import { type MnistData, mnist } from "../src/datasets/index.ts";
import { callbacks, layers, Sequential } from "../src/index.ts";

afterEach(() => reset());

async function loadMnist(context: TestContext): Promise<MnistData> {
  const dataUrl = inject("dataUrl");
  if (dataUrl === "") context.skip("the MNIST files are not on this machine");
  return mnist({ source: new URL(`${dataUrl}/mnist/`, location.href) });
}

function convolutionalNetwork(): Sequential {
  random.setRandomSeed(1);
  const model = new Sequential([
    new layers.Reshape([28, 28, 1]),
    new layers.Rescaling(1 / 255),
    new layers.Conv2D(32, 3, { activation: "relu" }),
    new layers.MaxPooling2D(),
    new layers.Conv2D(64, 3, { activation: "relu" }),
    new layers.MaxPooling2D(),
    new layers.Flatten(),
    new layers.Dense(10, { activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  return model;
}

/** Prints each epoch with its seconds: a long proof shows how far it is. */
class Seconds extends callbacks.Callback {
  readonly seconds: number[] = [];
  #start = 0;
  override onEpochBegin(): void {
    this.#start = performance.now();
  }
  override onEpochEnd(epoch: number, logs: Readonly<Record<string, number>>): void {
    this.seconds.push((performance.now() - this.#start) / 1000);
    console.log(`epoch ${epoch + 1}: ${JSON.stringify({ seconds: this.seconds.at(-1), ...logs })}`);
  }
}

test(
  "MNIST by convolution on webgpu: test accuracy of at least 98.8 % after 3 epochs",
  async (context) => {
    const { train, test: held } = await loadMnist(context);
    const { adapter } = await init({ backend: "webgpu" });
    const model = convolutionalNetwork();
    const watch = new Seconds();
    const { history } = await model.fit(train.x, train.y, {
      epochs: 3,
      batchSize: 64,
      verbose: 0,
      callbacks: [watch],
    });
    const result = await model.evaluate(held.x, held.y, { batchSize: 128 });
    const { seconds } = watch;
    const figures = { adapter: adapter?.architecture, seconds, history, test: result, memory: memory() };
    console.log(`MNIST by convolution: ${JSON.stringify(figures)}`);
    expect(result.accuracy).toBeGreaterThanOrEqual(0.988);
  },
  2 * 3_600_000,
);
