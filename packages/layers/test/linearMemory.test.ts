/** @file Linear memory of the cpu backend: a thousand steps take no more of it than the first ones, and the next device gets it back. */
import { counters } from "@tenrec/kernels/testing";
import { init, memory, reset, tensor } from "@tenrec/tensor";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { callbacks, layers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";
import { mlp } from "./realModels.ts";

beforeEach(() => reset());
afterEach(() => reset());

const numSteps = 1000;
/** Programs, optimizer state and the versions of variables are there by then. */
const warmUp = 50;

const batch = 8;
const batches = 10;
const features = 20;
const rows = batch * batches;
const pictures = { data: sequence([rows, features], 1), shape: [rows, features] };
const classes = Int32Array.from({ length: rows }, (_, i) => i % 10);

function classifier(hidden: number) {
  const model = mlp(features, hidden);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy" });
  return model;
}

const watchGrowth = () => vi.spyOn(WebAssembly.Memory.prototype, "grow");

/** Notes now and then what is in use, how many ranges were taken anew, and how often memories have grown. */
class Watch extends callbacks.Callback {
  readonly seen: string[] = [];
  readonly #grow = watchGrowth();
  #steps = 0;
  override onTrainBatchEnd(): void {
    if (++this.#steps % warmUp > 0) return;
    const { liveBytes, buffersCreated } = counters.read();
    const growths = this.#grow.mock.calls.length;
    this.seen.push(JSON.stringify({ growths, bytes: memory().bytes, liveBytes, buffersCreated }));
  }
}

const ways: Record<string, (model: Sequential, watch: Watch) => Promise<unknown>> = {
  fit: (model, watch) =>
    model.fit(pictures, classes, {
      batchSize: batch,
      epochs: numSteps / batches,
      verbose: 0,
      callbacks: [watch],
    }),
  trainOnBatch: async (model, watch) => {
    const [x, y] = [tensor(pictures.data, { shape: pictures.shape }), tensor(classes)];
    for (let step = 0; step < numSteps; step++) {
      await model.trainOnBatch(x, y);
      watch.onTrainBatchEnd();
    }
  },
  "trainOnBatch of arrays": async (model, watch) => {
    for (let step = 0; step < numSteps; step++) {
      await model.trainOnBatch(pictures, classes);
      watch.onTrainBatchEnd();
    }
  },
  "predict of arrays": async (model, watch) => {
    for (let step = 0; step < numSteps; step++) {
      (await model.predict(pictures)).dispose();
      watch.onTrainBatchEnd();
    }
  },
};

test("a prediction that is its input outlives the array's tensor", async () => {
  await init({ backend: "cpu" });
  const same = new Sequential([new layers.Reshape([4])]);
  const result = await same.predict({ data: Float32Array.of(1, 2, 3, 4), shape: [1, 2, 2] });
  expect([...(await result.data())]).toEqual([1, 2, 3, 4]);
});

test.each(Object.keys(ways))("1,000 steps of %s: nothing grows after the first ones", async (way) => {
  const { features } = await init({ backend: "cpu" });
  expect(features).toContain("wasm-simd");
  const watch = new Watch();
  await ways[way]!(classifier(32), watch);
  expect(watch.seen).toHaveLength(numSteps / warmUp);
  expect(new Set(watch.seen)).toEqual(new Set(watch.seen.slice(0, 1)));
});

test("a device that is closed leaves its memory to the next one", async () => {
  const before = counters.read().liveBytes;
  const grow = watchGrowth();
  const growths: number[] = [];
  for (let device = 0; device < 3; device++) {
    await init({ backend: "cpu", webAssembly: "strict" });
    // More than a new memory has.
    const model = classifier(20_000);
    await model.trainOnBatch(pictures, classes);
    expect(memory().bytes).toBeGreaterThan(4_800_000);
    await reset();
    expect(counters.read().liveBytes).toBe(before);
    growths.push(grow.mock.calls.length);
  }
  expect(new Set(growths).size).toBe(1);
});
