import { init, ops, tensor, jit, Variable, valueAndGrad, handleFree, Tensor, memory } from "./src/index.ts";
import { openRuntime } from "./src/runtime/runtime.ts";
await init({ backend: "cpu" });
const w = [new Variable({data: new Float32Array(16).fill(.1), shape: [2, 8]}), new Variable({data: new Float32Array(8).fill(.1), shape: [8, 1]})];
const x = tensor([[1, 2], [3, 4]]);
for (let k = 0; k < 5; k++) {
const t0 = performance.now(); let l!: Tensor;
for (let i = 0; i < 200; i++) { const [loss, g] = valueAndGrad((a: Tensor, b: Tensor) => x.matmul(a).relu().matmul(b).square().mean())(...w); l = loss; w.forEach((v, j) => v.assignSub((g as Tensor[])[j]!.mul(0.001))); if (i % 10 == 0) await new Promise(r => setTimeout(r)); }
console.log(await l.item(), (performance.now() - t0) / 200, openRuntime()!.programs.size, memory().bytes);
}
