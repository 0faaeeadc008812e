/** @file A GPU without memory for a model, and buffers beyond its limits: one error before the first step, and everything as it was. */
import { init, memory, reset } from "@tenrec/tensor";
import { afterEach, expect, test } from "vitest";
import { starveGpu } from "../../../tools/vitest/starveGpu.ts";
import { layers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

afterEach(() => reset());

/** A device of our own, with the limits that every WebGPU device has. */
async function baseDevice(): Promise<GPUDevice> {
  const adapter = (await navigator.gpu.requestAdapter()) as GPUAdapter;
  return adapter.requestDevice();
}

function classifier(units: number): Sequential {
  const model = new Sequential([
    new layers.Dense(units, { activation: "relu", name: "hidden" }),
    new layers.Dense(4, { activation: "softmax", name: "classes" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy" });
  return model;
}

const data = (rows: number) =>
  [
    { data: sequence([rows, 16], 3), shape: [rows, 16] },
    Int32Array.from({ length: rows }, (_, i) => i % 4),
  ] as const;

test("out of memory while the steps are compiled: bytes by layer, the same weights, and a smaller batch goes", async () => {
  const device = await baseDevice();
  await init({ device });
  const [x, y] = data(1024);
  const model = classifier(512);
  await model.fit(x, y, { batchSize: 64, verbose: 0 });
  const before = await model.getWeights();
  starveGpu(device, 1 << 20);
  const fit = (batchSize: number) => model.fit(x, y, { batchSize, verbose: 0 });
  await expect(fit(1024)).rejects.toMatchObject({
    name: "MemoryError",
    message: expect.stringMatching(
      /^fit: "sequential\w*" needs more memory than the device allows: the GPU is out of memory \(no room\)[\s\S]*Bytes by layer:[\s\S]*hidden +34,816 +69,632 +[2-9],\d{3},\d{3}/,
    ),
  });
  expect(await model.getWeights()).toEqual(before);
  await fit(32);
  expect(await model.getWeights()).not.toEqual(before);
});

test("a value larger than a kernel may bind is refused before anything is allocated", async () => {
  await init({ device: await baseDevice() });
  const [x, y] = data(2048);
  const model = classifier(32_768);
  await expect(model.fit(x, y, { batchSize: 2048, verbose: 0 })).rejects.toMatchObject({
    name: "MemoryError",
    message: expect.stringMatching(/maxStorageBufferBindingSize[\s\S]*hidden/),
  });
  expect(memory().owners.slot ?? 0).toBeLessThan(1 << 27);
});
