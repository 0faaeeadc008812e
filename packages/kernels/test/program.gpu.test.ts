/**
 * @file Programs on WebGPU: replay, scalars, externals, shared slots, and the replay bugs that other runtimes
 * shipped.
 */
import { afterEach, describe, expect, test } from "vitest";
import { openGpuDevice, type WebGpuOptions } from "../src/device/webGpu.ts";
import type { Device, DeviceBuffer, Program } from "../src/ir/device.ts";
import { counters } from "../src/testing/index.ts";
import { call, chainPlan, emit, external, floats, plan, scalarBits, slot } from "./deviceFixtures.ts";

const opened: Device[] = [];

async function open(options: Partial<WebGpuOptions> = {}): Promise<Device> {
  const device = await openGpuDevice({ emit, ...options });
  opened.push(device);
  return device;
}

afterEach(() => {
  for (const device of opened.splice(0)) device.dispose();
});

function upload(device: Device, ...values: number[]): DeviceBuffer {
  const buffer = device.alloc(values.length * 4, "input");
  device.write(buffer, 0, floats(...values));
  return buffer;
}

async function readFloats(device: Device, buffer: DeviceBuffer, length: number): Promise<number[]> {
  return [...new Float32Array(await device.read(buffer, 0, length * 4))];
}

/** Runs a program with one result of four elements. */
function runChain(device: Device, program: Program, x: DeviceBuffer, scalar: number): Promise<number[]> {
  const y = device.alloc(16, "result");
  device.run(program, [x], [y], scalarBits(scalar));
  const values = readFloats(device, y, 4);
  device.free(y);
  return values;
}

/** What chainPlan computes. */
const chain = (values: readonly number[], scalar: number): number[] =>
  values.map((x) => (x + scalar) * 2 + x);

