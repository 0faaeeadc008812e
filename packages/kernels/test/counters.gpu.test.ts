/** @file The counters inside the device against the calls that really reach WebGPU. */
import { expect, test } from "vitest";
import { openGpuDevice } from "../src/device/webGpu.ts";
import { counters, recordGpu } from "../src/testing/index.ts";
import { chainPlan, emit, floats, scalarBits } from "./deviceFixtures.ts";

test("agree with a recording of the GPU objects, from the first run to replay", async () => {
  const gpu = await (await navigator.gpu.requestAdapter())!.requestDevice();
  const recorder = recordGpu(gpu);
  counters.reset();
  const device = await openGpuDevice({ emit, device: gpu });
  const compare = (): void => {
    const { liveBytes: _live, peakBytes: _peak, ...seen } = counters.read();
    expect(seen).toEqual(recorder.counts);
    counters.reset();
    recorder.reset();
  };
  const x = device.alloc(20, "input");
  const y = device.alloc(20, "result");
  device.write(x, 0, floats(1, 2, 3, 4, 5));
  const program = device.build(chainPlan(5));
  device.run(program, [x], [y], scalarBits(1));
  device.copy(y, 0, x, 0, 20);
  await device.read(x, 0, 20);
  expect(counters.read()).toMatchObject({
    dispatches: 3,
    passes: 1,
    submits: 3,
    bindGroups: 3,
    pipelines: 3,
    bytesRead: 20,
  });
  expect(counters.read().buffersCreated).toBe(6); // x, y, two slots, uniforms, staging
  compare();
  device.run(program, [x], [y], scalarBits(2));
  await device.read(y, 0, 20);
  expect(recorder.counts).toEqual({
    dispatches: 3,
    passes: 1,
    submits: 2,
    bindGroups: 0,
    buffersCreated: 0,
    pipelines: 0,
    bytesWritten: 4,
    bytesRead: 20,
  });
  compare();
  device.dispose();
  expect(counters.read().liveBytes).toBe(0);
  gpu.destroy();
});
