/** The cpu device: memory, order, scalars, slots, copies, counters and errors. */
import { beforeEach, expect, test } from "vitest";
import { openCpu } from "../src/cpu/device.ts";
import { counts, resetCounts } from "../src/device/counters.ts";
import type { Plan } from "../src/ir/plan.ts";
import { binding, bits, Code, loopKernel, words } from "./cpuReference.ts";

beforeEach(resetCounts);

/** y = x * scalar 0, then result 0 = y + 1 through a slot; external 0 is overwritten with y. */
function twoStepPlan(n: number): Plan {
  const scale = new Code();
  scale.store(1, scale.axis(0), scale.mul(scale.load(0, scale.axis(0)), scale.param(1, "float32")));
  const increment = new Code();
  increment.store(
    1,
    increment.axis(0),
    increment.add(increment.load(0, increment.axis(0)), increment.const(1, "float32")),
  );
  const bindings = [binding(), binding("float32", "read_write")];
  const bytes = n * 4;
  const call = (code: Code, from: number, to: number) => {
    const kernel = loopKernel(code, { rows: 1, bindings });
    const ranges = [from, to].map((buffer) => ({ buffer, offset: 0, bytes }));
    return {
      kind: "call",
      kernel,
      key: JSON.stringify(kernel),
      bindings: ranges,
      params: words(kernel, n),
      workgroups: 1,
    } as const;
  };
  return {
    label: "two steps",
    buffers: [
      { kind: "external", index: 0, bytes },
      { kind: "slot", slot: 0, bytes },
      { kind: "slot", slot: 1, bytes },
    ],
    steps: [
      { ...call(scale, 0, 1), scalars: [{ word: 1, scalar: 0 }] },
      { ...call(increment, 1, 2), scalars: [] },
    ],
    copies: [
      { from: 2, fromOffset: 0, to: { result: 0, offset: 0 }, bytes },
      { from: 1, fromOffset: 0, to: { buffer: 0, offset: 0 }, bytes },
    ],
    numExternals: 1,
    numResults: 1,
    numScalars: 1,
    slotBytes: 2 * bytes,
  };
}

async function floats(
  device: ReturnType<typeof openCpu>,
  buffer: ReturnType<ReturnType<typeof openCpu>["alloc"]>,
) {
  return [...new Float32Array(await device.read(buffer, 0, buffer.bytes))];
}

test("runs plans with scalars, slots, results and copies, with other buffers each time", async () => {
  const device = openCpu();
  const program = device.build(twoStepPlan(4));
  await program.ready;
  for (const factor of [3, -2]) {
    const [x, result] = [device.alloc(16, "variable x"), device.alloc(16, "result")];
    device.write(x, 0, Float32Array.of(1, 2, 3, 4));
    device.run(program, [x], [result], Uint32Array.of(bits(factor)));
    expect(await floats(device, result)).toEqual([1, 2, 3, 4].map((v) => v * factor + 1));
    expect(await floats(device, x)).toEqual([1, 2, 3, 4].map((v) => v * factor));
  }
});

test("a read gives the value at its place in the queue", async () => {
  const device = openCpu();
  const buffer = device.alloc(16, "x");
  device.write(buffer, 0, Float32Array.of(1, 2, 3, 4));
  const before = device.read(buffer, 4, 8);
  device.write(buffer, 4, Float32Array.of(9, 9));
  expect([...new Float32Array(await before)]).toEqual([2, 3]);
});

test("programs share slots, which grow with the largest and go with the last", async () => {
  const device = openCpu();
  const small = device.build(twoStepPlan(4));
  const large = device.build(twoStepPlan(400));
  await Promise.all([small.ready, large.ready]);
  expect(device.memory().owners).toEqual({ slot: 3200 });
  const [x, result] = [device.alloc(16, "x"), device.alloc(16, "result")];
  device.write(x, 0, Float32Array.of(1, 1, 1, 1));
  device.run(small, [x], [result], Uint32Array.of(bits(5)));
  expect(await floats(device, result)).toEqual([6, 6, 6, 6]);
  large.dispose();
  large.dispose();
  expect(device.memory().owners.slot).toBe(3200);
  small.dispose();
  expect(device.memory().owners.slot).toBeUndefined();
});

test("counts its work and allocates nothing per run", async () => {
  const device = openCpu();
  const program = device.build(twoStepPlan(4));
  await program.ready;
  const [x, result] = [device.alloc(16, "x"), device.alloc(16, "result")];
  device.write(x, 0, new Float32Array(4));
  const { buffersCreated, pipelines } = counts;
  for (let i = 0; i < 10; i++) device.run(program, [x], [result], Uint32Array.of(0));
  expect(counts).toMatchObject({ dispatches: 20, buffersCreated, pipelines, bytesWritten: 16 });
  expect(device.throttle()).toBeNull();
});

test("freed memory is used again and accounted for", () => {
  const device = openCpu();
  const { liveBytes } = counts;
  const buffer = device.alloc(100, "variable w");
  expect(buffer.bytes).toBe(112);
  expect(device.memory()).toEqual({ bytes: 112, buffers: 1, owners: { variable: 112 } });
  device.free(buffer);
  device.alloc(120, "variable v");
  expect(counts.buffersCreated).toBe(1);
  device.dispose();
  expect(counts.liveBytes).toBe(liveBytes);
});

test("mistakes are told in full", () => {
  const device = openCpu();
  expect(() => device.alloc(2 ** 33, "variable big")).toThrow(
    /^alloc: "variable big" is larger.*\n {2}Received: .*\n {2}Expected: .*\n {2}Fix: /,
  );
  const buffer = device.alloc(16, "x");
  expect(() => device.write(buffer, 8, new Float32Array(4))).toThrow(/outside buffer "x"/);
  device.free(buffer);
  expect(() => device.free(buffer)).toThrow(/freed already/);
  const plan = twoStepPlan(4);
  expect(() => device.build({ ...plan, numExternals: 0 })).toThrow(/^build: /);
});
