import { init, ops, tensor, jit, Variable } from "./src/index.ts";
import { openRuntime } from "./src/runtime/runtime.ts";
await init({ backend: "cpu" });
let x = tensor([[1, 2], [3, 4]]), s = tensor(0);
const t0 = performance.now();
for (let i = 0; i < 20000; i++) { x = x.mul(0.9999).add(0.0001).relu(); if (i % 7 === 0) s = s.add(x.sum()); }
console.log(await s.item(), await x.array(), performance.now() - t0, openRuntime()!.programs.size);
