/** @file Runs that share a submission, and programs for which the GPU has no memory. */
import { afterEach, describe, expect, test } from "vitest";
import { starveGpu } from "../../../tools/vitest/starveGpu.ts";
import { openGpuDevice } from "../src/device/webGpu.ts";
import type { Device, DeviceBuffer, Program } from "../src/ir/device.ts";
import type { Plan } from "../src/ir/plan.ts";
import { counters } from "../src/testing/index.ts";
import { call, chainPlan, emit, external, floats, plan, scalarBits, slot } from "./deviceFixtures.ts";

let device: Device;
afterEach(() => device.dispose());

const length = 4;
const none = new Uint32Array(0);

/** Doubles its external in place. */
const doubling = plan({
  label: "doubling",
  buffers: [external(0, length)],
  steps: [call("double", [0], length)],
});

/** result 0 = x + 5 through one slot. */
function throughSlot(number: number, size = length): Plan {
  return plan({
    label: `through ${size}`,
    buffers: [external(0, size), slot(number, size)],
    steps: [call("addScalar", [0, 1], size, { value: 5 })],
    copies: [{ from: 1, fromOffset: 0, to: { result: 0, offset: 0 }, bytes: size * 4 }],
  });
}

function upload(values: Float32Array): DeviceBuffer {
  const buffer = device.alloc(values.byteLength, "input");
  device.write(buffer, 0, values);
  return buffer;
}

async function read(buffer: DeviceBuffer): Promise<number[]> {
  return [...new Float32Array(await device.read(buffer, 0, length * 4))];
}

describe("together", () => {
  async function prepared(): Promise<{ program: Program; x: DeviceBuffer }> {
    device = await openGpuDevice({ emit });
    const program = device.build(doubling);
    await program.ready;
    return { program, x: upload(floats(1, 2, 3, 4)) };
  }

  test("many runs are one submission", async () => {
    const { program, x } = await prepared();
    counters.reset();
    device.together(() => {
      for (let i = 0; i < 3; i++) device.run(program, [x], [], none);
      device.together(() => device.run(program, [x], [], none));
      expect(counters.read().submits).toBe(0);
    });
    expect(counters.read()).toMatchObject({ submits: 1, passes: 4, dispatches: 4 });
    expect(await read(x)).toEqual([16, 32, 48, 64]);
    counters.reset();
    device.run(program, [x], [], none);
    expect(counters.read().submits).toBe(1);
  });

  test("writes, copies, reads and scalars in between keep their order", async () => {
    const { program, x } = await prepared();
    const chain = device.build(chainPlan(length));
    await chain.ready;
    const [result, copy] = [device.alloc(16, "result"), device.alloc(16, "copy")];
    let early: Promise<number[]> = Promise.resolve([]);
    device.together(() => {
      device.run(program, [x], [], none);
      device.copy(x, 0, copy, 0, 16);
      device.run(program, [x], [], none);
      device.run(chain, [x], [result], scalarBits(1));
      device.run(chain, [x], [result], scalarBits(2));
      early = read(x);
      device.write(x, 0, floats(10, 10, 10, 10));
      device.run(program, [x], [], none);
    });
    expect(await read(copy)).toEqual([2, 4, 6, 8]);
    expect(await early).toEqual([4, 8, 12, 16]);
    // (x + 2) * 2 + x
    expect(await read(result)).toEqual([16, 28, 40, 52]);
    expect(await read(x)).toEqual([20, 20, 20, 20]);
  });

  test("runs that wait for pipelines are one submission, too; memory freed meanwhile is not reused before", async () => {
    device = await openGpuDevice({ emit });
    const x = upload(floats(1, 2, 3, 4));
    const program = device.build(doubling);
    const through = device.build(throughSlot(0));
    const result = device.alloc(16, "result");
    counters.reset();
    device.together(() => {
      device.run(program, [x], [], none);
      device.run(through, [x], [result], none);
      device.run(program, [x], [], none);
      through.dispose();
    });
    await Promise.all([program.ready, through.ready]);
    expect(await read(x)).toEqual([4, 8, 12, 16]);
    expect(await read(result)).toEqual([7, 9, 11, 13]);
  });

  test("an error inside submits what came before it", async () => {
    const { program, x } = await prepared();
    const fail = () =>
      device.together(() => {
        device.run(program, [x], [], none);
        throw new Error("on purpose");
      });
    expect(fail).toThrow("on purpose");
    expect(await read(x)).toEqual([2, 4, 6, 8]);
  });
});

describe("the GPU has no memory for a program", () => {
  test("it is not ready, the device goes on, and other programs have their slots again", async () => {
    const gpu = (await (await navigator.gpu.requestAdapter())!.requestDevice())!;
    device = await openGpuDevice({ emit, device: gpu });
    const small = device.build(throughSlot(0));
    await small.ready;
    starveGpu(gpu, 1 << 20);
    const plan = throughSlot(0, 1 << 20);
    expect(device.growth(plan)).toBe((4 << 20) - 16);
    const large = device.build(plan);
    await expect(large.ready).rejects.toMatchObject({ name: "MemoryError", message: /out of memory/ });
    large.dispose();
    expect(device.failure).toBeNull();
    const [x, result] = [upload(floats(1, 2, 3, 4)), device.alloc(16, "result")];
    device.run(small, [x], [result], none);
    expect(await read(result)).toEqual([6, 7, 8, 9]);
    expect(device.memory().owners.slot).toBe(16);
    gpu.destroy();
  });

  test("a run that did not wait fails the device with the same error", async () => {
    const gpu = (await (await navigator.gpu.requestAdapter())!.requestDevice())!;
    device = await openGpuDevice({ emit, device: gpu });
    const small = device.build(throughSlot(0));
    await small.ready;
    const x = device.alloc(4 << 20, "input");
    const result = device.alloc(4 << 20, "result");
    starveGpu(gpu, 1 << 20);
    const large = device.build(throughSlot(1, 1 << 20));
    device.run(large, [x], [result], none);
    await expect(device.read(result, 0, 16)).rejects.toMatchObject({ name: "MemoryError" });
    expect(device.failure?.name).toBe("MemoryError");
    gpu.destroy();
  });
});
