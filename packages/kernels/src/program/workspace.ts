/**
 * @file Activation memory of a device. Programs run one after another, so slot n of all of them is the same
 * buffer.
 */
import type { BufferPool, GpuBuffer, Physical } from "../device/pool.ts";
import type { Plan } from "../ir/plan.ts";

interface Slot {
  buffer: GpuBuffer;
  users: number;
}

export class Workspace {
  readonly #pool: BufferPool;
  readonly #slots = new Map<number, Slot>();
  /**
   * Counts up when a slot gets another buffer: programs then rebuild the bind groups that hold the old one.
   */
  generation = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /**
   * Makes every slot of `plan` large enough and keeps it until `release`. Slots grow and never shrink while
   * in use.
   */
  retain(plan: Plan): void {
    for (const [number, bytes] of slotSizes(plan)) {
      const slot = this.#slots.get(number);
      if (!slot) this.#slots.set(number, { buffer: this.#pool.take(bytes, `slot ${number}`), users: 1 });
      else {
        slot.users++;
        if (slot.buffer.bytes < bytes) this.#grow(slot, number, bytes);
      }
    }
  }

  release(plan: Plan): void {
    for (const number of slotSizes(plan).keys()) {
      const slot = this.#slots.get(number)!;
      if (--slot.users > 0) continue;
      this.#pool.give(slot.buffer);
      this.#slots.delete(number);
    }
  }

  physical(slot: number): Physical {
    return this.#slots.get(slot)!.buffer.physical;
  }

  #grow(slot: Slot, number: number, bytes: number): void {
    this.#pool.give(slot.buffer);
    slot.buffer = this.#pool.take(bytes, `slot ${number}`);
    this.generation++;
  }
}

function slotSizes(plan: Plan): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const buffer of plan.buffers) {
    if (buffer.kind === "slot") sizes.set(buffer.slot, Math.max(sizes.get(buffer.slot) ?? 0, buffer.bytes));
  }
  return sizes;
}
