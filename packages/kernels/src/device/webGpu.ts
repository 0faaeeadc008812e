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
import { DeviceError, internal } from "./errors.ts";
import { OrderedQueue } from "./orderedQueue.ts";
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

/** An outstanding promise of the device, so that a failure can reject it. */
interface Ticket<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

class GpuDevice implements Device {
  readonly info: DeviceInfo;
  /** Held as long as the device: Node's binding takes everything down with it. */
  readonly source: GPU | undefined;
  target: Target;
  readonly lost: Promise<Error>;
  failure: Error | null = null;
  readonly #gpu: GPUDevice;
  readonly #owned: boolean;
  readonly #pool: BufferPool;
  readonly #host: ProgramHost;
  readonly #readback: Readback;
  readonly #order = new OrderedQueue();
  readonly #throttle = new Throttle();
  readonly #tickets = new Set<Ticket<never>>();
  #resolveLost: (error: Error) => void = () => {};
  #timer: Promise<KernelTimer> | null = null;
  #disposed = false;
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
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
    const defer = (operation: () => void): void =>
      this.#inOrder(() => {
        // Memory is given back or destroyed: what is encoded already may use it.
        this.#submitEncoded();
        operation();
      });
    this.#pool = new BufferPool(
      gpu,
      (buffer) => defer(() => buffer.destroy()),
      (error) => this.#fail(error),
    );
    const workspace = new Workspace(this.#pool);
    const clock = cutSubmits ? { lastDone: 0 } : null;
    this.#host = { gpu, pool: this.#pool, workspace, pipelines: new PipelineCache(gpu, emit), clock, defer };
    this.#readback = new Readback(gpu, this.#pool);
    gpu.addEventListener("uncapturederror", this.#onUncaptured);
    gpu.lost.then(({ reason, message }) => this.#fail(this.#lostError(`${reason}: ${message}`)));
  }

  alloc(bytes: number, label: string): DeviceBuffer {
    if (this.#disposed) throw disposedError();
    return this.#pool.take(bytes, label);
  }

  free(buffer: DeviceBuffer): void {
    if (!this.#disposed) this.#pool.give(buffer as GpuBuffer);
  }

  write(buffer: DeviceBuffer, offset: number, data: ArrayBufferView): void {
    const { physical } = this.#own(buffer);
    checkRange("write", buffer, offset, data.byteLength);
    if (offset % 4 !== 0)
      throw internal(`write at byte ${offset} of "${buffer.label}" is not at a whole word.`);
    const words = wholeWords(data, !this.#order.empty);
    this.#inOrder(() => {
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
    this.#inOrder(() => {
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
    if (this.#ended) return Promise.reject(this.#ended);
    const owned = this.#own(buffer);
    checkRange("read", buffer, offset, bytes);
    return this.#promise(() => {
      this.#submitEncoded();
      return this.#readback.read(owned, offset, bytes);
    });
  }

  build(plan: Plan): Program {
    const { result: program, made } = this.#pool.tentatively(() => new GpuProgram(this.#host, plan));
    made.catch((error: Error) => {
      if (program.ran) this.#fail(error);
    });
    const built = program.ready;
    program.waitFor(made);
    const drain = (): void => this.#drain();
    built.then(drain, drain);
    return program;
  }

  bind(program: Program, externals: readonly DeviceBuffer[]): void {
    if (!this.#ended) (program as GpuProgram).bind(externals as GpuBuffer[]);
  }

  run(
    program: Program,
    externals: readonly DeviceBuffer[],
    results: readonly DeviceBuffer[],
    scalars: Uint32Array,
  ): void {
    if (this.#ended) return;
    const ours = program as GpuProgram;
    ours.check(externals as GpuBuffer[], results as GpuBuffer[], scalars);
    if (this.#order.empty && ours.settled) {
      this.#execute(ours, externals as GpuBuffer[], results as GpuBuffer[], scalars);
      return;
    }
    const kept = [[...externals] as GpuBuffer[], [...results] as GpuBuffer[], scalars.slice()] as const;
    this.#order.push(ours, () => this.#execute(ours, ...kept));
  }

  together(body: () => void): void {
    this.#inOrder(() => {
      this.#gathering++;
    });
    try {
      body();
    } finally {
      this.#inOrder(() => {
        if (--this.#gathering === 0) this.#submitEncoded();
      });
    }
  }

  growth(plan: Plan): number {
    return this.#host.workspace.growth(plan);
  }

  sync(): Promise<void> {
    return this.#promise(() => {
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
    if (this.#disposed) return;
    this.#disposed = true;
    this.#gpu.removeEventListener("uncapturederror", this.#onUncaptured);
    this.#rejectAll(disposedError());
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
      this.#fail(program.failure);
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

  /** Why nothing can be computed any more, if so. */
  get #ended(): Error | null {
    return this.#disposed ? disposedError() : this.failure;
  }

  /** At once where nothing waits, else behind what waits. A failed device takes no more work. */
  #inOrder(execute: () => void): void {
    if (this.#ended) return;
    if (this.#order.empty) execute();
    else this.#order.push(null, execute);
  }

  #drain(): void {
    try {
      this.#order.drain();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** The promise of `start`, called in queue order; a failure of the device rejects it. */
  #promise<T>(start: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      const ticket: Ticket<T> = { resolve, reject };
      this.#tickets.add(ticket);
      this.#inOrder(() => {
        start()
          .then(resolve, reject)
          .finally(() => this.#tickets.delete(ticket));
      });
    });
  }

  #fail(error: Error): void {
    if (this.failure || this.#disposed) return;
    this.failure = error;
    this.#rejectAll(error);
    this.#resolveLost(error);
  }

  #rejectAll(error: Error): void {
    this.#order.clear();
    for (const ticket of this.#tickets) ticket.reject(error);
    this.#tickets.clear();
  }

  readonly #onUncaptured = ({ error }: GPUUncapturedErrorEvent): void => {
    this.#fail(
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
    if (this.#disposed) throw disposedError();
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

function disposedError(): DeviceError {
  return new DeviceError("webgpu", "the device was disposed.", {
    received: "a call after dispose",
    expected: "a device in use",
    fix: "call init() again before computing",
  });
}
