/** @file The WebGPU device: order, reads, memory, failures. */
import { afterEach, describe, expect, test } from "vitest";
import { takeGpuErrors } from "../../../tools/vitest/gpuErrors.ts";
import { openDevice } from "../src/device/open.ts";
import { openGpuDevice, type WebGpuOptions } from "../src/device/webGpu.ts";
import type { Device, DeviceBuffer } from "../src/ir/device.ts";
import { counters } from "../src/testing/index.ts";
import { call, chainPlan, emit, external, floats, plan, scalarBits } from "./deviceFixtures.ts";

const opened: Device[] = [];

async function open(options: Partial<WebGpuOptions> = {}): Promise<Device> {
  const device = await openGpuDevice({ emit, ...options });
  opened.push(device);
  return device;
}

afterEach(() => {
  for (const device of opened.splice(0)) device.dispose();
});

async function readFloats(device: Device, buffer: DeviceBuffer, length: number): Promise<number[]> {
  return [...new Float32Array(await device.read(buffer, 0, length * 4))];
}

function upload(device: Device, values: Float32Array, label = "input"): DeviceBuffer {
  const buffer = device.alloc(values.byteLength, label);
  device.write(buffer, 0, values);
  return buffer;
}

async function freshGpu(): Promise<GPUDevice> {
  return (await navigator.gpu.requestAdapter())!.requestDevice();
}

describe("openDevice", () => {
  test("auto avoids CPU renderers unless a device is passed", async () => {
    const adapter = (await navigator.gpu.requestAdapter())!;
    const software = /swiftshader|llvmpipe/i.test(adapter.info.architecture);
    const auto = await openDevice();
    opened.push(auto.device);
    expect(auto.device.info.backend).toBe(software ? "cpu" : "webgpu");
    expect(auto.notice !== undefined).toBe(software);
    if (software) expect(auto.notice).toMatch(/only WebGPU adapter is a CPU renderer/);
    const gpu = await freshGpu();
    const passed = await openDevice({ device: gpu });
    opened.push(passed.device);
    expect(passed).toMatchObject({ device: { info: { backend: "webgpu" } } });
    passed.device.dispose();
    expect(gpu.createBuffer({ size: 4, usage: 8 }).size).toBe(4); // Still the owner's.
    gpu.destroy();
  });

  test("webgpu insists", async () => {
    const { device, notice } = await openDevice({ backend: "webgpu" });
    opened.push(device);
    expect([device.info.backend, notice]).toEqual(["webgpu", undefined]);
  });
});

describe("info", () => {
  test("describes the adapter and asks for its limits", async () => {
    const adapter = (await navigator.gpu.requestAdapter())!;
    const { info, target } = await open();
    expect(info.backend).toBe("webgpu");
    expect(info.adapter).toMatchObject({ vendor: adapter.info.vendor });
    expect(info.limits.maxStorageBufferBindingSize).toBe(adapter.limits.maxStorageBufferBindingSize);
    expect(target.maxBindings).toBe(adapter.limits.maxStorageBuffersPerShaderStage);
    if (/swiftshader/i.test(adapter.info.architecture)) expect(info.adapter?.software).toBe(true);
  });

  test("masks limits and features", async () => {
    const base = await open({ masked: { limits: "base", features: "all" } });
    expect(base.target).toMatchObject({
      maxBindings: 8,
      maxBindingBytes: 128 << 20,
      maxBufferBytes: 256 << 20,
    });
    expect(base.info.features).toEqual([]);
    const some = await open({
      masked: { limits: { maxStorageBuffersPerShaderStage: 9 } },
      target: { narrowRow: 1 },
    });
    expect(some.target).toMatchObject({ maxBindings: 9, narrowRow: 1 });
  });
});

