/** @file fit and evaluate on images that stay bytes on the device, as MNIST comes: the same figures as from float32. */
import { init, random } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { layers, Sequential } from "../src/index.ts";

beforeAll(() => init({ backend: "webgpu" }));

const [rows, side, classes] = [300, 28, 10];
const labels = Uint8Array.from({ length: rows }, (_, row) => row % classes);

/** A bright band of rows for each class, on a pattern that differs from image to image. */
const pixels = Uint8Array.from({ length: rows * side * side }, (_, i) => {
  const [row, pixel] = [Math.floor(i / (side * side)), i % (side * side)];
  return Math.floor(pixel / 79) === row % classes ? 200 : (pixel * 37 + row * 11) % 97;
});

async function train(data: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>) {
  random.setRandomSeed(1);
  const model = new Sequential([
    new layers.Flatten(),
    new layers.Rescaling(1 / 255),
    new layers.Dense(32, { activation: "relu" }),
    new layers.Dense(classes, { activation: "softmax" }),
  ]);
  model.compile({ optimizer: "rmsprop", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  const x = { data, shape: [rows, side, side] };
  const { history } = await model.fit(x, labels, { epochs: 5, batchSize: 128, verbose: 0 });
  const { loss, accuracy } = await model.evaluate(x, labels);
  return { losses: history.loss, loss, accuracy };
}

test("bytes train like the numbers they stand for", async () => {
  const [bytes, floats] = [await train(pixels), await train(Float32Array.from(pixels))];
  expect(bytes.accuracy).toBeGreaterThanOrEqual(0.98);
  expect(bytes).toEqual(floats);
});
