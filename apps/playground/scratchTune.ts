import { init } from "tenrec";
import { defaultProject } from "./src/project/defaults.ts";
import { patched } from "./src/project/project.ts";
import { Engine } from "./src/worker/engine.ts";

const [, , set = "spiral", steps = "1000", burst = "32", patch = "{}", backend = "cpu"] = process.argv;
if (backend === "webgpu") {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, "navigator", { value: { gpu: create([]) } });
}
console.log((await init({ backend: backend as never })).backend);
const engine = await Engine.create(patched(defaultProject(set as never), JSON.parse(patch)));
let s = await engine.snapshot(null);
console.log("0", s.loss.toFixed(3), s.accuracy);
if (process.env.WARM) {
  const a = performance.now();
  await engine.warmUp();
  console.log("warm", (performance.now() - a).toFixed(0));
}
{
  const a = performance.now();
  await engine.train();
  console.log("first step", (performance.now() - a).toFixed(0));
}
const t0 = performance.now();
let shots = 0;
let first = 0;
while (engine.step < Number(steps)) {
  const r = [] as Awaited<ReturnType<typeof engine.train>>[];
  for (let i = 0; i < Number(burst); i++) r.push(await engine.train());
  first ||= performance.now() - t0;
  if (engine.step % 256 < Number(burst)) {
    const a = performance.now();
    s = await engine.snapshot(null);
    shots += performance.now() - a;
    console.log(
      engine.step,
      "epoch",
      engine.epoch,
      "batch",
      r.at(-1)!.loss.toFixed(3),
      r.at(-1)!.accuracy.toFixed(3),
      "val",
      s.loss.toFixed(4),
      s.accuracy.toFixed(4),
      "snap ms",
      (performance.now() - a).toFixed(0),
    );
  }
}
const time = performance.now() - t0 - shots;
console.log(`first burst ${first.toFixed(0)} ms; ${((engine.step / time) * 1000).toFixed(0)} steps/s`);
const t = performance.now();
const c = await engine.checkpoint();
console.log("checkpoint", (performance.now() - t).toFixed(1), c?.weights.length, engine.restore(c!));
const r = await engine.train();
console.log(r, (await engine.snapshot(null)).accuracy);
process.exit(0);
