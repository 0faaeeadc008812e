/** @file Runs a program in a Worker and posts its result: the other half of a test. */
import { openGpuDevice } from "../src/device/webGpu.ts";
import { chainPlan, emit, floats, scalarBits } from "./deviceFixtures.ts";

const device = await openGpuDevice({ emit });
const [x, y] = [device.alloc(16, "input"), device.alloc(16, "result")];
device.write(x, 0, floats(1, 2, 3, 4));
device.run(device.build(chainPlan(4)), [x], [y], scalarBits(1));
postMessage([...new Float32Array(await device.read(y, 0, 16))]);
