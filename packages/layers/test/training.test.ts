/** @file 100 steps of each optimizer against the real Keras, from equal weights and batches. */
import { init } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { type Layer, layers, optimizers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";
import golden from "./golden/training.json" with { type: "json" };

beforeAll(() => init({ backend: "cpu" }));

const features = 8;
const x = sequence([80, features], 11);
const targets = sequence([80, 4], 12);
const labels = Int32Array.from(golden.labels);

interface Run {
  readonly optimizer: string;
  readonly config: object;
  readonly loss: string;
  readonly activation: string;
  readonly head: string;
  readonly losses: number[];
  readonly finalWeights: number[][];
}

function network({ optimizer, config, loss, activation, head }: Run): Sequential {
  const stack: Layer[] = [new layers.Dense(16, { activation }), new layers.Dense(4, { activation: head })];
  const model = new Sequential(stack);
  model.build([null, features]);
  model.setWeights(golden.initialWeights.map(({ data }) => Float32Array.from(data)));
  const Class = optimizers[optimizer as "Adam"];
  model.compile({ optimizer: new Class(config), loss });
  return model;
}

function batch(run: Run, step: number) {
  const start = (step % 5) * 16;
  const xs = { data: x.slice(start * features, (start + 16) * features), shape: [16, features] };
  const ys =
    run.loss === "mse"
      ? { data: targets.slice(start * 4, (start + 16) * 4), shape: [16, 4] }
      : { data: labels.slice(start, start + 16), shape: [16] };
  return [xs, ys] as const;
}

/** Largest difference relative to the size of the numbers. */
function worst(found: ArrayLike<number>, wanted: readonly number[]): number {
  return Math.max(
    ...wanted.map((value, i) => Math.abs((found[i] as number) - value) / Math.max(1e-3, Math.abs(value))),
  );
}

describe.each(golden.runs as unknown as Run[])("$optimizer $config $loss", (run) => {
  test("losses of 100 steps within 1e-4, weights within 1e-4", async () => {
    const model = network(run);
    const losses: number[] = [];
    for (let step = 0; step < golden.steps; step++) {
      losses.push((await model.trainOnBatch(...batch(run, step))).loss as number);
    }
    expect(worst(losses, run.losses)).toBeLessThan(1e-4);
    const weights = await model.getWeights();
    weights.forEach((weight, i) => {
      const wanted = run.finalWeights[i] as number[];
      const off = Math.max(...wanted.map((value, k) => Math.abs((weight[k] as number) - value)));
      expect(off).toBeLessThan(1e-4);
    });
  });
});
