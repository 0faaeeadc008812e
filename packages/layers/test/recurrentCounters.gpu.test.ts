/** @file What a step of fit costs for recurrent networks on WebGPU: dispatches, submits, and nothing made after the first epoch. */
import { counters } from "@tenrec/kernels/testing";
import { init, tensor } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { callbacks, type Layer, layers, optimizers, Sequential } from "../src/index.ts";
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

interface Row {
  readonly name: string;
  /** Layers before Dense(1). */
  readonly make: () => readonly Layer[];
  readonly batch: number;
  readonly steps: number;
  readonly dispatches: number;
}

const kinds = ["SimpleRNN", "LSTM", "GRU"] as const;
const wide = { batch: 3, steps: 5, dispatches: 2 * 5 + 12 };

const rows: readonly Row[] = [
  // 32 steps of 16 features, batches of 32: the workload that tfjs does in 1,685 dispatches and jax-js in 1,156 (LSTM).
  ...kinds.map((name) => ({
    name: `${name} of 64 units`,
    make: () => [new layers[name](64)],
    batch: 32,
    steps: 32,
    dispatches: 12,
  })),
  // Both directions are one dispatch each way; one more joins their outputs.
  ...(["LSTM", "GRU"] as const).map((name) => ({
    name: `${name} of 16 units both ways`,
    make: () => [new layers.Bidirectional(new layers[name](16))],
    batch: 8,
    steps: 6,
    dispatches: 13,
  })),
  // A kernel for each step, each way.
  {
    name: "LSTM of 260 units, masked",
    make: () => [new layers.Masking(), new layers.LSTM(260, { returnSequences: true })],
    ...wide,
  },
  ...(["SimpleRNN", "GRU"] as const).map((name) => ({
    name: `${name} of 260 units`,
    make: () => [new layers[name](260)],
    ...wide,
  })),
];

test.each(rows)(
  "$name, Dense(1), mse, Adam: at most $dispatches dispatches and 1 submit per step",
  async (row) => {
    const { make, batch, steps, dispatches: most } = row;
    const [samples, features] = [2 * batch, 16];
    const model = new Sequential([...make(), new layers.Dense(1)]);
    model.compile({ optimizer: new optimizers.Adam({ learningRate: 1e-4 }), loss: "mse" });
    const x = tensor({ data: sequence([samples, steps, features], 1), shape: [samples, steps, features] });
    const shape = (await model.predict(x)).shape;
    const y = tensor({ data: sequence(shape, 2), shape });
    const count = new CountSteps();
    const options = { epochs: 3, batchSize: batch, verbose: 0, callbacks: [count] } as const;
    const { history } = await model.fit(x, y, options);
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
  },
);
