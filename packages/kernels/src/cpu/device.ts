/** @file The cpu device: the same plans as on WebGPU, executed by JavaScript block loops. */

import { counts } from "../device/counters.ts";
import { internal } from "../device/errors.ts";
import type { Device, DeviceBuffer, DeviceInfo, Program, Target } from "../ir/device.ts";
import type { Plan } from "../ir/plan.ts";
import { verifyPlan } from "../program/verify.ts";
import * as templates from "../templates/library.ts";
import { RegisterPool } from "./blocks/registers.ts";
import { Scratch } from "./blocks/scratch.ts";
import { ArrayHeap, LinearHeap } from "./heap.ts";
import type { Machine } from "./machine.ts";
import { CpuPool, CpuWorkspace } from "./pool.ts";
import { CpuProgram, copyBytes } from "./program.ts";
import type { ThreadPool } from "./threads/pool.ts";
import { webAssemblySupport } from "./wasm/support.ts";

/** Element indices are int32. */
const maxBytes = 2 ** 31 - 16;

const tile = { threads: [8, 8], perThread: [4, 4], shared: false, depth: 16 } as const;

const cpuTarget: Target = {
  name: "cpu",
  templates,
  lanes: 1,
  maxBindings: 64,
  maxBindingBytes: maxBytes,
  maxBufferBytes: maxBytes,
  software: true,
  workgroupBytes: maxBytes,
  maxWorkgroupSize: 256,
  workgroupSize: 64,
  narrowRow: 1 << 30,
  gemmTile: () => tile,
  gemmParts: () => 1,
};

const limits = {
  maxStorageBuffersPerShaderStage: cpuTarget.maxBindings,
  maxStorageBufferBindingSize: maxBytes,
  maxUniformBufferBindingSize: 1 << 20,
  maxBufferSize: maxBytes,
  maxComputeWorkgroupsPerDimension: 65535,
};

/** How the cpu computes. */
export interface CpuOptions {
  /**
   * "relaxed" (the default): WebAssembly, with fused products and sums where the browser has them, which differ from machine to machine in the last bit;
   * "strict": WebAssembly whose results are the same everywhere; false: JavaScript alone, many times slower. Where WebAssembly is not to be
   * had, JavaScript takes its place.
   */
  readonly webAssembly?: "relaxed" | "strict" | false;
  /**
   * Threads that WebAssembly runs in, 1 to 16 (1, the default: that of the caller alone). Results are the same for any number. More
   * than one take an isolated page, or Node; where threads are not to be had, one computes alone, with a notice.
   */
  readonly threads?: number;
  /**
   * The module of the threads' Workers, where a page cannot load it from beside this library (which comes from another site, or was
   * bundled by a tool that knows no Workers): a copy of `tenrec/worker.js`.
   */
  readonly workerUrl?: string | URL;
}

class CpuDevice implements Device {
  readonly info: DeviceInfo;
  readonly target: Target;
  readonly failure = null;
  /** Never resolves: the cpu is not lost. */
  readonly lost = new Promise<Error>(() => {});
  readonly #pool: CpuPool;
  readonly #workspace: CpuWorkspace;
  readonly #machine: Machine;

  /** `features`: what kernels are made of; without "wasm-simd" they are JavaScript. `threads` are the device's from now on. */
  constructor(features: readonly string[], threads: ThreadPool | null) {
    this.info = {
      backend: "cpu",
      adapter: null,
      features: threads ? [...features, "threads"] : features,
      limits,
    };
    const webAssembly = features.includes("wasm-simd");
    this.target = { ...cpuTarget, webAssembly };
    const linear = webAssembly ? new LinearHeap(threads?.memory) : null;
    this.#pool = new CpuPool(linear ?? new ArrayHeap(), maxBytes);
    this.#workspace = new CpuWorkspace(this.#pool);
    const relaxed = features.includes("relaxed-simd");
    this.#machine = { heap: linear, relaxed, threads, registers: new RegisterPool(), scratch: new Scratch() };
  }

  alloc(bytes: number, label: string): DeviceBuffer {
    return this.#pool.take(bytes, label);
  }

  free(buffer: DeviceBuffer): void {
    this.#pool.give(buffer);
  }

  write(buffer: DeviceBuffer, offset: number, data: ArrayBufferView): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#inside(buffer, offset, bytes.length).set(bytes, offset);
    counts.bytesWritten += bytes.length;
  }

  copy(from: DeviceBuffer, fromOffset: number, to: DeviceBuffer, toOffset: number, bytes: number): void {
    this.#inside(from, fromOffset, bytes);
    this.#inside(to, toOffset, bytes);
    copyBytes(
      this.#pool.owned(from).block.views,
      fromOffset,
      this.#pool.owned(to).block.views,
      toOffset,
      bytes,
    );
  }

  read(buffer: DeviceBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const data = this.#inside(buffer, offset, bytes).slice(offset, offset + bytes).buffer;
    counts.bytesRead += bytes;
    return Promise.resolve(data);
  }

  build(plan: Plan): Program {
    verifyPlan(plan, limits);
    return new CpuProgram(plan, this.#workspace, this.#machine);
  }

  /** Nothing is prepared on the CPU: a run reads memory directly. */

  bind(): void {}

  run(
    program: Program,
    externals: readonly DeviceBuffer[],
    results: readonly DeviceBuffer[],
    scalars: Uint32Array,
  ): void {
    (program as CpuProgram).run(this.#pool, externals, results, scalars);
    counts.passes++;
    counts.submits++;
  }

  /** Work is done when it is asked for: there is nothing to gather. */
  together(body: () => void): void {
    body();
  }

  growth(plan: Plan): number {
    return this.#workspace.growth(plan);
  }

  /** Null: work is done when `run` returns, so there is nothing to wait for. */
  throttle(): null {
    return null;
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  memory(): { bytes: number; buffers: number; owners: Record<string, number> } {
    return this.#pool.memory();
  }

  timer(): null {
    return null;
  }

  dispose(): void {
    this.#machine.threads?.dispose();
    this.#pool.dispose();
  }

  /** The bytes of `buffer`, once it is known that the range lies inside. */
  #inside(buffer: DeviceBuffer, offset: number, bytes: number): Uint8Array<ArrayBuffer> {
    if (offset < 0 || offset + bytes > buffer.bytes) {
      throw internal(
        `bytes ${offset} to ${offset + bytes} lie outside buffer "${buffer.label}" of ${buffer.bytes} bytes.`,
      );
    }
    return this.#pool.owned(buffer).block.views.uint8;
  }
}

/**
 * Opens the cpu backend in this thread, with the help of `threads` where there are some. Always available; each call gives a device with
 * memory of its own.
 */
export function openCpu(
  { webAssembly = "relaxed" }: CpuOptions = {},
  threads: ThreadPool | null = null,
): Device {
  // Unasked: where a policy forbids WebAssembly, the question itself would be reported as a violation.
  if (webAssembly === false) return new CpuDevice([], null);
  const { simd, relaxed } = webAssemblySupport();
  if (!simd) return new CpuDevice([], null);
  const features = webAssembly === "relaxed" && relaxed ? ["wasm-simd", "relaxed-simd"] : ["wasm-simd"];
  return new CpuDevice(features, threads);
}

/** Why the backend computes in JavaScript although WebAssembly was wanted, if so. */
export function cpuNotice({ webAssembly }: CpuOptions): string | undefined {
  if (webAssembly === false) return undefined;
  const { simd, reason } = webAssemblySupport();
  if (simd) return undefined;
  return `tenrec: the cpu backend computes in JavaScript, many times slower than it could, because ${reason}.`;
}
