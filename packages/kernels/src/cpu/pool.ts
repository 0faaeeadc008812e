/** @file Memory of the cpu device: arrays with their views, kept for reuse by size class, and who holds what. */
import { countLiveBytes, counts } from "../device/counters.ts";
import { disposedError, formatBytes, internal, MemoryError } from "../device/errors.ts";
import { paddedBytes } from "../device/sizeClass.ts";
import type { DeviceBuffer } from "../ir/device.ts";
import type { Plan } from "../ir/plan.ts";
import { slotGrowth, slotSizes } from "../ir/slots.ts";
import type { Block, Heap } from "./heap.ts";
import type { Views } from "./memory.ts";

export interface CpuBuffer extends DeviceBuffer {
  readonly block: Block;
}

export class CpuPool {
  readonly #maxBytes: number;
  readonly #heap: Heap;
  readonly #live = new Set<CpuBuffer>();
  #liveBytes = 0;
  #id = 0;
  /** The memory is another device's by now: nothing is taken or given back any more. */
  #isClosed = false;

  constructor(heap: Heap, maxBytes: number) {
    this.#heap = heap;
    this.#maxBytes = maxBytes;
  }

  take(bytes: number, label: string): CpuBuffer {
    const padded = paddedBytes(bytes);
    if (!(padded <= this.#maxBytes)) throw this.#tooLarge(bytes, label);
    const buffer = { id: ++this.#id, bytes: padded, label, block: this.takeRange(padded, label) };
    this.#live.add(buffer);
    this.#liveBytes += padded;
    countLiveBytes(padded);
    return buffer;
  }

  give(buffer: DeviceBuffer): void {
    if (this.#isClosed) return;
    const { block } = this.owned(buffer);
    this.#live.delete(buffer as CpuBuffer);
    this.#liveBytes -= buffer.bytes;
    countLiveBytes(-buffer.bytes);
    this.#heap.give(block);
  }

  /** A range that is no buffer: what the device needs for itself. */
  takeRange(bytes: number, label: string): Block {
    if (this.#isClosed) throw disposedError("cpu");
    try {
      const { block, fresh } = this.#heap.take(bytes);
      if (fresh) counts.buffersCreated++;
      return block;
    } catch (error) {
      throw this.#outOfMemory(bytes, label, error);
    }
  }

  giveRange(block: Block): void {
    if (!this.#isClosed) this.#heap.give(block);
  }

  /** Makes room for `bytes` bytes in one step. */
  reserve(bytes: number, label: string): void {
    try {
      this.#heap.reserve(bytes);
    } catch (error) {
      throw this.#outOfMemory(bytes, label, error);
    }
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
    this.#isClosed = true;
    countLiveBytes(-this.#liveBytes);
    this.#liveBytes = 0;
    this.#live.clear();
    this.#heap.dispose();
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

const scratchSlot = -1;

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
      this.#pool.reserve(this.growth(plan), "slots");
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
    const label = number === scratchSlot ? "scratch" : `slot ${number}`;
    const slot = this.#slots.get(number);
    if (!slot) {
      this.#slots.set(number, { buffer: this.#pool.take(bytes, label), users: 1 });
      return;
    }
    if (slot.buffer.bytes < bytes) {
      const grown = this.#pool.take(bytes, label);
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

  /** Keeps memory for what kernels compute on the way, until `releaseScratch` of as many bytes. */
  retainScratch(bytes: number): void {
    if (bytes > 0) this.#hold(scratchSlot, bytes);
  }

  releaseScratch(bytes: number): void {
    if (bytes > 0) this.#letGo(scratchSlot);
  }

  get scratch(): Views {
    return this.views(scratchSlot);
  }

  views(number: number): Views {
    return this.#slots.get(number)!.buffer.block.views;
  }
}
