/** @file The character model on the weights and batches of tools/golden/golden_char_gpt.py. */
import { losses, type Model, optimizers } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";
import { type CharGptOptions, charGpt } from "./realModels.ts";

export interface Curve {
  readonly options: CharGptOptions;
  readonly batchSize: number;
  /** Range of the initial kernels and embeddings. */
  readonly scale: number;
  readonly weightShapes: readonly (readonly number[])[];
  /** Loss of each batch before its update, in Keras. */
  readonly losses: readonly number[];
}

/** A compiled model with the golden script's initial weights: kernels from the formula, gains 1, offsets 0. */
export function startOf({ options, scale }: Curve): Model {
  const model = charGpt(options);
  const loss = new losses.SparseCategoricalCrossentropy({ fromLogits: true });
  model.compile({ optimizer: new optimizers.Adam(), loss });
  model.setWeights(
    model.weights.map(({ name, shape, size }, i) =>
      ["gamma", "beta", "bias"].includes(name)
        ? new Float32Array(size).fill(name === "gamma" ? 1 : 0)
        : sequence(shape, 200 + i, scale),
    ),
  );
  return model;
}

/** Rows of text from places that a formula spreads over it, and the characters one further. */
export function batchOf(text: Int32Array, number: number, { batchSize, options: { steps } }: Curve) {
  const starts = Array.from(
    { length: batchSize },
    (_, row) => ((number * batchSize + row) * 5741) % (text.length - steps - 1),
  );
  const rows = (shift: number) => {
    const data = new Int32Array(batchSize * steps);
    for (const [row, start] of starts.entries())
      data.set(text.subarray(start + shift, start + shift + steps), row * steps);
    return { data, shape: [batchSize, steps] };
  };
  return { x: rows(0), y: rows(1) };
}

/** Loss of each batch, in order. */
export async function curveOf(model: Model, text: Int32Array, curve: Curve): Promise<number[]> {
  const found: number[] = [];
  for (let number = 0; number < curve.losses.length; number++) {
    const { x, y } = batchOf(text, number, curve);
    found.push((await model.trainOnBatch(x, y)).loss as number);
  }
  return found;
}

/** Largest relative distance of two curves. */
export const distance = (found: readonly number[], wanted: readonly number[]): number =>
  Math.max(...wanted.map((value, i) => Math.abs((found[i] as number) - value) / value));