describe("replay", () => {
  test("a second run makes nothing new and writes only what changed", async () => {
    const device = await open();
    const program = device.build(chainPlan(4));
    const x = upload(device, 1, 2, 3, 4);
    const y = device.alloc(16, "result");
    device.run(program, [x], [y], scalarBits(5));
    await program.ready;
    await readFloats(device, y, 4);

    counters.reset();
    device.run(program, [x], [y], scalarBits(5));
    const still = { dispatches: 3, passes: 1, submits: 1, bindGroups: 0, buffersCreated: 0, pipelines: 0 };
    expect(counters.read()).toMatchObject({ ...still, bytesWritten: 0, bytesRead: 0 });

    counters.reset();
    device.run(program, [x], [y], scalarBits(6));
    expect(counters.read()).toMatchObject({ ...still, bytesWritten: 4 });
    expect(await readFloats(device, y, 4)).toEqual(chain([1, 2, 3, 4], 6));
  });

  test("scalars belong to their run, however many are in flight", async () => {
    const device = await open();
    const program = device.build(chainPlan(4));
    const x = upload(device, 1, 2, 3, 4);
    const runs = Array.from({ length: 6 }, (_, i) => runChain(device, program, x, i));
    expect(await Promise.all(runs)).toEqual([0, 1, 2, 3, 4, 5].map((scalar) => chain([1, 2, 3, 4], scalar)));
  });

  test("several scalars are written as one range", async () => {
    const device = await open();
    const steps = [0, 1, 2].map((i) => call("addScalar", [i, i + 1], 4, { scalar: 2 - i }));
    const three = plan({
      buffers: [external(0, 4), slot(0, 4), slot(1, 4), external(1, 4)],
      steps: [steps[0]!, call("double", [1], 4), steps[1]!, call("double", [2], 4), steps[2]!],
    });
    const program = device.build(three);
    await program.ready;
    const [x, y] = [upload(device, 1, 2, 3, 4), device.alloc(16, "variable")];
    counters.reset();
    device.run(program, [x, y], [], scalarBits(1, 2, 3));
    expect(counters.read().bytesWritten).toBe(2 * 256 + 4);
    expect(await readFloats(device, y, 4)).toEqual([1, 2, 3, 4].map((v) => ((v + 3) * 2 + 2) * 2 + 1));
  });

  test("uniforms are a program's own (onnxruntime 29594)", async () => {
    const device = await open();
    const build = (value: number): Program =>
      device.build(
        plan({
          buffers: [external(0, 4), slot(0, 4)],
          steps: [call("addScalar", [0, 1], 4, { value })],
          copies: [{ from: 1, fromOffset: 0, to: { result: 0, offset: 0 }, bytes: 16 }],
        }),
      );
    const [one, two] = [build(1), build(2)];
    const x = upload(device, 0, 1, 2, 3);
    const results = [one, two, one, two].map((program) => runChain(device, program, x, 0));
    expect(await Promise.all(results)).toEqual(
      [1, 2, 1, 2].map((value) => [0, 1, 2, 3].map((v) => v + value)),
    );
  });

  test("state is updated in place and inputs are those handed in (genai 2244, onnxruntime 32074)", async () => {
    const device = await open();
    const step = plan({ buffers: [external(0, 4)], steps: [call("double", [0], 4), call("double", [0], 4)] });
    const program = device.build(step);
    const [a, b] = [upload(device, 1, 2, 3, 4), upload(device, 1, 1, 1, 1)];
    for (const state of [a, b, a]) device.run(program, [state], [], scalarBits());
    expect(await readFloats(device, a, 4)).toEqual([16, 32, 48, 64]);
    expect(await readFloats(device, b, 4)).toEqual([4, 4, 4, 4]);
    device.write(a, 0, floats(5, 6, 7, 8));
    device.run(program, [a], [], scalarBits());
    expect(await readFloats(device, a, 4)).toEqual([20, 24, 28, 32]);
  });

  test("slots live as long as their program (onnxruntime 28325)", async () => {
    const device = await open();
    const first = device.build(chainPlan(4));
    const other = device.build(chainPlan(4));
    const x = upload(device, 1, 2, 3, 4);
    expect(await runChain(device, first, x, 1)).toEqual(chain([1, 2, 3, 4], 1));
    other.dispose();
    const taken = [16, 16, 16, 16].map((bytes) => device.alloc(bytes, "variable"));
    for (const buffer of taken) device.write(buffer, 0, floats(NaN, NaN, NaN, NaN));
    expect(await runChain(device, first, x, 2)).toEqual(chain([1, 2, 3, 4], 2));
    expect(await readFloats(device, taken[0]!, 4)).toEqual([NaN, NaN, NaN, NaN]);
  });

  test("results of one run are not disturbed by the next (onnxruntime 32134)", async () => {
    const device = await open();
    const program = device.build(chainPlan(4));
    const x = upload(device, 1, 2, 3, 4);
    const [y, z] = [device.alloc(16, "result"), device.alloc(16, "result")];
    device.run(program, [x], [y], scalarBits(1));
    device.run(program, [x], [z], scalarBits(2));
    expect(await readFloats(device, y, 4)).toEqual(chain([1, 2, 3, 4], 1));
    expect(await readFloats(device, z, 4)).toEqual(chain([1, 2, 3, 4], 2));
  });
});

test("base limits without optional features give the same bits and counts", async () => {
  const results = [];
  for (const device of [await open(), await open({ masked: { limits: "base", features: "all" } })]) {
    const x = upload(device, 0.1, 0.2, 0.3, 0.4);
    const program = device.build(chainPlan(4));
    await program.ready;
    counters.reset();
    const values = await runChain(device, program, x, 0.7);
    results.push({ values, ...counters.read(), liveBytes: 0, peakBytes: 0 });
  }
  expect(results[0]).toEqual(results[1]);
});

