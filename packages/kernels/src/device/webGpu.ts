/** @file The WebGPU device: one ordered queue over buffers, programs, reads and failures. */
import type { Device, DeviceBuffer, DeviceInfo, KernelTimer, Program, Target } from "../ir/device.ts";
import type { Plan } from "../ir/plan.ts";
import { type EmitWgsl, PipelineCache } from "../program/pipelines.ts";
import { GpuProgram, type ProgramHost } from "../program/program.ts";
import { Workspace } from "../program/workspace.ts";
import {
  type AdapterOptions,
  describeDevice,
  findAdapter,
  hasQuads,
  hasSubgroups,
  requestDevice,
} from "./adapter.ts";
import { counts } from "./counters.ts";
import { DeviceQueue } from "./deviceQueue.ts";
import { DeviceError, disposedError, internal } from "./errors.ts";
import { BufferPool, type GpuBuffer } from "./pool.ts";
import { Readback } from "./readback.ts";
import { webGpuTarget } from "./target.ts";
import { Throttle } from "./throttle.ts";

export interface WebGpuOptions extends AdapterOptions {
  /** A device to share; it is not destroyed on dispose, and any uncaptured error of it counts as ours. */
  readonly device?: GPUDevice;
  /** Emits WGSL; tests pass their own. */
  readonly emit: EmitWgsl;
  /** Overrides for compilation, such as a smaller `narrowRow` in tests. */
  readonly target?: Partial<Target>;
  /**
   * Cut programs whose measured GPU time exceeds 50 ms into several submits. Off by default: one submit per
   * run.
   */
  readonly cutSubmits?: boolean;
}

/** Opens a WebGPU device; rejects with DeviceError where there is none. */
export async function openGpuDevice(options: WebGpuOptions): Promise<Device> {
  if (options.device) return new GpuDevice(options.device, options);
  const { gpu, adapter } = await findAdapter(options);
  return new GpuDevice(await requestDevice(adapter, options.masked), { ...options, gpu });
}

class GpuDevice implements Device {
  readonly info: DeviceInfo;
  /** Held as long as the device: Node's binding takes everything down with it. */
  readonly source: GPU | undefined;
  target: Target;
  readonly #gpu: GPUDevice;
  readonly #owned: boolean;
  readonly #pool: BufferPool;
  readonly #host: ProgramHost;
  readonly #readback: Readback;
  readonly #queue = new DeviceQueue();
  readonly #throttle = new Throttle();
  #timer: Promise<KernelTimer> | null = null;
  #lastRun = "";
  /** Copies, and runs of `together`, that wait for the next operation to be submitted with it. */
  #encoder: GPUCommandEncoder | null = null;
  /** How many calls of `together` are open. */
  #gathering = 0;

