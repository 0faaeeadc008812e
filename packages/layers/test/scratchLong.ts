import { readFileSync } from "node:fs";
import { init, ops, random } from "@tenrec/tensor";
import { losses, optimizers } from "../src/index.ts";
import { batchOf } from "./charGptCurve.ts";
import { charGpt } from "./realModels.ts";
const raw = readFileSync("/work/shared/data/text/republic_clean.txt", "utf8");
const chars = [...new Set(raw)].sort();
const text = Int32Array.from(raw, (c) => chars.indexOf(c));
await init({ backend: "cpu" });
random.setRandomSeed(1);
const options = { blocks: 2, width: 64, heads: 4, steps: 32, vocabulary: chars.length };
const curve = { options, batchSize: 16, scale: 0, weightShapes: [], losses: [] };
const model = charGpt(options);
model.compile({ optimizer: new optimizers.Adam({ learningRate: 0.003 }), loss: new losses.SparseCategoricalCrossentropy({ fromLogits: true }) });
const start = performance.now();
let i = 0, mean = 0;
const s = () => (performance.now() - start) / 1000;
const sample = async () => {
  const w = [...text.subarray(200000, 200000 + 32)];
  const seed = new random.SeedGenerator(7);
  for (let k = 0; k < 200; k++) {
    const logits: any = await model.predict({ data: Int32Array.from(w.slice(-32)), shape: [1, 32] });
    const last = logits.slice([0, 31, 0], [1, 1, chars.length]).reshape([1, chars.length]);
    w.push((await random.categorical(ops.divide(last, 0.6), 1, { seed }).data())[0]!);
  }
  return w.map((n) => chars[n]).join("");
};
while (s() < Number(process.argv[2])) {
  const { x, y } = batchOf(text, i, curve);
  const { loss } = await model.trainOnBatch(x, y);
  mean = i === 0 ? loss! : 0.98 * mean + 0.02 * loss!;
  if (++i % 50 === 0) console.log(i, s().toFixed(0), "s", mean.toFixed(3), (i * 512 / s()).toFixed(0), "chars/s");
  if (i % 500 === 0) console.log(JSON.stringify(await sample()));
}
console.log(JSON.stringify(await sample()));
process.exit(0);
