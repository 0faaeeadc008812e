/** @file Opens the cpu backend with the threads that are asked for, as far as they are to be had. */
import { DeviceError } from "../device/errors.ts";
import type { Device } from "../ir/device.ts";
import { type CpuOptions, cpuNotice, openCpu } from "./device.ts";
import { blocks } from "./parts.ts";
import { threadDefaults } from "./threads/defaults.ts";

const maxThreads = 16;

/** A device, and a sentence for the user where it is not what the options asked for. */
export async function openCpuDevice(
  options: CpuOptions = {},
): Promise<{ readonly device: Device; readonly notice?: string }> {
  const { webAssembly } = options;
  const usual = threadDefaults();
  const { threads = webAssembly === false ? 1 : usual.threads, workerUrl = usual.workerUrl } = options;
  checkThreads(threads);
  const notice = cpuNotice(options);
  // Every program of JavaScript will need it.
  if (webAssembly === false || notice) await blocks.get();
  if (notice) return { device: openCpu(options), notice };
  if (threads === 1) return { device: openCpu(options) };
  if (webAssembly === false) return openAlone(options, "threads run WebAssembly, which the options rule out");
  // Loaded on demand: few pages can have threads.
  const { openThreads } = await import("./threads/pool.ts");
  const opened = await openThreads(threads, workerUrl);
  if ("reason" in opened) return openAlone(options, opened.reason);
  return { device: openCpu(options, opened.threads) };
}

function openAlone(
  options: CpuOptions,
  reason: string,
): { readonly device: Device; readonly notice: string } {
  const notice = `tenrec: the cpu backend computes in one thread, because ${reason}.`;
  return { device: openCpu(options), notice };
}

function checkThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1 && threads <= maxThreads) return;
  throw new DeviceError("init", "threads is not a number of threads.", {
    received: `${threads}`,
    expected: `a whole number from 1 to ${maxThreads}`,
    fix: "leave it out to compute in one thread, or try half of navigator.hardwareConcurrency",
  });
}
