/** @file The cpu device: the same plans as on WebGPU, executed by JavaScript block loops. */

import { counts } from "../device/counters.ts";
import { internal } from "../device/errors.ts";
import type { Device, DeviceBuffer, DeviceInfo, Program, Target } from "../ir/device.ts";
import type { Plan } from "../ir/plan.ts";
import { verifyPlan } from "../program/verify.ts";
import * as templates from "../templates/library.ts";
import { ArrayHeap, LinearHeap } from "./heap.ts";
import type { Machine } from "./machine.ts";
import { CpuPool, CpuWorkspace } from "./pool.ts";
import { CpuProgram, copyBytes } from "./program.ts";
import { RegisterPool } from "./registers.ts";
import { Scratch } from "./scratch.ts";
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
}

class CpuDevice implements Device {
  readonly info: DeviceInfo;
  readonly target = cpuTarget;
  readonly failure = null;
  /** Never resolves: the cpu is not lost. */
  readonly lost = new Promise<Error>(() => {});
  readonly #pool: CpuPool;
  readonly #workspace: CpuWorkspace;
  readonly #machine: Machine;

  /** `features`: what kernels are made of; without "wasm-simd" they are JavaScript. */
  constructor(features: readonly string[]) {
    this.info = { backend: "cpu", adapter: null, features, limits };
    const linear = features.includes("wasm-simd") ? new LinearHeap() : null;
    this.#pool = new CpuPool(linear ?? new ArrayHeap(), maxBytes);
    this.#workspace = new CpuWorkspace(this.#pool);
    const relaxed = features.includes("relaxed-simd");
    this.#machine = { heap: linear, relaxed, registers: new RegisterPool(), scratch: new Scratch() };
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

/** Opens the cpu backend. Always available; each call gives a device with memory of its own. */
export function openCpu({ webAssembly = "relaxed" }: CpuOptions = {}): Device {
  const { simd, relaxed } = webAssemblySupport();
  if (webAssembly === false || !simd) return new CpuDevice([]);
  return new CpuDevice(webAssembly === "relaxed" && relaxed ? ["wasm-simd", "relaxed-simd"] : ["wasm-simd"]);
}

/** Why the backend computes in JavaScript although WebAssembly was wanted, if so. */
export function cpuNotice({ webAssembly }: CpuOptions): string | undefined {
  const { simd, reason } = webAssemblySupport();
  if (simd || webAssembly === false) return undefined;
  return `tenrec: the cpu backend computes in JavaScript, many times slower than it could, because ${reason}.`;
}
