/** @file The textbook's network on the real MNIST: Dense(512, relu), Dense(10, softmax), rmsprop, batch 128, 5 epochs, >= 97.5 %. */
import { counters } from "@tenrec/kernels/testing";
import { init, memory, random, reset } from "@tenrec/tensor";
import { afterEach, expect, inject, type TestContext, test } from "vitest";
import { type MnistData, mnist } from "../src/datasets/index.ts";
import { callbacks, layers, Sequential } from "../src/index.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the real data are served, or "" on machines without them (vitest.config.ts). */
    dataUrl: string;
  }
}

afterEach(() => reset());

async function loadMnist(context: TestContext): Promise<MnistData> {
  const dataUrl = inject("dataUrl");
  if (dataUrl === "") context.skip("the MNIST files are not on this machine");
  return mnist({ source: new URL(`${dataUrl}/mnist/`, location.href) });
}

function textbookNetwork(): Sequential {
  random.setRandomSeed(1);
  const model = new Sequential([
    new layers.Flatten(),
    new layers.Rescaling(1 / 255),
    new layers.Dense(512, { activation: "relu" }),
    new layers.Dense(10, { activation: "softmax" }),
  ]);
  model.compile({ optimizer: "rmsprop", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  return model;
}

/** Seconds of each epoch, and what the last one asked of the device. */
class EpochWatch extends callbacks.Callback {
  readonly seconds: number[] = [];
  counts = counters.read();
  #start = 0;
  override onEpochBegin(): void {
    counters.reset();
    this.#start = performance.now();
  }
  override onEpochEnd(): void {
    this.seconds.push((performance.now() - this.#start) / 1000);
    this.counts = counters.read();
  }
}

const perStep = (counts: ReturnType<typeof counters.read>, steps: number) =>
  Object.fromEntries(
    Object.entries(counts).map(([name, n]) => [name, name.endsWith("Bytes") ? n : n / steps]),
  );

test.for(["cpu", "webgpu"] as const)(
  "MNIST on %s: test accuracy of at least 97.5 % after 5 epochs",
  async (backend, context) => {
    const { train, test: held } = await loadMnist(context);
    const { adapter, features } = await init({ backend });
    const model = textbookNetwork();
    const watch = new EpochWatch();
    const { history } = await model.fit(train.x, train.y, {
      epochs: 5,
      batchSize: 128,
      verbose: 0,
      callbacks: [watch],
    });
    const result = await model.evaluate(held.x, held.y, { batchSize: 128 });
    const steps = Math.ceil((train.y.shape[0] as number) / 128);
    console.log(
      `MNIST on ${backend}: ${JSON.stringify({
        adapter: adapter?.architecture,
        features,
        secondsPerEpoch: watch.seconds,
        loss: history.loss,
        accuracy: history.accuracy,
        test: result,
        perStepOfLastEpoch: perStep(watch.counts, steps),
        memory: memory(),
      })}`,
    );
    expect(result.accuracy).toBeGreaterThanOrEqual(0.975);
  },
);