  constructor(gpu: GPUDevice, options: WebGpuOptions) {
    const { device, emit, target, cutSubmits = false } = options;
    this.#gpu = gpu;
    this.source = options.gpu;
    this.#owned = device === undefined;
    this.info = describeDevice(gpu);
    const software = this.info.adapter?.software ?? false;
    const subgroups = !software && hasSubgroups(gpu, options.gpu);
    this.target = { ...webGpuTarget(gpu.limits, software, software && hasQuads(gpu)), subgroups, ...target };
    const defer = (operation: () => void): void =>
      this.#queue.inOrder(() => {
        // Memory is given back or destroyed: what is encoded already may use it.
        this.#submitEncoded();
        operation();
      });
    this.#pool = new BufferPool(
      gpu,
      (buffer) => defer(() => buffer.destroy()),
      (error) => this.#queue.fail(error),
    );
    const workspace = new Workspace(this.#pool);
    const clock = cutSubmits ? { lastDone: 0 } : null;
    this.#host = { gpu, pool: this.#pool, workspace, pipelines: new PipelineCache(gpu, emit), clock, defer };
    this.#readback = new Readback(gpu, this.#pool);
    gpu.addEventListener("uncapturederror", this.#onUncaptured);
    gpu.lost.then(({ reason, message }) => this.#queue.fail(this.#lostError(`${reason}: ${message}`)));
  }

  get failure(): Error | null {
    return this.#queue.failure;
  }

  get lost(): Promise<Error> {
    return this.#queue.lost;
  }

  alloc(bytes: number, label: string): DeviceBuffer {
    if (this.#queue.disposed) throw disposedError("webgpu");
    return this.#pool.take(bytes, label);
  }

  free(buffer: DeviceBuffer): void {
    if (!this.#queue.disposed) this.#pool.give(buffer as GpuBuffer);
  }

  write(buffer: DeviceBuffer, offset: number, data: ArrayBufferView): void {
    const { physical } = this.#own(buffer);
    checkRange("write", buffer, offset, data.byteLength);
    if (offset % 4 !== 0)
      throw internal(`write at byte ${offset} of "${buffer.label}" is not at a whole word.`);
    const words = wholeWords(data, !this.#queue.empty);
    this.#queue.inOrder(() => {
      this.#submitEncoded();
      this.#gpu.queue.writeBuffer(physical.gpu, offset, words.buffer, words.byteOffset, words.byteLength);
      counts.bytesWritten += words.byteLength;
    });
  }

  copy(from: DeviceBuffer, fromOffset: number, to: DeviceBuffer, toOffset: number, bytes: number): void {
    const source = this.#own(from).physical.gpu;
    const target = this.#own(to).physical.gpu;
    checkRange("copy from", from, fromOffset, bytes);
    checkRange("copy to", to, toOffset, bytes);
    this.#queue.inOrder(() => {
      this.#encoder ??= this.#gpu.createCommandEncoder();
      this.#encoder.copyBufferToBuffer(source, fromOffset, target, toOffset, bytes);
    });
  }

  /** Copies gather in one encoder; a run continues it, anything else that the queue sees submits it first. */
  #takeEncoder(): GPUCommandEncoder | null {
    const encoder = this.#encoder;
    this.#encoder = null;
    return encoder;
  }

  #submitEncoded(): void {
    const encoder = this.#takeEncoder();
    if (!encoder) return;
    this.#gpu.queue.submit([encoder.finish()]);
    counts.submits++;
  }

  read(buffer: DeviceBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    if (this.#queue.ended) return Promise.reject(this.#queue.ended);
    const owned = this.#own(buffer);
    checkRange("read", buffer, offset, bytes);
    return this.#queue.promise(() => {
      this.#submitEncoded();
      return this.#readback.read(owned, offset, bytes);
    });
  }

  build(plan: Plan): Program {
    const { result: program, made } = this.#pool.tentatively(() => new GpuProgram(this.#host, plan));
    program.settle(made);
    if (made) this.#holdBack(made);
    if (!program.settled) this.#queue.drainAfter(program.ready);
    return program;
  }

  /** Programs share slots: nobody runs in one of which it is not known yet whether the GPU had memory for it. */
  #holdBack(made: Promise<void>): void {
    const gate = { settled: false };
    this.#queue.behind(gate, () => {});
    const open = (): void => {
      gate.settled = true;
    };
    this.#queue.drainAfter(made.then(open, open));
  }

  bind(program: Program, externals: readonly DeviceBuffer[]): void {
    if (!this.#queue.ended) (program as GpuProgram).bind(externals as GpuBuffer[]);
  }

  run(
    program: Program,
    externals: readonly DeviceBuffer[],
    results: readonly DeviceBuffer[],
    scalars: Uint32Array,
  ): void {
    if (this.#queue.ended) return;
    const ours = program as GpuProgram;
    ours.check(externals as GpuBuffer[], results as GpuBuffer[], scalars);
    if (this.#queue.empty && ours.settled) {
      this.#execute(ours, externals as GpuBuffer[], results as GpuBuffer[], scalars);
      return;
    }
    const kept = [[...externals] as GpuBuffer[], [...results] as GpuBuffer[], scalars.slice()] as const;
    this.#queue.behind(ours, () => this.#execute(ours, ...kept));
  }

  together(body: () => void): void {
    this.#queue.inOrder(() => {
      this.#gathering++;
    });
    try {
      body();
    } finally {
      this.#queue.inOrder(() => {
        if (--this.#gathering === 0) this.#submitEncoded();
      });
    }
  }

  growth(plan: Plan): number {
    return this.#host.workspace.growth(plan);
  }

  sync(): Promise<void> {
    return this.#queue.promise(() => {
      this.#submitEncoded();
      return this.#gpu.queue.onSubmittedWorkDone();
    });
  }

  throttle(ahead = 3): Promise<void> | null {
    return this.#throttle.mark(ahead, () => this.sync());
  }

  memory(): ReturnType<Device["memory"]> {
    return this.#pool.memory();
  }

  timer(): Promise<KernelTimer> {
    this.#timer ??= import("../program/kernelTimer.ts").then(
      ({ GpuKernelTimer }) => new GpuKernelTimer(this.#host),
    );
    return this.#timer;
  }

  dispose(): void {
    if (this.#queue.disposed) return;
    this.#gpu.removeEventListener("uncapturederror", this.#onUncaptured);
    this.#queue.dispose(disposedError("webgpu"));
    this.#pool.dispose();
    if (this.#owned) this.#gpu.destroy();
  }

  #execute(
    program: GpuProgram,
    externals: readonly GpuBuffer[],
    results: readonly GpuBuffer[],
    scalars: Uint32Array,
  ): void {
    if (program.failure) {
      this.#queue.fail(program.failure);
      return;
    }
    this.#lastRun = program.plan.label;
    // Programs that may have to be cut are measured one by one.
    const gathers = this.#gathering > 0 && !this.#host.clock;
    // Scalars are written at once: before runs that are encoded but not submitted.
    if (gathers && scalars.length > 0) this.#submitEncoded();
    const encoder = program.encode(this.#takeEncoder(), externals, results, scalars);
    if (gathers) this.#encoder = encoder;
    else program.submit(encoder);
  }

  readonly #onUncaptured = ({ error }: GPUUncapturedErrorEvent): void => {
    this.#queue.fail(
      new DeviceError("webgpu", "the GPU reported an error.", {
        received: `${error.message}${this.#lastRun ? ` (the last program run was "${this.#lastRun}")` : ""}`,
        expected: "no GPU errors",
        fix: "this is a bug in tenrec unless the GPUDevice is shared: please report it with this message",
      }),
    );
  };

  #lostError(reason: string): DeviceError {
    return new DeviceError("webgpu", "the GPU device was lost.", {
      received: `${reason}${this.#lastRun ? ` (the last program run was "${this.#lastRun}")` : ""}`,
      expected: "a device that stays",
      fix: "call init() again and restore the last checkpoint; use a smaller batch if it happens again",
    });
  }

  #own(buffer: DeviceBuffer): GpuBuffer {
    if (this.#queue.disposed) throw disposedError("webgpu");
    if (this.#pool.owns(buffer)) return buffer;
    throw internal(`buffer "${buffer.label}" was used after it was freed, or belongs to another device.`);
  }
}

function checkRange(what: string, buffer: DeviceBuffer, offset: number, bytes: number): void {
  if (offset >= 0 && bytes >= 0 && offset + bytes <= buffer.bytes) return;
  throw internal(
    `${what} ${bytes} bytes at ${offset} is outside "${buffer.label}" of ${buffer.bytes} bytes.`,
  );
}

/** The bytes of `data`, filled up with zeros to whole words; a copy where `copy` or where it must grow. */
function wholeWords(data: ArrayBufferView, copy: boolean): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const rest = data.byteLength % 4;
  if (rest === 0) return copy ? bytes.slice() : bytes;
  const padded = new Uint8Array(data.byteLength + 4 - rest);
  padded.set(bytes);
  return padded;
}
