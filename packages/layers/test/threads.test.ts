/** @file Training in several threads of the cpu gives the bits of one. */
import { init, random, reset, tensor } from "@tenrec/tensor";
import { afterAll, expect, test } from "vitest";
import { Input, type Layer, layers, Model, Sequential } from "../src/index.ts";

const workerUrl = new URL("../../kernels/test/threadWorker.mjs", import.meta.url);

afterAll(() => reset());

function mlp(): Sequential {
  return new Sequential([
    new layers.Dense(128, { activation: "relu" }),
    new layers.Dropout(0.2),
    new layers.Dense(10, { activation: "softmax" }),
  ]);
}

const cnn =
  (filters: readonly [number, number], normalization: readonly Layer[] = []) =>
  (): Sequential =>
    new Sequential([
      new layers.Conv2D(filters[0], 3, { activation: "relu" }),
      ...normalization,
      new layers.MaxPooling2D(),
      new layers.Conv2D(filters[1], 3, { activation: "relu" }),
      new layers.MaxPooling2D(),
      new layers.Flatten(),
      new layers.Dense(10, { activation: "softmax" }),
    ]);

function lstm(): Sequential {
  return new Sequential([new layers.LSTM(48), new layers.Dense(10, { activation: "softmax" })]);
}

/** With dropout, whose random bits are computed before the scores. */
function attention(): Model {
  const inputs = Input({ shape: [32, 48] });
  const attended = new layers.MultiHeadAttention(4, 12, { dropout: 0.2 }).apply([inputs, inputs]);
  const pooled = new layers.GlobalAveragePooling1D().apply(attended);
  return new Model({ inputs, outputs: new layers.Dense(10, { activation: "softmax" }).apply(pooled) });
}

/** Losses of five steps, and the weights after them. */
async function train(make: () => Model, shape: readonly number[], threads: number): Promise<Uint8Array[]> {
  const { features, notice } = await init({ backend: "cpu", threads, workerUrl });
  expect(notice).toBeUndefined();
  expect(features.includes("threads")).toBe(threads > 1);
  random.setRandomSeed(1);
  const model = make();
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  const size = shape.reduce((product, extent) => product * extent);
  const x = tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * i)),
    { shape: [...shape] },
  );
  const y = tensor(
    Int32Array.from({ length: shape[0]! }, (_, i) => i % 10),
    { shape: [shape[0]!] },
  );
  const logs: number[] = [];
  for (let step = 0; step < 5; step++) {
    const { loss } = await model.trainOnBatch(x, y);
    logs.push(loss!);
  }
  const weights = await Promise.all(model.weights.map((weight) => weight.data()));
  return [Float64Array.from(logs), ...weights].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
}

test.each([
  ["an MLP", mlp, [128, 784]],
  ["a CNN", cnn([32, 64]), [32, 28, 28, 1]],
  [
    "a CNN with batch normalization",
    () => cnn([16, 32], [new layers.BatchNormalization()])(),
    [16, 28, 28, 1],
  ],
  ["an LSTM", lstm, [32, 16, 24]],
  ["attention", attention, [8, 32, 48]],
] as const)("%s", async (_name, make, shape) => {
  const expected = await train(make, shape, 1);
  for (const threads of [2, 3]) {
    const found = await train(make, shape, threads);
    expect(found.length).toBe(expected.length);
    found.forEach((bytes, i) => expect(Buffer.compare(bytes, expected[i]!)).toBe(0));
  }
});
