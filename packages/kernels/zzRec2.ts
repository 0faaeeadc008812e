import { openCpu } from "./src/cpu/index.ts";
import { planOf, words } from "./test/cpuReference.ts";
import { recurrentCall, recurrentKinds } from "./test/recurrentKernels.ts";

const cpu = { name: "cpu", software: true, workgroupBytes: 16384, maxWorkgroupSize: 256 } as const;
const sizes = (process.argv[2] ?? "32x32x64,32x32x128").split(",").map((s) => s.split("x").map(Number));
for (const [batch, steps, units] of sizes as [number, number, number][])
  for (const [name, kind] of Object.entries(recurrentKinds)) {
    if (kind.step) continue;
    const call = recurrentCall(kind, { batch, steps, units }, cpu)!;
    const { kernel, data } = call;
    const device = openCpu();
    const program = device.build(planOf(kernel, words(kernel, ...call.words), data));
    const buffers = data.map((array) => device.alloc(array.byteLength, "input"));
    data.forEach((array, i) => device.write(buffers[i]!, 0, array));
    const none = new Uint32Array(0);
    const times: number[] = [];
    for (let i = 0; i < 600; i++) {
      const t = performance.now();
      device.run(program, buffers, [], none);
      await device.read(buffers[0]!, 0, 4);
      times.push(performance.now() - t);
    }
    times.sort((a, b) => a - b);
    console.log(
      batch,
      steps,
      units,
      name.padEnd(16),
      "first",
      "median",
      times[300]!.toFixed(3),
      "min",
      times[0]!.toFixed(3),
      "GFLOP/s",
      ((2 * batch * steps * units * units * kind.gates) / times[0]! / 1e6).toFixed(1),
    );
    device.dispose();
  }