describe("memory", () => {
  test("writes, copies and reads in call order", async () => {
    const device = await open();
    const a = upload(device, floats(1, 2, 3, 4));
    const b = device.alloc(16, "copy");
    device.copy(a, 0, b, 0, 16);
    device.write(a, 4, floats(9));
    device.copy(a, 4, b, 12, 4);
    const before = readFloats(device, b, 4);
    device.write(b, 0, floats(0, 0, 0, 0));
    expect(await before).toEqual([1, 2, 3, 9]);
    expect(await readFloats(device, b, 4)).toEqual([0, 0, 0, 0]);
    expect(await readFloats(device, a, 4)).toEqual([1, 9, 3, 4]);
  });

  test("handles lengths and offsets that are not whole words", async () => {
    const device = await open();
    const buffer = device.alloc(8, "bytes");
    device.write(buffer, 0, new Uint8Array([1, 2, 3, 4, 5, 6, 7]));
    expect([...new Uint8Array(await device.read(buffer, 1, 6))]).toEqual([2, 3, 4, 5, 6, 7]);
    expect((await device.read(buffer, 4, 0)).byteLength).toBe(0);
    expect([...new Uint8Array(await device.read(buffer, 7, 1))]).toEqual([0]);
  });

  test("resolves many reads in flight independently, through reused staging buffers", async () => {
    const device = await open();
    const buffer = device.alloc(16, "ring");
    const round = (base: number): Promise<number[][]> =>
      Promise.all(
        Array.from({ length: 12 }, (_, i) => {
          device.write(buffer, 0, floats(base + i));
          return readFloats(device, buffer, 1);
        }),
      );
    const expected = (base: number): number[][] => Array.from({ length: 12 }, (_, i) => [base + i]);
    expect(await round(0)).toEqual(expected(0));
    counters.reset();
    expect(await round(100)).toEqual(expected(100));
    expect(counters.read()).toMatchObject({ buffersCreated: 0, bytesRead: 48, bytesWritten: 48 });
  });

  test("recycles freed buffers in queue order and keeps the accounts", async () => {
    const device = await open();
    const a = upload(device, floats(1, 2), "variable:a");
    const first = readFloats(device, a, 2);
    device.free(a);
    counters.reset();
    const b = upload(device, floats(3, 4), "result:b");
    expect(counters.read()).toMatchObject({ buffersCreated: 0, liveBytes: 32, peakBytes: 32 });
    expect(device.memory()).toMatchObject({ bytes: 32, buffers: 2, owners: { result: 16, staging: 16 } });
    expect(await first).toEqual([1, 2]);
    expect(await readFloats(device, b, 2)).toEqual([3, 4]);
    expect(() => device.free(a)).toThrow(/freed twice/);
    expect(() => device.write(a, 0, floats(1))).toThrow(/after it was freed/);
    expect(() => device.write(b, 8, floats(1, 2, 3))).toThrow(/outside "result:b"/);
  });

  test("keeps free memory up to the recent peak and lets it go when the peak is past", async () => {
    const device = await open();
    const large = (): DeviceBuffer => device.alloc(80 << 20, "large");
    device.free(large());
    counters.reset();
    device.free(large());
    expect(counters.read().buffersCreated).toBe(0);
    for (let i = 0; i < 1000; i++) device.free(device.alloc(16, "small"));
    counters.reset();
    device.free(large());
    expect(counters.read().buffersCreated).toBe(1);
  });

  test("refuses a buffer over the limit with the numbers", async () => {
    const device = await open({ masked: { limits: "base" } });
    expect(() => device.alloc(300 << 20, "weights")).toThrow(
      /"weights".*314,572,800 bytes \(300\.0 MiB\).*256\.0 MiB/s,
    );
    expect(device.failure).toBeNull();
  });

  test("reports memory that the GPU does not have at the next read", async () => {
    const gpu = await freshGpu();
    const device = await open({ device: gpu });
    const small = upload(device, floats(1));
    // A real out-of-memory would take the machine with it: the scope reports one instead.
    gpu.popErrorScope = () => Promise.resolve(new GPUOutOfMemoryError("no room"));
    device.alloc(5000, "activation");
    await expect(device.read(small, 0, 4)).rejects.toThrow(/no room.*for "activation"/s);
    expect(device.failure?.name).toBe("MemoryError");
    gpu.destroy();
  });
});

describe("programs", () => {
  test("queue everything behind pipelines that are still being built", async () => {
    const device = await open();
    const x = device.alloc(16, "input");
    const y = device.alloc(16, "result");
    const program = device.build(chainPlan(4));
    const host = floats(1, 2, 3, 4);
    device.write(x, 0, host);
    device.run(program, [x], [y], scalarBits(10));
    const first = readFloats(device, y, 4);
    device.write(x, 0, host);
    host.fill(-1); // The queued write has its own copy.
    const scalars = scalarBits(0);
    device.run(program, [x], [y], scalars);
    scalars.fill(0x7fc00000); // So have the queued scalars.
    device.copy(y, 0, x, 0, 16);
    device.free(y);
    const second = readFloats(device, x, 4);
    expect(await first).toEqual([23, 26, 29, 32]);
    expect(await second).toEqual([3, 6, 9, 12]);
    await program.ready;
  });

  test("a program of known kernels runs at once", async () => {
    const device = await open();
    await device.build(chainPlan(4)).ready;
    counters.reset();
    const program = device.build(chainPlan(8));
    const x = upload(device, floats(1, 2, 3, 4, 5, 6, 7, 8));
    const y = device.alloc(32, "result");
    device.run(program, [x], [y], scalarBits(1));
    expect(counters.read()).toMatchObject({ pipelines: 0, dispatches: 3, submits: 1 });
    expect(await readFloats(device, y, 8)).toEqual([5, 8, 11, 14, 17, 20, 23, 26]);
  });

  test("dispose while runs are queued takes effect behind them", async () => {
    const device = await open();
    const x = upload(device, floats(1, 2, 3, 4));
    const y = device.alloc(16, "result");
    const program = device.build(chainPlan(4));
    device.run(program, [x], [y], scalarBits(0));
    program.dispose();
    expect(() => device.run(program, [x], [y], scalarBits(0))).toThrow(/after dispose/);
    expect(await readFloats(device, y, 4)).toEqual([3, 6, 9, 12]);
    expect(device.memory().owners).not.toHaveProperty("slot");
    expect(device.memory().owners).not.toHaveProperty("uniform");
  });

  test("throttle lets three marks ahead, also behind a compile", async () => {
    const device = await open();
    const x = upload(device, floats(1, 2, 3, 4));
    const y = device.alloc(16, "result");
    const program = device.build(chainPlan(4));
    const waits = Array.from({ length: 5 }, () => {
      device.run(program, [x], [y], scalarBits(0));
      return device.throttle();
    });
    expect(waits.map((wait) => wait !== null)).toEqual([false, false, false, true, true]);
    await waits[4];
    await device.sync();
    await Promise.resolve();
    expect(device.throttle()).toBeNull();
  });
});

