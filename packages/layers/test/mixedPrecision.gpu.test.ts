/** @file A mixed_float16 training step on WebGPU: what it costs, and that it learns what float32 learns. */
import { counters } from "@tenrec/kernels/testing";
import { init, type Tensor, tensor } from "@tenrec/tensor";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callbacks, layers, Sequential, setDtypePolicy } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "webgpu" }));
afterAll(() => setDtypePolicy("float32"));

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

const [rows, batchSize] = [256, 64];

async function trained(policy: "float32" | "mixed_float16") {
  setDtypePolicy(policy);
  const model = new Sequential([
    new layers.Dense(64, { activation: "relu" }),
    new layers.Dense(10, { activation: "softmax", dtype: "float32" }),
  ]);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy" });
  const x: Tensor = tensor(sequence([rows, 100], 3), { shape: [rows, 100] });
  const y: Tensor = tensor(Int32Array.from({ length: rows }, (_, i) => (i * 7) % 10));
  model.build([null, 100]);
  model.weights.forEach((weight, i) =>
    weight.load(sequence([weight.size], 40 + i).map((value) => value / 8)),
  );
  const count = new CountSteps();
  const options = { epochs: 3, batchSize, verbose: 0, shuffle: false, callbacks: [count] } as const;
  const { history } = await model.fit(x, y, options);
  return { losses: history.loss as number[], counts: count.counts, steps: rows / batchSize };
}

test("MLP: casts cost no dispatch, the test of the gradients at most 5; nothing is made after the first epoch", async () => {
  const full = await trained("float32");
  const mixed = await trained("mixed_float16");
  mixed.losses.forEach((loss, i) => expect(Math.abs(loss - (full.losses[i] as number))).toBeLessThan(5e-3));
  const dispatches = (counts: typeof full.counts) => (counts?.dispatches as number) / full.steps;
  expect(dispatches(mixed.counts)).toBeLessThanOrEqual(dispatches(full.counts) + 5);
  expect(mixed.counts).toMatchObject({ pipelines: 0, bindGroups: 0 });
});
