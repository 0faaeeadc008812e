import { readFileSync } from "node:fs";
if (process.env.GPU) {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, "navigator", { value: { gpu: create([]) }, configurable: true });
}
import { init } from "@tenrec/tensor";
import { batchOf, startOf } from "./charGptCurve.ts";
const golden = JSON.parse(readFileSync(new URL("./golden/charGpt.json", import.meta.url), "utf8"));
const raw = readFileSync("/work/shared/data/text/republic_clean.txt", "utf8");
const chars = [...new Set(raw)].sort();
const text = Int32Array.from(raw, (c) => chars.indexOf(c));
await init({ backend: process.env.GPU ? "webgpu" : "cpu" });
const curve = golden.republic;
const model = startOf(curve);
let t = performance.now();
let worst = 0;
for (let i = 0; i < Number(process.argv[2] ?? 200); i++) {
  const { x, y } = batchOf(text, i, curve);
  const { loss } = await model.trainOnBatch(x, y);
  const now = performance.now();
  worst = Math.max(worst, Math.abs(loss! - curve.losses[i]) / curve.losses[i]);
  if (i < 5 || i % 10 === 9) console.log(i, loss, curve.losses[i], worst.toExponential(2), ((now - t) / 1000).toFixed(2));
  t = now;
}
process.exit(0);
