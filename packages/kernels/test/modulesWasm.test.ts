/** The cpu device while code is on its way: order, ends of programs and of the device, and modules that programs share. */
import { beforeEach, expect, test, vi } from "vitest";
import { openCpu } from "../src/cpu/device.ts";
import { counts, resetCounts } from "../src/device/counters.ts";
import type { Device, DeviceBuffer } from "../src/ir/device.ts";
import type { Call, Plan } from "../src/ir/plan.ts";
import { binding, Code, loopKernel, words } from "./cpuReference.ts";

beforeEach(resetCounts);

const n = 6;
const bytes = 32;
const none = new Uint32Array(0);

/** Result 0 is `number` - external 0 for one of `numbers` after another, by a kernel each, in a slot. */
function differences(numbers: readonly number[]): Plan {
  const copy = new Code();
  copy.store(1, copy.axis(0), copy.load(0, copy.axis(0)));
  const steps = numbers.map((number) => {
    const code = new Code();
    const x = code.load(0, code.axis(0));
    code.store(
      0,
      code.axis(0),
      code.add(code.const(number, "float32"), code.mul(x, code.const(-1, "float32"))),
    );
    return callOf(code, [1]);
  });
  return {
    label: "differences",
    buffers: [
      { kind: "external", index: 0, bytes },
      { kind: "slot", slot: 0, bytes },
    ],
    steps: [callOf(copy, [0, 1]), ...steps],
    copies: [{ from: 1, fromOffset: 0, to: { result: 0, offset: 0 }, bytes: n * 4 }],
    numExternals: 1,
    numResults: 1,
    numScalars: 0,
    slotBytes: bytes,
  };
}

/** A call over `n` elements of buffers, the last of which it writes. */
function callOf(code: Code, buffers: readonly number[]): Call {
  const bindings = buffers.map((_, i) => binding("float32", i + 1 < buffers.length ? "read" : "read_write"));
  const kernel = loopKernel(code, { rows: 1, bindings });
  return {
    kind: "call",
    kernel,
    key: JSON.stringify(kernel),
    bindings: buffers.map((buffer) => ({ buffer, offset: 0, bytes })),
    params: words(kernel, n),
    workgroups: 1,
    scalars: [],
  };
}

const expected = (x: number, numbers: readonly number[]): number => numbers.reduce((y, a) => a - y, x);

/** So many kernels that their module is compiled beside the thread. */
const many = Array.from({ length: 300 }, (_, i) => i * i);

async function floats(device: Device, buffer: DeviceBuffer): Promise<number[]> {
  return [...new Float32Array(await device.read(buffer, 0, n * 4))];
}

const filled = (value: number): Float32Array => new Float32Array(n).fill(value);

/** Whether `program.ready` has resolved already. */
async function isReady({ ready }: { readonly ready: Promise<void> }): Promise<boolean> {
  const soon = Promise.resolve("later");
  return (await Promise.race([ready, soon])) !== "later";
}

test("writes, runs, copies and reads wait in order for a program that is being compiled", async () => {
  const device = openCpu();
  const slow = device.build(differences(many));
  const quick = device.build(differences([1]));
  expect(await isReady(slow)).toBe(false);
  const [x, y, result] = [device.alloc(bytes, "x"), device.alloc(bytes, "y"), device.alloc(bytes, "result")];
  const data = Float32Array.of(1, 0, -1, 0.5, 0, 0);
  device.write(x, 0, data);
  data.fill(99);
  device.run(slow, [x], [result], none);
  const first = floats(device, result);
  device.copy(result, 0, y, 0, n * 4);
  device.write(x, 0, filled(3));
  const written = floats(device, x);
  device.run(quick, [x], [result], none);
  const second = floats(device, result);
  expect(device.throttle()).not.toBeNull();
  expect(counts.submits).toBe(0);
  expect(await first).toEqual([1, 0, -1, 0.5, 0, 0].map((value) => expected(value, many)));
  expect(await floats(device, y)).toEqual(await first);
  expect(await written).toEqual([...filled(3)]);
  expect(await second).toEqual([...filled(-2)]);
  expect(device.throttle()).toBeNull();
  device.dispose();
});

