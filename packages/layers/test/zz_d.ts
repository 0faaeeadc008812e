import { init } from "@tenrec/tensor";
import { Sequential, layers, optimizers } from "/work/main/packages/layers/src/index.ts";
import golden from "/work/main/packages/layers/test/golden/fit.json" with { type: "json" };
await init({ backend: "cpu" });
const model = new Sequential([new layers.Dense(8, { activation: "tanh" }), new layers.Dense(3, { activation: "softmax" })]);
model.build([null, 6]);
const w = golden.initialWeights.map(({ data }: any) => Float32Array.from(data));
model.setWeights(w);
model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
const x = Float32Array.from(golden.x.data), y = Int32Array.from(golden.labels);
let t = 0;
for (let i = 0; i < 70; i += 16) { const e = Math.min(70, i + 16); const l = await model.trainOnBatch({ data: x.slice(i * 6, e * 6), shape: [e - i, 6] }, y.slice(i, e)); t += l.loss! * (e - i); console.log(l); }
console.log("manual", t / 70);
model.setWeights(w);
model.compile({ optimizer: "adam", loss: "sparse_categorical_crossentropy", metrics: ["accuracy"] });
class P { }
const h = await model.fit({ data: x, shape: [70, 6] }, y, { epochs: 2, batchSize: 16, shuffle: false, verbose: 0, callbacks: [new (await import("/work/main/packages/layers/src/index.ts")).callbacks.LambdaCallback({ onTrainBatchEnd: (b: any, l: any) => console.log(b, l) })] });
console.log(h.history, golden.runs[0].history);
