/** @file The cpu device: the same plans as on WebGPU, executed as WebAssembly, or by JavaScript block loops. */

import { counts } from "../device/counters.ts";
import { DeviceQueue } from "../device/deviceQueue.ts";
import { disposedError, internal } from "../device/errors.ts";
import type { Device, DeviceBuffer, DeviceInfo, Program, Target } from "../ir/device.ts";
import type { Plan } from "../ir/plan.ts";
import { verifyPlan } from "../program/verify.ts";
import * as templates from "../templates/library.ts";
import { ArrayHeap, LinearHeap } from "./heap.ts";
import { type CpuBuffer, CpuPool, CpuWorkspace } from "./pool.ts";
import { CpuProgram, copyBytes, type ProgramHost } from "./program.ts";
import type { ThreadPool } from "./threads/pool.ts";
import { ModuleCache } from "./wasm/modules.ts";
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
  readonly #queue = new DeviceQueue();
  readonly #pool: CpuPool;
  readonly #host: ProgramHost;
  readonly #threads: ThreadPool | null;

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
    const relaxed = features.includes("relaxed-simd");
    const modules = linear && new ModuleCache(linear, relaxed, threads);
    this.#threads = threads;
    this.#pool = new CpuPool(linear ?? new ArrayHeap(), maxBytes);
    this.#host = {
      workspace: new CpuWorkspace(this.#pool),
      machine: { pool: this.#pool, modules, blocks: null },
      defer: (operation) => this.#queue.inOrder(operation),
    };
  }

  get failure(): Error | null {
    return this.#queue.failure;
  }

  get lost(): Promise<Error> {
    return this.#queue.lost;
  }

  alloc(bytes: number, label: string): DeviceBuffer {
    if (this.#queue.disposed) throw disposedError("cpu");
    return this.#pool.take(bytes, label);
  }

  free(buffer: DeviceBuffer): void {
    // Only behind what still uses it: its range may be anybody's next.
    this.#queue.inOrder(() => this.#pool.give(buffer));
  }

  write(buffer: DeviceBuffer, offset: number, data: ArrayBufferView): void {
    const { block } = this.#inside(buffer, offset, data.byteLength);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const kept = this.#queue.empty ? bytes : bytes.slice();
    this.#queue.inOrder(() => {
      block.views.uint8.set(kept, offset);
      counts.bytesWritten += kept.length;
    });
  }

  copy(from: DeviceBuffer, fromOffset: number, to: DeviceBuffer, toOffset: number, bytes: number): void {
    const source = this.#inside(from, fromOffset, bytes).block;
    const target = this.#inside(to, toOffset, bytes).block;
    this.#queue.inOrder(() => copyBytes(source.views, fromOffset, target.views, toOffset, bytes));
  }

  read(buffer: DeviceBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    if (this.#queue.ended) return Promise.reject(this.#queue.ended);
    const { block } = this.#inside(buffer, offset, bytes);
    const copyOut = (): Promise<ArrayBuffer> => {
      counts.bytesRead += bytes;
      return Promise.resolve(block.views.uint8.slice(offset, offset + bytes).buffer);
    };
    return this.#queue.empty ? copyOut() : this.#queue.promise(copyOut);
  }

  build(plan: Plan): Program {
    verifyPlan(plan, limits);
    const program = new CpuProgram(plan, this.#host);
    if (!program.settled) this.#queue.drainAfter(program.ready);
    return program;
  }

  /** Nothing is prepared on the CPU: a run reads memory directly. */

  bind(): void {}

  run(
    program: Program,
    externals: readonly DeviceBuffer[],
    results: readonly DeviceBuffer[],
    scalars: Uint32Array,
  ): void {
    if (this.#queue.ended) return;
    const ours = program as CpuProgram;
    for (const buffer of externals) this.#pool.owned(buffer);
    for (const buffer of results) this.#pool.owned(buffer);
    if (this.#queue.empty && ours.settled) {
      this.#execute(ours, externals as CpuBuffer[], results as CpuBuffer[], scalars);
      return;
    }
    const kept = [[...externals] as CpuBuffer[], [...results] as CpuBuffer[], scalars.slice()] as const;
    this.#queue.behind(ours, () => this.#execute(ours, ...kept));
  }

  /** Work is done when it is asked for: there is nothing to gather. */
  together(body: () => void): void {
    body();
  }

  growth(plan: Plan): number {
    return this.#host.workspace.growth(plan);
  }

  /** Null where work was done when `run` returned, so that there is nothing to wait for. */
  throttle(): Promise<void> | null {
    return this.#queue.empty ? null : this.sync();
  }

  sync(): Promise<void> {
    return this.#queue.promise(() => Promise.resolve());
  }

  memory(): { bytes: number; buffers: number; owners: Record<string, number> } {
    return this.#pool.memory();
  }

  timer(): null {
    return null;
  }

  dispose(): void {
    if (this.#queue.disposed) return;
    this.#queue.dispose(disposedError("cpu"));
    this.#threads?.dispose();
    this.#pool.dispose();
  }

  #execute(
    program: CpuProgram,
    externals: readonly CpuBuffer[],
    results: readonly CpuBuffer[],
    scalars: Uint32Array,
  ): void {
    if (program.failure) {
      this.#queue.fail(program.failure);
      return;
    }
    program.run(externals, results, scalars);
    counts.passes++;
    counts.submits++;
  }

  /** `buffer`, once it is known that the range lies inside. */
  #inside(buffer: DeviceBuffer, offset: number, bytes: number): CpuBuffer {
    if (offset < 0 || offset + bytes > buffer.bytes) {
      throw internal(
        `bytes ${offset} to ${offset + bytes} lie outside buffer "${buffer.label}" of ${buffer.bytes} bytes.`,
      );
    }
    return this.#pool.owned(buffer);
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
