/** @file Batches sent from the host train like batches gathered on the device. */
import { init, placeState, tensor, Variable } from "@tenrec/tensor";
import { beforeAll, expect, test } from "vitest";
import { layers, optimizers, Sequential } from "../src/index.ts";
import { Compiled } from "../src/training/compiled.ts";
import { outputsLike, toRows } from "../src/training/samples.ts";
import { Stream } from "../src/training/stream.ts";
import { Trainer } from "../src/training/trainer.ts";
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend: "cpu" }));

const order = Int32Array.of(5, 3, 0, 6, 1, 4, 2);
const weights = [sequence([4, 3], 1), sequence([3], 2)];

async function train(isStreamed: boolean) {
  const model = new Sequential([new layers.Dense(3, { activation: "softmax" })]);
  const compiled = new Compiled({
    optimizer: new optimizers.Adam(),
    loss: "sparse_categorical_crossentropy",
    metrics: ["accuracy"],
  });
  const trainer = new Trainer(model, compiled);
  const x = { data: Uint8Array.from({ length: 28 }, (_, i) => (i * 5) % 9), shape: [7, 4] };
  const rows = toRows("test", x, Int32Array.of(0, 1, 2, 0, 1, 2, 0), tensor([1, 2, 3, 1, 2, 3, 1]));
  await trainer.prepare(rows.samples.y, outputsLike(model, rows.samples.x));
  model.setWeights(weights);
  const stream = await Stream.of(rows.samples);
  const resident = new Variable(order, { trainable: false });
  placeState([resident]);
  for (let row = 0; row < 14; row += 7) {
    for (const [from, size] of [
      [0, 4],
      [4, 3],
    ] as const) {
      if (isStreamed) trainer.trainBatch(stream.batch(order.subarray(from, from + size)));
      else trainer.trainRows(rows.samples, resident, size);
    }
  }
  return { logs: await trainer.logs(), weights: await model.getWeights() };
}

test("two epochs of 4 + 3 rows agree", async () => {
  expect(await train(true)).toEqual(await train(false));
});
