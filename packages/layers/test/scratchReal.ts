import { create, globals } from "webgpu";
Object.assign(globalThis, globals);
const gpu = create([]);
Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
import { counters } from "@tenrec/kernels/testing";
import { init, tensor, explain } from "@tenrec/tensor";
import { losses, optimizers } from "../src/index.ts";
import { Compiled } from "../src/training/compiled.ts";
import { outputsLike } from "../src/training/samples.ts";
import { Trainer } from "../src/training/trainer.ts";
import { inOrder } from "../src/training/order.ts";
import { Variable, placeState } from "@tenrec/tensor";
import { sequence } from "./golden/sequence.ts";
import { charGpt, cnn, lstm, mlp, resNet, transformerBlock } from "./realModels.ts";
const floats = (...shape: number[]) => tensor(sequence(shape, 7), { shape });
const integers = (end: number, ...shape: number[]) => tensor(Int32Array.from({ length: shape.reduce((p, e) => p * e, 1) }, (_, i) => (i * 7 + (i >> 3)) % end), { shape });
const kind = "sparse_categorical_crossentropy";
const block = { width: 128, heads: 4, steps: 64 };
const gpt = { width: 128, heads: 4, steps: 128, blocks: 4, vocabulary: 96 };
const table: any = {
  mlp: () => [mlp(784, 128), kind, 32, (n: number) => floats(n, 784), (n: number) => integers(10, n)],
  cnn: () => [cnn(28), kind, 4, (n: number) => floats(n, 28, 28, 1), (n: number) => integers(10, n)],
  lstm: () => [lstm(32, 8, 64), "mse", 8, (n: number) => floats(n, 32, 8), (n: number) => floats(n, 1)],
  block: () => [transformerBlock(block), "mse", 8, (n: number) => floats(n, 64, 128), (n: number) => floats(n, 64, 128)],
  gpt: () => [charGpt(gpt), new losses.SparseCategoricalCrossentropy({ fromLogits: true }), 4, (n: number) => integers(96, n, 128), (n: number) => integers(96, n, 128)],
  resnet: () => [resNet({ side: 32, stages: [16, 32, 64], blocksPerStage: 3 }), kind, 2, (n: number) => floats(n, 32, 32, 3), (n: number) => integers(10, n)],
};
await init({ backend: "webgpu" });
for (const name of process.argv.slice(2)) {
  const [model, loss, batch, x, y] = table[name]();
  const trainer = new Trainer(model, new Compiled({ optimizer: "adam", loss }, null));
  const samples = { x: x(batch * 3), y: y(batch * 3), weight: null };
  const yPred = outputsLike(model, samples.x);
  await trainer.prepare(samples.y, yPred);
  const order = new Variable(inOrder(batch * 3), { name: "order", trainable: false, dtype: "int32" });
  placeState([order]);
  const t0 = performance.now();
  counters.reset();
  await trainer.trainRows.prepare(samples, order as any, batch);
  console.log(name, "pipelines", counters.read().pipelines, "prepare s", (performance.now() - t0) / 1000);
  const text = explain(trainer.trainRows).split("\n# WGSL");
  const plan = text[0]!.split("# Plan")[1]!.split("\n").slice(1).filter((line) => line.includes("<<"));
  console.log(plan.length, "dispatches");
  console.log(plan.map((line) => line.split(">>")[0]).join("\n"));
  const wgslA = new Set(text[1]!.split("\n\n"));
  counters.reset();
  await trainer.trainRows.prepare(samples, order as any, batch - 1);
  console.log(name, "pipelines smaller batch", counters.read().pipelines);
  const codes = explain(trainer.trainRows).split("\n# WGSL")[1]!;
  const plan2 = explain(trainer.trainRows).split("# Plan")[1]!.split("\n# WGSL")[0]!.split("\n").slice(1).filter((l) => l.includes("<<"));
  for (let i = 0; i < Math.max(plan.length, plan2.length); i++) { const a = plan[i]?.split(">>")[0], b = plan2[i]?.split(">>")[0]; if (a?.split("<<")[0] !== b?.split("<<")[0]) console.log("DIFF", i, a, "|", b); }
  if (process.env.DUMP) { const fs = await import("node:fs"); fs.writeFileSync(`/tmp/tenrec/real.${name}.a.txt`, text[1]!); fs.writeFileSync(`/tmp/tenrec/real.${name}.b.txt`, codes); fs.writeFileSync(`/tmp/tenrec/real.${name}.schedule.txt`, text[0]!); }
}
process.exit(0);
