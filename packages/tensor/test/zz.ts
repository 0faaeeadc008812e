import { init, random } from "../src/index.ts";
import { compile, describe } from "../src/compile/compile.ts";
import { conv, convFilter, convInput } from "../src/primitives/conv.ts";
import { hostNode, typed } from "../src/runtime/host.ts";
import { readNodes } from "../src/runtime/read.ts";
import { interpret } from "../src/interpret/interpret.ts";
import { counters } from "@tenrec/kernels/testing";
import type { Node } from "../src/graph/node.ts";
const gpu = process.argv[2] === "gpu";
if (gpu) { const { create, globals } = await import("webgpu"); Object.assign(globalThis, globals); const g = create([]); (globalThis as any).keepGpu = g; await init({ backend: "webgpu", gpu: g } as never); } else await init({ backend: "cpu" });
const rnd = (shape: number[]) => { const n = shape.reduce((a, b) => a * b, 1); const data = Float32Array.from({ length: n }, () => Math.random() - 0.5); return { node: hostNode(data, shape, "float32"), data }; };
async function check(b: number, h: number, w: number, c: number, o: number, k: number, s: number, pad: number, compare = true) {
  const oh = Math.floor((h + 2 * pad - k) / s) + 1, ow = Math.floor((w + 2 * pad - k) / s) + 1;
  const x = rnd([b, h, w, c]), f = rnd([k, k, c, o]), g = rnd([b, oh, ow, o]);
  const geo = { extents: [h, w], sizes: [k, k], strides: [s, s], dilations: [1, 1], low: [pad, pad], high: [pad, pad], groups: 1 } as never;
  const cases: [string, () => Node][] = [["conv", () => conv(x.node, f.node, geo)], ["input", () => convInput(g.node, f.node, geo)], ["filter", () => convFilter(x.node, g.node, geo)]];
  for (const [name, make] of cases) {
    const values = new Map([x, f, g].map(({ node, data }) => [node, { shape: node.shape, dtype: "float32" as const, data: Float64Array.from(data) }]));
    const root = make(); root.handles = 1;
    const [found] = await readNodes([root]);
    let worst = 0;
    if (compare) { const probe = make(); const [want] = interpret([probe], (n) => (values.get(n) ?? null) as never, {compositeReference: true}); want!.data.forEach((v, i) => { worst = Math.max(worst, Math.abs(v - (found as any)[i])); }); }
    const times: number[] = [];
    for (let i = 0; i < 4; i++) { const r = make(); r.handles = 1; const t = performance.now(); await readNodes([r]); times.push(performance.now() - t); }
    const flops = 2 * b * oh * ow * o * k * k * c;
    const ms = Math.min(...times);
    console.log(name, `b${b} ${h}x${w}x${c} -> ${o} k${k} s${s} p${pad}`, "error", worst.toExponential(1), ms.toFixed(1), "ms", (flops / ms / 1e6).toFixed(2), "GFLOP/s");
  }
}
await check(2, 7, 5, 3, 5, 3, 1, 1);
await check(2, 8, 8, 4, 8, 3, 2, 1);
await check(2, 9, 8, 8, 4, 3, 1, 0);
if (gpu) { await check(16, 16, 16, 16, 32, 3, 1, 1, false); await check(16, 14, 14, 32, 64, 3, 1, 0, false); await check(32, 28, 28, 1, 32, 3, 1, 0, false); await check(16, 32, 32, 16, 16, 3, 1, 1, false); await check(16, 32, 32, 16, 32, 3, 2, 1, false);}
process.exit(0);
