/** @file Memory stays flat: 1,000 steps of fit and of hand-written loops that dispose of nothing, within 1.5 times of step 50. */
import { GradientTape, init, memory, ops, tensor } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { callbacks, layers, optimizers, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "webgpu" }));

const classes = 10;
const labelsOf = (rows: number) => Int32Array.from({ length: rows }, (_, i) => (i * 7) % classes);

const mlp = (hidden: number) =>
  new Sequential([
    new layers.Dense(hidden, { activation: "relu" }),
    new layers.Dense(classes, { activation: "softmax" }),
  ]);

/** Live bytes at step 50 and their largest value after it. */
class Watch {
  steps = 0;
  #atStep50 = 0;
  #largest = 0;
  look(): void {
    const { bytes } = memory();
    if (++this.steps === 50) this.#atStep50 = bytes;
    if (this.steps > 50) this.#largest = Math.max(this.#largest, bytes);
  }
  check(name: string, numSteps: number): void {
    console.log(
      `${name}: ${this.steps} steps, live bytes ${this.#atStep50} at step 50, at most ${this.#largest} after it`,
    );
    expect(this.steps).toBeGreaterThanOrEqual(numSteps);
    expect(this.#largest).toBeLessThanOrEqual(1.5 * this.#atStep50);
  }
}

class WatchSteps extends callbacks.Callback {
  readonly watch = new Watch();
  override onTrainBatchBegin(): void {
    this.watch.look();
  }
}

test("1,000 steps of fit", async () => {
  const [rows, features, batchSize] = [1000, 64, 32];
  const model = mlp(64);
  model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  const steps = new WatchSteps();
  await model.fit({ data: sequence([rows, features], 5), shape: [rows, features] }, labelsOf(rows), {
    epochs: 32,
    batchSize,
    verbose: 0,
    callbacks: [steps],
  });
  steps.watch.check("fit", 1000);
});

interface LoopOptions {
  readonly batch: number;
  readonly features: number;
  readonly hidden: number;
  readonly numSteps: number;
  /** A loss is read every so many steps; between two reads the loop never lets go of the thread. */
  readonly readEvery: number;
}

async function handWrittenLoop({ batch, features, hidden, numSteps, readEvery }: LoopOptions) {
  const model = mlp(hidden);
  model.build([null, features]);
  const optimizer = new optimizers.Adam();
  const variables = model.trainableVariables;
  const images = tensor(sequence([batch, features], 5), { shape: [batch, features] });
  const labels = tensor(labelsOf(batch));
  const watch = new Watch();
  for (let step = 1; step <= numSteps; step++) {
    const tape = new GradientTape();
    const loss = tape.run(() =>
      ops.mean(ops.sparseCategoricalCrossentropy(labels, model.apply(images, { training: true }))),
    );
    optimizer.apply(tape.gradient(loss, variables), variables);
    if (step % readEvery === 0) await loss.item();
    watch.look();
  }
  return watch;
}

test("1,000 steps of a hand-written loop", async () => {
  const watch = await handWrittenLoop({ batch: 32, features: 64, hidden: 64, numSteps: 1000, readEvery: 25 });
  watch.check("tape", 1000);
});

test("100 steps of a hand-written loop with gradients of 400 KB, read at the end only", async () => {
  const watch = await handWrittenLoop({
    batch: 128,
    features: 784,
    hidden: 128,
    numSteps: 100,
    readEvery: 100,
  });
  watch.check("tape 784-128-10", 100);
});
