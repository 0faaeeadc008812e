/** @file Memory of the cpu device: arrays with their views, kept for reuse by size class, and who holds what. */
import { countLiveBytes, counts } from "../device/counters.ts";
import { formatBytes, internal, MemoryError } from "../device/errors.ts";
import { paddedBytes, sizeClass } from "../device/sizeClass.ts";
import type { DeviceBuffer } from "../ir/device.ts";
import type { Plan } from "../ir/plan.ts";
import { slotGrowth, slotSizes } from "../ir/slots.ts";
import { type Views, viewsOf } from "./memory.ts";

export interface CpuBuffer extends DeviceBuffer {
  readonly views: Views;
}

/** Freed memory kept for reuse whatever is in use; beyond it, as much as is in use. */
const freeAlways = 64 << 20;

export class CpuPool {
  readonly #maxBytes: number;
  readonly #live = new Set<CpuBuffer>();
  readonly #free = new Map<number, Views[]>();
  #freeBytes = 0;
  #liveBytes = 0;
  #id = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  take(bytes: number, label: string): CpuBuffer {
    const padded = paddedBytes(bytes);
    if (!(padded <= this.#maxBytes)) throw this.#tooLarge(bytes, label);
    const size = sizeClass(padded);
    const views = this.#reuse(size) ?? this.#create(size, label);
    const buffer = { id: ++this.#id, bytes: padded, label, views };
    this.#live.add(buffer);
    this.#liveBytes += padded;
    countLiveBytes(padded);
    return buffer;
  }

  give(buffer: DeviceBuffer): void {
    const { views } = this.owned(buffer);
    this.#live.delete(buffer as CpuBuffer);
    this.#liveBytes -= buffer.bytes;
    countLiveBytes(-buffer.bytes);
    const size = views.u.byteLength;
    if (this.#freeBytes + size > Math.max(freeAlways, this.#liveBytes)) return;
    this.#freeBytes += size;
    const same = this.#free.get(size);
    if (same) same.push(views);
    else this.#free.set(size, [views]);
  }

  /** The buffer as one of this pool. */
  owned(buffer: DeviceBuffer): CpuBuffer {
    if (this.#live.has(buffer as CpuBuffer)) return buffer as CpuBuffer;
    throw internal(`buffer "${buffer.label}" was freed already, or belongs to another device.`);
  }

  memory(): { bytes: number; buffers: number; owners: Record<string, number> } {
    const owners: Record<string, number> = {};
    for (const { label, bytes } of this.#live) {
      const owner = /^\w+/.exec(label)?.[0] ?? "other";
      owners[owner] = (owners[owner] ?? 0) + bytes;
    }
    return { bytes: this.#liveBytes, buffers: this.#live.size, owners };
  }

  dispose(): void {
    countLiveBytes(-this.#liveBytes);
    this.#liveBytes = this.#freeBytes = 0;
    this.#live.clear();
    this.#free.clear();
  }

  #reuse(size: number): Views | undefined {
    const views = this.#free.get(size)?.pop();
    if (views) this.#freeBytes -= size;
    return views;
  }

  #create(size: number, label: string): Views {
    try {
      const views = viewsOf(new ArrayBuffer(size));
      counts.buffersCreated++;
      return views;
    } catch (error) {
      throw this.#outOfMemory(size, label, error);
    }
  }

  #tooLarge(bytes: number, label: string): MemoryError {
    return new MemoryError("alloc", `"${label}" is larger than any buffer of the cpu device.`, {
      received: Number.isFinite(bytes) ? formatBytes(bytes) : `${bytes} bytes`,
      expected: `at most ${formatBytes(this.#maxBytes)}`,
      fix: "use a smaller batch or split the tensor",
    });
  }

  #outOfMemory(bytes: number, label: string, error: unknown): MemoryError {
    return new MemoryError(
      "alloc",
      `the system is out of memory (${error instanceof Error ? error.message : error}).`,
      {
        received: `${formatBytes(bytes)} for "${label}", beside ${formatBytes(this.#liveBytes)} in use`,
        expected: "less than JavaScript may have",
        fix: "use a smaller batch or model, or dispose tensors that are no longer needed",
      },
    );
  }
}

/** Activation memory: slot n of all programs is the same buffer, since they run one after another. It grows and is let go with its users. */
export class CpuWorkspace {
  readonly #pool: CpuPool;
  readonly #slots = new Map<number, { buffer: CpuBuffer; users: number }>();

  constructor(pool: CpuPool) {
    this.#pool = pool;
  }

  /** Makes every slot of `plan` large enough and keeps it until `release`; where memory is lacking nothing has changed. */
  retain(plan: Plan): void {
    const held: number[] = [];
    try {
      for (const [number, bytes] of slotSizes(plan)) {
        this.#hold(number, bytes);
        held.push(number);
      }
    } catch (error) {
      for (const number of held) this.#letGo(number);
      throw error;
    }
  }

  #hold(number: number, bytes: number): void {
    const slot = this.#slots.get(number);
    if (!slot) {
      this.#slots.set(number, { buffer: this.#pool.take(bytes, `slot ${number}`), users: 1 });
      return;
    }
    if (slot.buffer.bytes < bytes) {
      const grown = this.#pool.take(bytes, `slot ${number}`);
      this.#pool.give(slot.buffer);
      slot.buffer = grown;
    }
    slot.users++;
  }

  #letGo(number: number): void {
    const slot = this.#slots.get(number)!;
    if (--slot.users > 0) return;
    this.#pool.give(slot.buffer);
    this.#slots.delete(number);
  }

  /** Bytes that `retain` would take. */
  growth(plan: Plan): number {
    return slotGrowth(plan, this.#slots);
  }

  release(plan: Plan): void {
    for (const number of slotSizes(plan).keys()) this.#letGo(number);
  }

  views(number: number): Views {
    return this.#slots.get(number)!.buffer.views;
  }
}
