/** @file fit at the limits of a device: data over the largest binding, and a device that is lost on the way. */
import { init, random, reset } from "@tenrec/tensor";
import { afterEach, describe, expect, test } from "vitest";
import { takeGpuErrors } from "../../../tools/vitest/gpuErrors.ts";
import { callbacks, layers, optimizers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

afterEach(() => reset());

/** A device of our own, with the limits that every WebGPU device has. */
async function baseDevice(): Promise<GPUDevice> {
  const adapter = (await navigator.gpu.requestAdapter()) as GPUAdapter;
  return adapter.requestDevice();
}

function classifier(): Sequential {
  random.setRandomSeed(1);
  const model = new Sequential([
    new layers.Dense(8, { activation: "relu" }),
    new layers.Dropout(0.1),
    new layers.Dense(3, { activation: "softmax" }),
  ]);
  model.compile({
    optimizer: new optimizers.Adam({ learningRate: 0.01 }),
    loss: "sparse_categorical_crossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

test("data over the largest binding are sent batch by batch", async () => {
  const { limits } = await init({ device: await baseDevice() });
  const rows = 35_000;
  const width = 1000;
  expect(rows * width * 4).toBeGreaterThan(limits.maxStorageBufferBindingSize as number);
  const x = { data: new Float32Array(rows * width), shape: [rows, width] };
  for (let row = 0; row < rows; row++) x.data[row * width + (row % 3)] = 1;
  const y = Int32Array.from({ length: rows }, (_, row) => row % 3);
  const model = classifier();
  const { history } = await model.fit(x, y, { batchSize: 64, stepsPerEpoch: 60, epochs: 2, verbose: 0 });
  expect(history.accuracy?.[1]).toBeGreaterThan(0.9);
  const { accuracy } = await model.evaluate(x, y, { batchSize: 1000, steps: 2 });
  expect(accuracy).toBeGreaterThan(0.9);
});

describe("the device is lost in epoch 3", () => {
  test("the weights after epoch 2 are kept, the error says so, and training goes on", async () => {
    const device = await baseDevice();
    await init({ device });
    const x = { data: sequence([200, 6], 3), shape: [200, 6] };
    const y = Int32Array.from({ length: 200 }, (_, i) => i % 3);
    const model = classifier();
    let wanted: unknown;
    class Lose extends callbacks.Callback {
      override async onEpochEnd(epoch: number): Promise<void> {
        if (epoch === 1) wanted = await model.getWeights();
      }
      override onTrainBatchBegin(batch: number): void {
        if (wanted && batch === 3) device.destroy();
      }
    }
    const lost = model.fit(x, y, { epochs: 5, verbose: 0, callbacks: [new Lose()] });
    await expect(lost).rejects.toThrow(
      /lost in epoch 3[\s\S]*Received[\s\S]*Fix[\s\S]*initialEpoch: 2[\s\S]*after epoch 2/,
    );
    takeGpuErrors();
    expect(await model.getWeights()).toEqual(wanted);
    const history = await model.fit(x, y, { epochs: 4, initialEpoch: 2, verbose: 0 });
    expect(history.epoch).toEqual([2, 3]);
  });
});
