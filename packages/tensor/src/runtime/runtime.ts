/** @file Runtime: the chosen device and everything that hangs on it: memory, pending handles, dirty variables, cached programs. */
import { type Device, type DeviceInfo, type OpenDeviceOptions, openDevice } from "@tenrec/kernels";
import { StateError } from "../graph/errors.ts";
import { useHalfRule } from "../graph/node.ts";
import { BlockPool, type Memory, recycled } from "./memory.ts";
import type { ProgramCache } from "./programCache.ts";
import { recording } from "./recording.ts";
import type { VersionRing } from "./ring.ts";

/** Evaluation and compilation, fetched when a device is opened (`engine.ts`). */
export type Engine = typeof import("./engine.ts");

/** Everything global. One exists per page or worker; `init` may replace it. */
export class Runtime {
  readonly engine: Engine;
  readonly pool: BlockPool;
  readonly device: Device;
  /** Old versions of overwritten variables. */
  readonly ring: VersionRing;
  readonly programs: ProgramCache;

  constructor(device: Device, engine: Engine) {
    this.engine = engine;
    useHalfRule(engine.recordHalf);
    this.device = device;
    this.pool = new BlockPool(device);
    this.ring = new engine.VersionRing(this.pool);
    this.programs = new engine.ProgramCache();
  }

  /** Memory of a value on the device; host data is uploaded at first use. */
  resident(memory: Memory): Memory {
    if (memory.block) {
      if (memory.block.pool !== this.pool) throw lostWithDevice();
      return memory;
    }
    const { host, bytes } = memory;
    if (!host) throw recycled();
    memory.block = this.pool.take(bytes, memory.isVariable ? "variable" : "tensor");
    this.device.write(memory.block.buffer, 0, host);
    memory.host = null;
    return memory;
  }
}

function lostWithDevice(): StateError {
  return new StateError("tensor", "the value lived on a device that is gone.", {
    received: "a tensor or variable made before the device was lost or replaced.",
    expected: "values of the present device.",
    fix: "make tensors again, and put variables back with variable.load(data) or model.setWeights(checkpoint).",
  });
}

let current: Runtime | null = null;
let opening: Promise<Runtime> | null = null;
let info: InitResult | null = null;

export interface InitOptions extends OpenDeviceOptions {}

/** What `init` chose. */
export interface InitResult extends DeviceInfo {
  /** Why the choice is not the best one, once. */
  readonly notice?: string;
}

/**
 * Chooses the device. Optional: the first value that is asked for does it with `backend: "auto"`.
 *
 * @param options - `backend`: "auto" (WebGPU on a hardware adapter, else cpu), "webgpu" or "cpu"; `device`: a GPUDevice to use;
 * `webAssembly`: how the cpu computes, "relaxed" (the default), "strict" (the same bits on every machine) or false (JavaScript alone);
 * `threads`: in how many threads (1, the default, to 16), with `workerUrl` where their module has to come from elsewhere.
 * @returns the backend, the adapter and a notice where the best choice was not to be had.
 * @throws StateError if values already live on another device; DeviceError if the backend is not available.
 * @example
 * await init({ backend: "cpu" });
 */
export async function init(options: InitOptions = {}): Promise<InitResult> {
  await opening?.catch(() => {});
  if (current && !current.device.failure) {
    const wanted = options.backend ?? "auto";
    if (
      info &&
      (wanted === "auto" || wanted === info.backend) &&
      !options.device &&
      options.webAssembly === undefined &&
      options.threads === undefined
    )
      return info;
    await reset();
  }
  await open(options);
  return info as InitResult;
}

/** Drops the device; values and variables made before are lost. For tests and for starting again after a lost device. */
export async function reset(): Promise<void> {
  current?.pool.close();
  current?.device.dispose();
  current = null;
  opening = null;
  recording.handles = [];
  recording.dirty = [];
  recording.late = [];
}

function open(options: InitOptions): Promise<Runtime> {
  // Fetched while the adapter is asked for: nothing can be computed before both are there.
  const engine = import("./engine.ts");
  opening = openDevice(options).then(async ({ device, notice }) => {
    current = new Runtime(device, await engine);
    info = { ...device.info, ...(notice ? { notice } : {}) };
    if (notice) console.warn(notice);
    return current;
  });
  opening.catch(() => {
    opening = null;
  });
  return opening;
}

/** The runtime, opened on first use. */
export function ready(): Promise<Runtime> {
  if (current) return Promise.resolve(current);
  return opening ?? open({});
}

/** The runtime if a device is open. */
export function openRuntime(): Runtime | null {
  return current;
}

/** The runtime where one must be open already. */
export function requireRuntime(where: string): Runtime {
  if (current) return current;
  throw new StateError(where, "no device is open yet.", {
    received: "a call before `await init()`.",
    expected: "an open device.",
    fix: 'call `await init({ backend: "auto" })` first.',
  });
}
