/** Fails a browser test that leaves an uncaptured GPU error behind, whichever device raised it. */
import { afterEach, expect } from "vitest";

interface Watch {
  readonly errors: string[];
  readonly devices: Set<GPUDevice>;
}

/** Vitest loads this file as a set-up and tests import it under another address; both have to see one list. */
const shared = globalThis as typeof globalThis & { tenrecGpuWatch?: Watch };
const isFirstLoad = shared.tenrecGpuWatch === undefined;
shared.tenrecGpuWatch ??= { errors: [], devices: new Set() };
const { errors, devices } = shared.tenrecGpuWatch;

/** Listens on a device once; nobody would see the message that the browser leaves on the console. */
function watchDevice(device: GPUDevice): GPUDevice {
  if (devices.has(device)) return device;
  devices.add(device);
  device.addEventListener("uncapturederror", (event) => {
    errors.push(`${event.error.constructor.name}: ${event.error.message}`);
  });
  return device;
}

/** Lets a test that provokes an error on purpose take it away, so that it does not fail the test. */
export function takeGpuErrors(): string[] {
  return errors.splice(0);
}

if (isFirstLoad && globalThis.GPUAdapter) {
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    return watchDevice(await requestDevice.call(this, descriptor));
  };
}

// Twice where a test imports this file too; the second then finds nothing left.
afterEach(async () => {
  // Errors arrive as events; once the queues are empty, those of this test are all in.
  await Promise.all([...devices].map((device) => device.queue.onSubmittedWorkDone().catch(() => undefined)));
  expect(takeGpuErrors(), "uncaptured GPU errors").toEqual([]);
});