describe("failures", () => {
  const brokenPlan = plan({ label: "bad", buffers: [external(0, 4)], steps: [call("broken", [0], 4)] });

  test("a kernel that does not compile is named, with its source", async () => {
    const device = await open();
    const program = device.build(brokenPlan);
    await expect(program.ready).rejects.toThrow(/kernel "broken" does not compile.*notThere.* {3}1 @group/s);
    expect(device.failure).toBeNull(); // It was not run.
    const x = upload(device, floats(1, 2, 3, 4));
    expect(await readFloats(device, x, 4)).toEqual([1, 2, 3, 4]);
  });

  test("running it rejects the reads behind it", async () => {
    const device = await open();
    const x = upload(device, floats(1, 2, 3, 4));
    device.run(device.build(brokenPlan), [x], [], scalarBits());
    await expect(device.read(x, 0, 16)).rejects.toThrow(/"broken" does not compile/);
    await expect(device.read(x, 0, 16)).rejects.toThrow(/"broken" does not compile/);
    expect((await device.lost).message).toMatch(/"broken"/);
  });

  test("an uncaptured error rejects reads", async () => {
    const gpu = await freshGpu();
    const device = await open({ device: gpu });
    const x = upload(device, floats(1, 2, 3, 4));
    gpu.createBuffer({ label: "invalidBuffer", size: 16, usage: 1 | 0x80 });
    // The page may hear of the error only after a read that was queued behind it has come back.
    const pending = device.read(x, 0, 16).then(
      () => null,
      (error: Error) => error,
    );
    const failure = await device.lost;
    expect(failure.message).toMatch(/GPU reported an error.*invalidBuffer/s);
    expect([null, failure]).toContain(await pending);
    await expect(device.read(x, 0, 16)).rejects.toThrow(/GPU reported an error.*invalidBuffer/s);
    await expect(device.sync()).rejects.toThrow(/GPU reported an error/);
    expect(device.failure).toBe(await device.lost);
    expect(takeGpuErrors()).toHaveLength(1);
    gpu.destroy();
  });

  test("a lost device rejects pending and later reads, and running is harmless", async () => {
    const gpu = await freshGpu();
    const device = await open({ device: gpu });
    const x = upload(device, floats(1, 2, 3, 4));
    const y = device.alloc(16, "result");
    const program = device.build(chainPlan(4));
    await program.ready;
    device.run(program, [x], [y], scalarBits(0));
    gpu.destroy();
    await expect(device.read(y, 0, 16)).rejects.toThrow(/device was lost.*destroyed.*"chain 4"/s);
    device.run(program, [x], [y], scalarBits(0));
    await expect(device.read(y, 0, 16)).rejects.toThrow(/device was lost/);
    expect((await device.lost).name).toBe("DeviceError");
  });

  test("dispose rejects what is pending and is no failure", async () => {
    const device = await open();
    const x = upload(device, floats(1));
    const read = device.read(x, 0, 4);
    device.dispose();
    await expect(read).rejects.toThrow(/disposed/);
    await expect(device.read(x, 0, 4)).rejects.toThrow(/disposed/);
    expect(device.failure).toBeNull();
    expect(device.memory().bytes).toBe(0);
  });
});

test("works in a Worker", async () => {
  const worker = new Worker(new URL("./deviceWorker.ts", import.meta.url), { type: "module" });
  const values = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
  expect(values).toEqual([5, 8, 11, 14]);
});
