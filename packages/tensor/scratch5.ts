import { init, ops, tensor, Variable, GradientTape, Tensor } from "./src/index.ts";
const backend = (process.argv[2] ?? "cpu") as any;
let gpu: any;
if (backend === "webgpu") { const { create, globals } = await import("webgpu"); Object.assign(globalThis, globals); gpu = create([]); }
await init({ backend, gpu } as any);
import { counters } from "../kernels/src/testing/index.ts";
import { openRuntime } from "./src/runtime/runtime.ts";
import { describe } from "./src/compile/compile.ts";
const B = 128, F = 784, H = 128, C = 10;
const rnd = (n: number, s: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + s) * 0.05);
const x = tensor(rnd(B * F, 1), { shape: [B, F] });
const y = tensor(Int32Array.from({ length: B }, (_, i) => i % 10));
const V = (d: any, shape: number[]) => new Variable({ data: d, shape });
const params = [V(rnd(F * H, 2), [F, H]), V(new Float32Array(H), [H]), V(rnd(H * C, 3), [H, C]), V(new Float32Array(C), [C])] as const;
const ms = params.map((p) => V(new Float32Array(p.size), [...p.shape]));
const vs = params.map((p) => V(new Float32Array(p.size), [...p.shape]));
let t = 0;
function step() {
  t++;
  const tape = new GradientTape();
  const loss = tape.run(() => {
    const h = x.matmul(params[0]).add(params[1]).relu();
    const z = h.matmul(params[2]).add(params[3]);
    return ops.mean(ops.sparseCategoricalCrossentropy(y, z, { fromLogits: true }));
  });
  const g = tape.gradient(loss, params as any) as Tensor[];
  const alpha = 0.001 * Math.sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t);
  params.forEach((p, i) => {
    const m = ms[i]!, v = vs[i]!, gi = g[i]!;
    m.assign(m.mul(0.9).add(gi.mul(0.1)));
    v.assign(v.mul(0.999).add(gi.square().mul(0.001)));
    p.assignSub(m.mul(alpha).div(v.sqrt().add(1e-7)));
  });
  return loss;
}
const N = Number(process.argv[3] ?? 100);
for (let k = 0; k < 5; k++) {
  counters.reset();
  let js = 0, loss!: Tensor; const t0 = performance.now();
  for (let i = 0; i < N; i++) { const a = performance.now(); loss = step(); js += performance.now() - a; await null; js += 0; if (i % 10 === 9) await new Promise((r) => setTimeout(r)); }
  const l = await loss.item();
  console.log(k, "loss", l, "js ms/step", js / N, "wall", (performance.now() - t0) / N, JSON.stringify(counters.read()), openRuntime()!.programs.size, openRuntime()!.device.memory().bytes);
}
const e = [...(openRuntime()!.programs as any).entries.values()].flat().filter((e: any) => e.compiled);
console.log(e.length); console.log(describe(e.at(-1).compiled));
process.exit(0);
