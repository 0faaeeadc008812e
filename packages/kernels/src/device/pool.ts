/**
 * @file Buffers of a GPU device: allocation, reuse of freed ones by size class, and the accounts of who holds
 * what.
 */
import type { DeviceBuffer } from "../ir/device.ts";
import { countLiveBytes, counts } from "./counters.ts";
import { formatBytes, internal, MemoryError } from "./errors.ts";
import { paddedBytes, sizeClass } from "./sizeClass.ts";

/** What a buffer is for; buffers of one kind may follow each other in the same GPU memory. */
export type BufferKind = "storage" | "uniform" | "staging" | "indirect";

/** The usage bits of the specification: its constants are missing where only a device was passed in. */
const usageOf: Readonly<Record<BufferKind, number>> = {
  storage: 0x80 | 0x04 | 0x08, // STORAGE | COPY_SRC | COPY_DST
  uniform: 0x40 | 0x08, // UNIFORM | COPY_DST
  staging: 0x01 | 0x08, // MAP_READ | COPY_DST
  indirect: 0x100 | 0x80 | 0x08, // INDIRECT | STORAGE | COPY_DST
};

/**
 * A GPU buffer, which outlives the allocations that use it one after another. `serial` is its identity in
 * bind group keys.
 */
export interface Physical {
  readonly gpu: GPUBuffer;
  readonly bytes: number;
  readonly kind: BufferKind;
  readonly serial: number;
  /** The GPU had no memory for it. */
  lost: boolean;
  /** Label of the GPU buffer, which is slow to ask. */
  label: string;
}

/** An allocation of a GPU device. */
export interface GpuBuffer extends DeviceBuffer {
  readonly physical: Physical;
}

/**
 * Free memory that is always kept; beyond it, as much as was in use at the last peak, so that a loop finds
 * its buffers again.
 */
const freeAlways = 64 << 20;

/**
 * What each free leaves of the remembered peak: after some thousand of them, memory of a past task goes back
 * to the system.
 */
const peakDecay = 0.999;

/** A GPU that has no memory for so little is lost: nobody waits to know. */
const smallBytes = 1 << 16;

export class BufferPool {
  readonly #gpu: GPUDevice;
  readonly #maxBytes: number;
  readonly #destroyLater: (buffer: GPUBuffer) => void;
  readonly #onError: (error: MemoryError) => void;
  readonly #live = new Set<GpuBuffer>();
  /** Free buffers, longest free first, and the same ones by kind and size. */
  readonly #free = new Set<Physical>();
  readonly #bySize = new Map<string, Physical[]>();
  #liveBytes = 0;
  #freeBytes = 0;
  #recentPeak = 0;
  #serial = 0;
  /** What became of the buffers made by the allocations that may fail; null outside of these. */
  #outcomes: Promise<void>[] | null = null;
  #id = 0;

  /** `destroyLater` runs in queue order: work that waits for a pipeline may still use the buffer. */
  constructor(
    gpu: GPUDevice,
    destroyLater: (buffer: GPUBuffer) => void,
    onError: (error: MemoryError) => void,
  ) {
    this.#gpu = gpu;
    this.#maxBytes = gpu.limits.maxBufferSize;
    this.#destroyLater = destroyLater;
    this.#onError = onError;
  }

