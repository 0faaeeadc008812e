/** @file What a step of fit costs for recurrent networks on WebGPU: dispatches, submits, and nothing made after the first epoch. */
import { counters } from "@tenrec/kernels/testing";
import { init, tensor } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { callbacks, layers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "webgpu" }));

/** Counts the last of three epochs. */
class CountSteps extends callbacks.Callback {
  counts = counters.read();
  override onEpochBegin(): void {
    counters.reset();
  }
  override onEpochEnd(): void {
    this.counts = counters.read();
  }
}

// 32 steps of 16 features, 64 units, batches of 32: the workload that tfjs does in 1,685 dispatches and jax-js in 1,156.
test.each([
  ["SimpleRNN", 13],
  ["LSTM", 12],
  ["GRU", 15],
] as const)("%s, Dense(1), mse, Adam: at most %i dispatches and 1 submit per step", async (name, most) => {
  const [samples, steps, features] = [64, 32, 16];
  const model = new Sequential([new layers[name](64), new layers.Dense(1)]);
  model.compile({ optimizer: "adam", loss: "mse" });
  const x = tensor({ data: sequence([samples, steps, features], 1), shape: [samples, steps, features] });
  const y = tensor({ data: sequence([samples, 1], 2), shape: [samples, 1] });
  const count = new CountSteps();
  const { history } = await model.fit(x, y, { epochs: 3, batchSize: 32, verbose: 0, callbacks: [count] });
  const { dispatches, submits, bindGroups, buffersCreated, pipelines } = count.counts;
  expect({ bindGroups, buffersCreated, pipelines }).toEqual({
    bindGroups: 0,
    buffersCreated: 0,
    pipelines: 0,
  });
  expect(dispatches).toBeLessThanOrEqual(2 * most);
  // Two steps, and the epoch's reads.
  expect(submits).toBeLessThanOrEqual(2 + 4);
  expect(history.loss?.at(-1)).toBeLessThan(history.loss?.[0] as number);
});