test("what is freed or disposed of while it is in use is kept until then", async () => {
  const device = openCpu();
  const program = device.build(differences(many));
  const [x, result] = [device.alloc(bytes, "x"), device.alloc(bytes, "result")];
  device.write(x, 0, filled(0));
  device.run(program, [x], [result], none);
  const read = floats(device, result);
  device.free(x);
  device.free(result);
  program.dispose();
  const next = device.alloc(bytes, "next");
  device.write(next, 0, filled(-1));
  expect(await read).toEqual([...filled(expected(0, many))]);
  expect(await floats(device, next)).toEqual([...filled(-1)]);
  expect(device.memory().buffers).toBe(1);
  device.dispose();
});

test("a program that is disposed of before it is ready holds nothing afterwards", async () => {
  const device = openCpu();
  const program = device.build(differences(many));
  program.dispose();
  await program.ready;
  expect(device.memory().bytes).toBe(0);
  device.dispose();
});

test("disposing of the device rejects what waits, and leaves its memory to the next one", async () => {
  const device = openCpu();
  const program = device.build(differences(many));
  const [x, result] = [device.alloc(bytes, "x"), device.alloc(bytes, "result")];
  device.run(program, [x], [result], none);
  const read = device.read(result, 0, bytes);
  device.dispose();
  await expect(read).rejects.toThrow(/^cpu: the device was disposed\./);
  await expect(device.read(result, 0, bytes)).rejects.toThrow(/^cpu: the device was disposed\./);
  const next = openCpu();
  const all = next.alloc(1 << 19, "all");
  next.write(all, 0, new Uint8Array(1 << 19).fill(0xa5));
  await expect(program.ready).rejects.toThrow(/^cpu: the device was disposed\./);
  const found = new Uint8Array(await next.read(all, 0, 1 << 19));
  expect(found.findIndex((byte) => byte !== 0xa5)).toBe(-1);
  next.dispose();
});

test("code that cannot be compiled rejects the program, and ends the device that has run it", async () => {
  const device = openCpu();
  const compile = vi.spyOn(WebAssembly, "compile").mockRejectedValue(new Error("no memory for code"));
  const program = device.build(differences(many));
  await expect(program.ready).rejects.toThrow("no memory for code");
  expect(device.failure).toBeNull();
  const [x, result] = [device.alloc(bytes, "x"), device.alloc(bytes, "result")];
  const again = device.build(differences(many));
  device.run(again, [x], [result], none);
  await expect(device.read(result, 0, bytes)).rejects.toThrow("no memory for code");
  expect(await device.lost).toBe(device.failure);
  expect(compile).toHaveBeenCalledTimes(2);
  device.dispose();
});

test("equal kernels are emitted once in a program, and once in all programs that are alike", async () => {
  const device = openCpu();
  const plan = differences([2, 5, 2, 2]);
  const first = device.build(plan);
  await first.ready;
  expect(counts.pipelines).toBe(3);
  const second = device.build(differences([2, 5, 2, 2]));
  await second.ready;
  expect(counts.pipelines).toBe(3);
  const [x, y] = [device.alloc(bytes, "x"), device.alloc(bytes, "y")];
  const result = device.alloc(bytes, "result");
  device.write(x, 0, filled(1));
  device.write(y, 0, filled(-3));
  device.run(first, [x], [result], none);
  expect(await floats(device, result)).toEqual([...filled(expected(1, [2, 5, 2, 2]))]);
  first.dispose();
  device.run(second, [y], [result], none);
  expect(await floats(device, result)).toEqual([...filled(expected(-3, [2, 5, 2, 2]))]);
  second.dispose();
  await device.build(differences([2, 5, 2, 2])).ready;
  expect(counts.pipelines).toBe(3);
  device.dispose();
});

test("modules that nobody has used for long are let go", async () => {
  const device = openCpu();
  for (let i = 0; i < 40; i++) device.build(differences([i])).dispose();
  const made = counts.pipelines;
  device.build(differences([39]));
  expect(counts.pipelines).toBe(made);
  device.build(differences([0]));
  expect(counts.pipelines).toBe(made + 2);
  device.dispose();
});
