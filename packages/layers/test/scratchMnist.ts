import { readFileSync } from "node:fs";
import { create, globals } from "webgpu";
Object.assign(globalThis, globals);
Object.defineProperty(globalThis, "navigator", { value: { gpu: create([]) }, configurable: true });
import { init, random, tensor } from "@tenrec/tensor";
import { callbacks } from "../src/index.ts";
import { mnist } from "../src/datasets/index.ts";
import { Sequential, layers } from "../src/index.ts";
await init({ backend: "webgpu" });
random.setRandomSeed(1);
globalThis.fetch = (async (url: URL) => new Response(readFileSync(new URL(url)))) as never;
const data = await mnist({ source: new URL("file:///work/shared/data/mnist/") } as never);
const model = new Sequential([
  new layers.Reshape([28, 28, 1]), new layers.Rescaling(1 / 255),
  new layers.Conv2D(32, 3, { activation: "relu" }), new layers.MaxPooling2D(),
  new layers.Conv2D(64, 3, { activation: "relu" }), new layers.MaxPooling2D(),
  new layers.Flatten(), new layers.Dense(10, { activation: "softmax" }),
]);
model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
console.log(data.train.x.shape, data.train.y.shape, new Date().toString());
class Log extends callbacks.Callback {
  override onTrainBatchEnd(step: number, logs?: any) { if (step % 20 === 19) console.log(new Date().toTimeString().slice(0, 8), step + 1, JSON.stringify(logs)); }
}
const until = Number(process.argv[2]) * 1000;
const abort = new AbortController();
setTimeout(() => abort.abort(), until);
await model.fit(data.train.x, data.train.y, { batchSize: 128, epochs: 3, verbose: 0, callbacks: [new Log()], signal: abort.signal });
console.log("evaluating", new Date().toTimeString());
const held = { x: data.test.x.slice([0, 0, 0], [5000, 28, 28]), y: data.test.y.slice([0], [5000]) };
console.log("test of 5000:", JSON.stringify(await model.evaluate(held.x, held.y, { batchSize: 128 })), new Date().toTimeString());
process.exit(0);
