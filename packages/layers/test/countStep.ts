/** @file Counting one step of fit on WebGPU, for the tests and proofs of real models. */
import { counters } from "@tenrec/kernels/testing";
import { type Tensor, tensor } from "@tenrec/tensor";
import { callbacks, type losses, type Model } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";

export type Counts = ReturnType<typeof counters.read>;

const numSteps = 3;

/** Counts of the second step: pipelines, buffers and bind groups are made in the first one. */
class CountStep extends callbacks.Callback {
  counts: Counts | null = null;
  override onTrainBatchBegin(step: number): void {
    if (step === 1) counters.reset();
    if (step === 2) this.counts = counters.read();
  }
}

export interface Counted {
  readonly make: () => Model;
  readonly loss: string | losses.Loss;
  readonly batch: number;
  readonly x: (rows: number) => Tensor;
  readonly y: (rows: number) => Tensor;
}

/** What the first fit of one batch makes, and what a later step asks for. */
export async function countStep(
  model: Model,
  { loss, batch, x, y }: Omit<Counted, "make">,
): Promise<{ first: Counts; step: Counts }> {
  model.compile({ optimizer: "adam", loss });
  const count = new CountStep();
  counters.reset();
  await model.fit(x(batch), y(batch), { batchSize: batch, verbose: 0 });
  const first = counters.read();
  const all = numSteps * batch;
  await model.fit(x(all), y(all), { batchSize: batch, verbose: 0, callbacks: [count] });
  return { first, step: count.counts as Counts };
}

export const floats = (...shape: number[]): Tensor => tensor(sequence(shape, 7), { shape });
export const integers = (end: number, ...shape: number[]): Tensor => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tensor(
    Int32Array.from({ length: size }, (_, i) => (i * 7 + (i >> 3)) % end),
    { shape },
  );
};
