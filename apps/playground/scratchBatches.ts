// Three trainOnBatch calls without await between them must give each batch's own loss (as awaited calls do).
import { init, layers, Sequential, utils } from "tenrec";

await init({ backend: "cpu" });
const x = { data: Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)), shape: [32, 2] };
const y = { data: Int32Array.from({ length: 32 }, (_, i) => i % 2), shape: [32] };
const make = () => {
  utils.setRandomSeed(1);
  const m = new Sequential([
    new layers.InputLayer({ shape: [2] }),
    new layers.Dense(2, { activation: "softmax" }),
  ]);
  m.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
  return m;
};
const a = make();
const awaited = [];
for (let i = 0; i < 40; i++) awaited.push((await a.trainOnBatch(x, y)).loss);
console.log("awaited", awaited.slice(0, 5), awaited.at(-1));
const b = make();
const together = await Promise.all(Array.from({ length: 40 }, () => b.trainOnBatch(x, y)));
console.log(
  "together",
  together.slice(0, 5).map((l) => l.loss),
  together.at(-1)?.loss,
);
