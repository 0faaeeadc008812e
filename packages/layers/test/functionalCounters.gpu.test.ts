/** @file What a step of a functional model costs on WebGPU, counted. */
import { counters } from "@tenrec/kernels/testing";
import { init, tensor } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { callbacks, Input, layers, Model } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "webgpu" }));

/** Counts from the second epoch on. */
class CountSteps extends callbacks.Callback {
  counts: ReturnType<typeof counters.read> | null = null;
  override onEpochBegin(epoch: number): void {
    if (epoch === 1) counters.reset();
  }
  override onEpochEnd(epoch: number): void {
    if (epoch === 1) this.counts = counters.read();
  }
}

/** 784-128-10 as a graph: the same program as the Sequential. */
function mlp(): Model {
  const x = Input({ shape: [784] });
  const hidden = new layers.Dense(128, { activation: "relu" }).apply(x);
  return new Model({ inputs: x, outputs: new layers.Dense(10, { activation: "softmax" }).apply(hidden) });
}

/** Two inputs, two outputs, a layer with two consumers. */
function twoByTwo(): Model {
  const [a, b] = [Input({ shape: [32], name: "a" }), Input({ shape: [16], name: "b" })];
  const [left, right] = [a, b].map((x) => new layers.Dense(64, { activation: "relu" }).apply(x));
  const joined = new layers.Concatenate().apply([left as never, right as never]);
  const value = new layers.Dense(1, { name: "value" }).apply(joined);
  const kind = new layers.Dense(10, { activation: "softmax", name: "kind" }).apply(joined);
  return new Model({ inputs: [a, b], outputs: { value, kind } });
}

const rows = 300;
const batchSize = 128;
const steps = Math.ceil(rows / batchSize);
const column = (width: number) => tensor(sequence([rows, width], width), { shape: [rows, width] });
const labels = tensor(Int32Array.from({ length: rows }, (_, i) => (i * 7) % 10));

test.each([
  ["an MLP", mlp, { loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] }, column(784), labels, 8],
  [
    "two inputs and outputs",
    twoByTwo,
    {
      loss: { value: "mse", kind: "sparse_categorical_crossentropy" },
      metrics: { value: ["mae"], kind: ["accuracy"] },
    },
    { a: column(32), b: column(16) },
    { value: column(1), kind: labels },
    18,
  ],
] as const)(
  "%s: one pass and one submit per step, nothing is made after the first",
  async (_, make, options, x, y, limit) => {
    const model = make();
    model.compile({ optimizer: "adam", ...options });
    const count = new CountSteps();
    await model.fit(x, y, { epochs: 2, batchSize, verbose: 0, callbacks: [count] });
    const { counts } = count;
    expect(counts).toMatchObject({ bindGroups: 0, buffersCreated: 0, pipelines: 0, passes: steps });
    expect(counts?.dispatches).toBeLessThanOrEqual(limit * steps);
    expect(counts?.submits).toBeLessThanOrEqual(steps + 3);
  },
);