describe("externals", () => {
  test("the last 32 combinations keep their bind groups", async () => {
    const device = await open();
    const program = device.build(chainPlan(4));
    await program.ready;
    const inputs = Array.from({ length: 33 }, (_, i) => upload(device, i + 1, i + 1, i + 1, i + 1));
    const y = device.alloc(16, "result");
    const bindGroupsOf = (x: DeviceBuffer): number => {
      counters.reset();
      device.run(program, [x], [y], scalarBits(0));
      return counters.read().bindGroups;
    };
    // Three calls at first; then the two that touch the external.
    expect(inputs.map(bindGroupsOf)).toEqual([3, ...Array(32).fill(2)]);
    expect(inputs.slice(1).map(bindGroupsOf)).toEqual(Array(32).fill(0));
    expect(bindGroupsOf(inputs[0]!)).toBe(2);
    expect(await readFloats(device, y, 4)).toEqual([3, 3, 3, 3]);
  });

  test("recycled memory is recognised", async () => {
    const device = await open();
    const program = device.build(chainPlan(4));
    await program.ready;
    const y = device.alloc(16, "result");
    for (const value of [1, 2, 3]) {
      const x = upload(device, value, value, value, value);
      counters.reset();
      device.run(program, [x], [y], scalarBits(0));
      if (value > 1) expect(counters.read()).toMatchObject({ bindGroups: 0, buffersCreated: 0 });
      device.free(x);
    }
    expect(await readFloats(device, y, 4)).toEqual([9, 9, 9, 9]);
  });

  test("one buffer as two externals is refused where one is written", async () => {
    const device = await open();
    const add = plan({
      label: "sum",
      buffers: [external(0, 4), external(1, 4), external(2, 4)],
      steps: [call("add", [0, 1, 2], 4)],
    });
    const program = device.build(add);
    await program.ready;
    const [x, y] = [upload(device, 1, 2, 3, 4), device.alloc(16, "variable")];
    device.run(program, [x, x, y], [], scalarBits());
    expect(await readFloats(device, y, 4)).toEqual([2, 4, 6, 8]);
    expect(() => device.run(program, [x, y, y], [], scalarBits())).toThrow(
      /"add" of plan "sum" would read and write one buffer/,
    );
    expect(() => device.run(program, [x, x], [], scalarBits())).toThrow(/2 of 3 externals/);
    expect(await readFloats(device, y, 4)).toEqual([2, 4, 6, 8]);
  });

  test("what does not fit the plan is refused", async () => {
    const device = await open();
    const program = device.build(chainPlan(8));
    const [small, x] = [device.alloc(16, "small"), device.alloc(32, "input")];
    expect(() => device.run(program, [small], [x], scalarBits(0))).toThrow(
      /"small", number 0 of the externals/,
    );
    expect(() => device.run(program, [x], [small], scalarBits(0))).toThrow(
      /"small", number 0 of the results/,
    );
    expect(() => device.run(program, [x], [x], scalarBits())).toThrow(/0 of 1 scalars/);
    device.free(x);
    expect(() => device.run(program, [x], [x], scalarBits(0))).toThrow(/was freed/);
  });
});

describe("workspace", () => {
  test("programs share slots, which grow for the larger one", async () => {
    const device = await open();
    const small = device.build(chainPlan(4));
    const x = upload(device, 1, 2, 3, 4);
    expect(await runChain(device, small, x, 1)).toEqual(chain([1, 2, 3, 4], 1));
    expect(device.memory().owners.slot).toBe(2 * 16);
    const large = device.build(chainPlan(1000));
    expect(device.memory().owners.slot).toBe(2 * 4000);
    const [wide, y] = [
      upload(device, ...Array.from({ length: 1000 }, (_, i) => i)),
      device.alloc(4000, "result"),
    ];
    const runLarge = (): void => device.run(large, [wide], [y], scalarBits(1));
    runLarge();
    expect(await runChain(device, small, x, 2)).toEqual(chain([1, 2, 3, 4], 2));
    expect((await readFloats(device, y, 1000))[999]).toBe(chain([999], 1)[0]);
    counters.reset();
    runLarge();
    expect(await runChain(device, small, x, 3)).toEqual(chain([1, 2, 3, 4], 3));
    expect(counters.read().bindGroups).toBe(0);
    large.dispose();
    expect(await runChain(device, small, x, 4)).toEqual(chain([1, 2, 3, 4], 4));
    small.dispose();
    expect(device.memory().owners.slot).toBeUndefined();
  });

  test("growing while smaller runs still wait for their pipelines", async () => {
    const device = await open();
    const x = upload(device, 1, 2, 3, 4);
    const small = device.build(chainPlan(4));
    const early = runChain(device, small, x, 1);
    device.build(chainPlan(1000));
    const late = runChain(device, small, x, 2);
    expect([await early, await late]).toEqual([chain([1, 2, 3, 4], 1), chain([1, 2, 3, 4], 2)]);
  });
});

