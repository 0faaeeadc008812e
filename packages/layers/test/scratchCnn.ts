import { readFileSync } from "node:fs";
if (process.env.GPU) {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, "navigator", { value: { gpu: create([]) }, configurable: true });
}
import { init, random, tensor } from "@tenrec/tensor";
import { sequence } from "./golden/sequence.ts";
import { cnn } from "./realModels.ts";
await init({ backend: process.env.GPU ? "webgpu" : "cpu" });
random.setRandomSeed(1);
const model = cnn(28);
model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
const n = 1024;
const x = tensor(sequence([n, 28, 28, 1], 3), { shape: [n, 28, 28, 1] });
const y = Int32Array.from({ length: n }, (_, i) => i % 10);
for (let i = 0; i < 3; i++) {
  const t = performance.now();
  await model.fit(x, y, { batchSize: 128, epochs: 1, verbose: 0 });
  console.log(process.env.GPU ? "webgpu" : "cpu", "8 steps:", ((performance.now() - t) / 1000).toFixed(2), "s");
}
process.exit(0);
