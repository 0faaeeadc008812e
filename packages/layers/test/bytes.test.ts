/** @file Images as bytes train, evaluate and predict as the same numbers in float32 do. */
import { init, random } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { layers, Sequential } from "../src/index.ts";

beforeAll(() => init({ backend: "cpu" }));

const rows = 37;
const bytes = Uint8Array.from({ length: rows * 12 }, (_, i) => (i * 37) % 256);
const labels = Uint8Array.from({ length: rows }, (_, i) => i % 3);

async function train(x: Uint8Array | Float32Array, y: Uint8Array | Int32Array) {
  random.setRandomSeed(1);
  const model = new Sequential([
    new layers.Flatten(),
    new layers.Rescaling(1 / 255),
    new layers.Dense(8, { activation: "relu" }),
    new layers.Dense(3, { activation: "softmax" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  const data = { data: x, shape: [rows, 4, 3] };
  const { history } = await model.fit(data, y, { epochs: 2, batchSize: 16, verbose: 0 });
  const evaluated = await model.evaluate(data, y, { batchSize: 10 });
  return { history, evaluated, predicted: await (await model.predict(data)).data() };
}

test("uint8 images and labels", async () => {
  expect(await train(bytes, labels)).toEqual(await train(Float32Array.from(bytes), Int32Array.from(labels)));
});
