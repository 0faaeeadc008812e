/** @file Repeats and branches on WebGPU: values, and that a replay writes and makes nothing in its one pass. */
import { afterEach, expect, test } from "vitest";
import { openWebGpu } from "../src/device/open.ts";
import type { Device } from "../src/ir/device.ts";
import type { PlanStep } from "../src/ir/plan.ts";
import { counters, recordGpu } from "../src/testing/index.ts";
import {
  accumulate,
  accumulated,
  controlCases,
  externals,
  isBelow,
  planOf,
  readAll,
  upload,
} from "./controlPlans.ts";

const opened: Device[] = [];

async function open(options: Parameters<typeof openWebGpu>[0] = {}): Promise<Device> {
  const device = await openWebGpu(options);
  opened.push(device);
  return device;
}

afterEach(() => {
  for (const device of opened.splice(0)) device.dispose();
});

test.each(Object.entries(controlCases))("webgpu: %s", async (_, run) => {
  await run(await open());
});

const still = { passes: 1, submits: 1, bindGroups: 0, buffersCreated: 0, pipelines: 0, bytesWritten: 0 };

test("replaying T iterations of k kernels is T * k dispatches and nothing else", async () => {
  const gpu = await (await navigator.gpu.requestAdapter())!.requestDevice();
  const recorder = recordGpu(gpu);
  const device = await open({ device: gpu });
  const body = [accumulate(0, 4, 1, 0), accumulate(1, 4, 2, 0), accumulate(1, 4, 5, 0)];
  const plan = planOf(externals(2, 4), [{ kind: "repeat", count: 32, iteration: 0, steps: body }]);
  const program = device.build(plan);
  const buffers = upload(device, [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
  ]);
  await program.ready;
  device.run(program, buffers, [], new Uint32Array(0));
  await device.sync();
  counters.reset();
  recorder.reset();
  device.run(program, buffers, [], new Uint32Array(0));
  expect(counters.read()).toMatchObject({ ...still, dispatches: 96 });
  expect(recorder.counts).toMatchObject({ ...still, dispatches: 96 });
  const twice = [0, 1, 2, 3].map((x) => accumulated(accumulated(x, 32, 1), 32, 1));
  expect((await readAll(device, buffers))[0]).toEqual(twice);
  gpu.destroy();
});

test("branches stay in the pass: their calls are indirect, one small kernel decides", async () => {
  const device = await open();
  const branch: PlanStep = {
    kind: "branch",
    buffer: 1,
    offset: 0,
    steps: [accumulate(0, 4, 2, 0), accumulate(0, 4, 1, 0)],
  };
  const repeat: PlanStep = { kind: "repeat", count: 8, iteration: 0, steps: [isBelow(1, 0, 50), branch] };
  const program = device.build(planOf(externals(2, 4), [repeat]));
  const buffers = upload(device, [
    [1, 1, 1, 1],
    [0, 0, 0, 0],
  ]);
  await program.ready;
  device.run(program, buffers, [], new Uint32Array(0));
  await device.sync();
  counters.reset();
  device.run(program, buffers, [], new Uint32Array(0));
  expect(counters.read()).toMatchObject({ ...still, dispatches: 8 * 4 });
  let y = 1;
  for (let run = 0; run < 2; run++) for (let t = 0; t < 8; t++) if (y < 50) y = y * 2 + 2 * t;
  expect((await readAll(device, buffers))[0]).toEqual([y, y, y, y]);
});

test("programs that were cut into several submits keep their branches", async () => {
  const device = await open({ cutSubmits: true });
  await controlCases["a branch runs where its flag is set, also when it changes under way"]!(device);
});
