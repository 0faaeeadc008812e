import { init, ops, tensor } from "./src/index.ts";
const { create, globals } = await import("webgpu"); Object.assign(globalThis, globals);
const gpu = create([]); (globalThis as any).keepGpu = gpu; await init({ backend: "webgpu", gpu } as any);
const xs = Array.from({ length: 23 }, (_, i) => tensor([i, i + 0.5]));
console.log(await ops.concatenate(xs).add(1).data());
process.exit(0)
