/** @file Opens a device by name: WebGPU, the CPU, or whichever fits this machine. */
import type { CpuOptions } from "../cpu/index.ts";
import type { Device } from "../ir/device.ts";
import { DeviceError } from "./errors.ts";
import type { WebGpuOptions } from "./webGpu.ts";

/** Options of `openWebGpu`. `emit` replaces the WGSL generator (a seam for tests). */
export type OpenWebGpuOptions = Omit<WebGpuOptions, "emit"> & Partial<Pick<WebGpuOptions, "emit">>;

/** Options of `openDevice`. */
export interface OpenDeviceOptions extends OpenWebGpuOptions, CpuOptions {
  /** "auto" (the default): WebGPU on a hardware adapter, else the CPU. */
  readonly backend?: "auto" | "webgpu" | "cpu";
}

/** A device, and a sentence for the user where "auto" did not get what it wanted. */
export interface OpenedDevice {
  readonly device: Device;
  readonly notice?: string;
}

/**
 * Opens a WebGPU device in a page, a Worker or (where the npm package webgpu is installed) in Node, with all
 * useful limits and features of the adapter. Rejects with DeviceError, which names the reason, where there is
 * none.
 *
 * @example const device = await openWebGpu({ powerPreference: "low-power" });
 */
export async function openWebGpu(options: OpenWebGpuOptions = {}): Promise<Device> {
  // Loaded on demand, like the CPU executor: a page fetches the backend it uses.
  const [{ openGpuDevice }, { emitWgsl }] = await Promise.all([
    import("./webGpu.ts"),
    import("../codegen/index.ts"),
  ]);
  return openGpuDevice({ emit: emitWgsl, ...options });
}

/**
 * Opens the device that `backend` names. "auto" takes WebGPU when a device is passed or the adapter is real
 * hardware; otherwise the CPU executor, which is faster than WebGPU on a CPU renderer, with a notice.
 *
 * @example const { device, notice } = await openDevice({ backend: "auto" });
 */
export async function openDevice(options: OpenDeviceOptions = {}): Promise<OpenedDevice> {
  const { backend = "auto" } = options;
  if (backend === "cpu") return loadCpu(options);
  if (backend === "webgpu" || options.device) return { device: await openWebGpu(options) };
  if (backend === "auto") return openBest(options);
  throw new DeviceError("init", "unknown backend.", {
    received: JSON.stringify(backend),
    expected: '"auto", "webgpu" or "cpu"',
    fix: "leave it out to get the best device of this machine",
  });
}

async function openBest(options: OpenDeviceOptions): Promise<OpenedDevice> {
  try {
    const { describeAdapter, findAdapter } = await import("./adapter.ts");
    const { gpu, adapter } = await findAdapter(options);
    const { software, description } = describeAdapter(adapter.info);
    if (!software) return { device: await openWebGpu({ ...options, gpu }) };
    return onCpu(
      options,
      `the only WebGPU adapter is a CPU renderer${description ? ` (${description})` : ""}`,
    );
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return onCpu(options, /Received: (.*)/.exec(error.message)?.[1] ?? error.message);
  }
}

async function onCpu(options: CpuOptions, reason: string): Promise<OpenedDevice> {
  const { device, notice = "" } = await loadCpu(options);
  const why = `tenrec: computing on the CPU, because ${reason}. init({ backend: "webgpu" }) insists on WebGPU.`;
  return { device, notice: notice === "" ? why : `${why}\n${notice}` };
}

/** Loaded on demand: a page with a GPU never fetches it. */
async function loadCpu(options: CpuOptions): Promise<OpenedDevice> {
  const { openCpuDevice } = await import("../cpu/index.ts");
  return openCpuDevice(options);
}