  take(bytes: number, label: string, kind: BufferKind = "storage"): GpuBuffer {
    const padded = paddedBytes(bytes);
    if (padded > this.#maxBytes) throw this.#tooLarge(padded, label);
    const size = Math.min(sizeClass(padded), this.#maxBytes - (this.#maxBytes % 4));
    const physical = this.#reuse(kind, size, label) ?? this.#create(kind, size, label);
    const buffer: GpuBuffer = { id: ++this.#id, bytes: padded, label, physical };
    this.#live.add(buffer);
    this.#liveBytes += padded;
    countLiveBytes(padded);
    return buffer;
  }

  give(buffer: GpuBuffer): void {
    if (!this.#live.delete(buffer))
      throw internal(`buffer "${buffer.label}" was freed twice, or belongs to another device.`);
    this.#recentPeak = Math.max(this.#liveBytes, this.#recentPeak * peakDecay);
    this.#liveBytes -= buffer.bytes;
    countLiveBytes(-buffer.bytes);
    const { physical } = buffer;
    if (physical.lost) return;
    const key = physical.kind + physical.bytes;
    const sameSize = this.#bySize.get(key);
    if (sameSize) sameSize.push(physical);
    else this.#bySize.set(key, [physical]);
    this.#free.add(physical);
    this.#freeBytes += physical.bytes;
    this.#trim(Math.max(freeAlways, this.#recentPeak - this.#liveBytes));
  }

  /**
   * Allocations that may fail without being an error of the device. `made` resolves when the GPU has found memory for all of them, and
   * rejects with MemoryError where it has not: then they must be given back unused. Null where only small buffers were made.
   */
  tentatively<T>(allocate: () => T): { readonly result: T; readonly made: Promise<void> | null } {
    const outcomes: Promise<void>[] = [];
    this.#outcomes = outcomes;
    try {
      const result = allocate();
      return { result, made: outcomes.length === 0 ? null : allMade(outcomes) };
    } finally {
      this.#outcomes = null;
    }
  }

  owns(buffer: DeviceBuffer): buffer is GpuBuffer {
    return this.#live.has(buffer as GpuBuffer);
  }

  memory(): { bytes: number; buffers: number; owners: Record<string, number> } {
    const owners: Record<string, number> = {};
    for (const { label, bytes } of this.#live) {
      const owner = /^\w+/.exec(label)?.[0] ?? "other";
      owners[owner] = (owners[owner] ?? 0) + bytes;
    }
    return { bytes: this.#liveBytes, buffers: this.#live.size, owners };
  }

  /** Destroys every buffer, used or not. */
  dispose(): void {
    for (const { physical } of this.#live) physical.gpu.destroy();
    for (const physical of this.#free) physical.gpu.destroy();
    countLiveBytes(-this.#liveBytes);
    this.#live.clear();
    this.#free.clear();
    this.#bySize.clear();
    this.#liveBytes = 0;
    this.#freeBytes = 0;
  }

  #reuse(kind: BufferKind, size: number, label: string): Physical | undefined {
    const physical = this.#bySize.get(kind + size)?.pop();
    if (!physical) return undefined;
    this.#free.delete(physical);
    this.#freeBytes -= physical.bytes;
    if (physical.lost) return this.#reuse(kind, size, label);
    if (physical.label !== label) {
      physical.gpu.label = label;
      physical.label = label;
    }
    return physical;
  }

  #create(kind: BufferKind, size: number, label: string): Physical {
    const held = this.#liveBytes + this.#freeBytes;
    this.#gpu.pushErrorScope("out-of-memory");
    const gpu = this.#gpu.createBuffer({ size, usage: usageOf[kind], label });
    counts.buffersCreated++;
    const physical: Physical = { gpu, bytes: size, kind, serial: ++this.#serial, lost: false, label };
    const tentative = size > smallBytes ? this.#outcomes : null;
    const outcome = this.#gpu.popErrorScope().then(
      (error) => {
        if (!error) return;
        physical.lost = true;
        const failure = this.#outOfMemory(size, label, held, error.message);
        if (tentative) throw failure;
        this.#onError(failure);
      },
      () => {}, // The device was lost meanwhile, which is reported by itself.
    );
    tentative?.push(outcome);
    return physical;
  }

  #trim(budget: number): void {
    for (const physical of this.#free) {
      if (this.#freeBytes <= budget) return;
      this.#free.delete(physical);
      this.#freeBytes -= physical.bytes;
      const sameSize = this.#bySize.get(physical.kind + physical.bytes)!;
      sameSize.splice(sameSize.indexOf(physical), 1);
      this.#destroyLater(physical.gpu);
    }
  }

  #tooLarge(bytes: number, label: string): MemoryError {
    return new MemoryError("alloc", `"${label}" is larger than any buffer of this device.`, {
      received: formatBytes(bytes),
      expected: `at most ${formatBytes(this.#maxBytes)} (the device's maxBufferSize)`,
      fix: "use a smaller batch or split the tensor",
    });
  }

  #outOfMemory(bytes: number, label: string, held: number, message: string): MemoryError {
    return new MemoryError("alloc", `the GPU is out of memory (${message}).`, {
      received: `${formatBytes(bytes)} for "${label}", beside ${formatBytes(held)} already allocated`,
      expected: `less than the GPU has free (one buffer may have ${formatBytes(this.#maxBytes)})`,
      fix: "use a smaller batch or model, dispose tensors that are no longer needed, then call init() again",
    });
  }
}

/** Rejects when all is known: which buffers are lost must be told before they are given back. */
async function allMade(outcomes: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(outcomes);
  const failed = settled.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
}