describe("shapes of plans", () => {
  test("more workgroups than one dimension holds are folded", async () => {
    const device = await open();
    const length = 65_535 * 64 + 1000;
    const y = device.alloc(length * 4, "result");
    const program = device.build(
      plan({ buffers: [external(0, length)], steps: [call("iota", [0], length)] }),
    );
    device.run(program, [y], [], scalarBits());
    const tail = new Float32Array(await device.read(y, (length - 2) * 4, 8));
    expect([...tail]).toEqual([length - 2, length - 1]);
  });

  test("kernels without params, calls without work, plans of copies alone", async () => {
    const device = await open();
    const seven = device.build(
      plan({
        buffers: [external(0, 64)],
        steps: [call("seven", [0], 64), call("iota", [0], 64, { workgroups: 0 })],
      }),
    );
    const copy = device.build(
      plan({
        buffers: [external(0, 64), external(1, 64)],
        steps: [],
        copies: [
          { from: 0, fromOffset: 4, to: { buffer: 1, offset: 8 }, bytes: 8 },
          { from: 0, fromOffset: 0, to: { result: 0, offset: 0 }, bytes: 4 },
        ],
      }),
    );
    const [x, y, result] = [
      device.alloc(256, "variable"),
      device.alloc(256, "variable"),
      device.alloc(4, "result"),
    ];
    device.write(y, 0, new Float32Array(64));
    device.run(seven, [x], [], scalarBits());
    device.run(copy, [x, y], [result], scalarBits());
    expect(await readFloats(device, y, 5)).toEqual([0, 0, 7, 7, 0]);
    expect(await readFloats(device, result, 1)).toEqual([7]);
  });

  test("ranges of one buffer are bound at their offsets", async () => {
    const device = await open();
    const at = (buffer: number, offset: number): { buffer: number; offset: number; bytes: number } => ({
      buffer,
      offset,
      bytes: 16,
    });
    const arena = plan({
      buffers: [external(0, 128), external(1, 128)],
      steps: [call("add", [0, 0, 1], 4, { bindings: [at(0, 0), at(0, 256), at(1, 256)] })],
    });
    const [x, y] = [device.alloc(512, "arena"), device.alloc(512, "arena")];
    device.write(x, 0, floats(1, 2, 3, 4));
    device.write(x, 256, floats(10, 20, 30, 40));
    device.run(device.build(arena), [x, y], [], scalarBits());
    expect([...new Float32Array(await device.read(y, 256, 16))]).toEqual([11, 22, 33, 44]);
  });
});

test("a program measured to be long is cut into several submits (cutSubmits)", async () => {
  const gpu = await (await navigator.gpu.requestAdapter())!.requestDevice();
  const done = gpu.queue.onSubmittedWorkDone.bind(gpu.queue);
  gpu.queue.onSubmittedWorkDone = async () => {
    await new Promise((resolve) => setTimeout(resolve, 120)); // A slow GPU.
    return done();
  };
  const device = await open({ device: gpu, cutSubmits: true });
  const program = device.build(chainPlan(4));
  const x = upload(device, 1, 2, 3, 4);
  for (const scalar of [1, 2, 3]) {
    expect(await runChain(device, program, x, scalar)).toEqual(chain([1, 2, 3, 4], scalar));
    await device.sync();
  }
  counters.reset();
  const values = runChain(device, program, x, 4);
  expect(counters.read()).toMatchObject({ dispatches: 3, passes: 3, submits: 4 }); // The read is one.
  expect(await values).toEqual(chain([1, 2, 3, 4], 4));
  gpu.destroy();
});
