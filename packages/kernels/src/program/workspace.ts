/**
 * @file Activation memory of a device. Programs run one after another, so slot n of all of them is the same
 * buffer.
 */
import type { BufferPool, GpuBuffer, Physical } from "../device/pool.ts";
import type { Plan } from "../ir/plan.ts";
import { slotGrowth, slotSizes } from "../ir/slots.ts";

interface Slot {
  buffer: GpuBuffer;
  /** Plans that use it, once for each program. */
  readonly users: Plan[];
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
      if (!slot) this.#slots.set(number, { buffer: this.#pool.take(bytes, `slot ${number}`), users: [plan] });
      else {
        slot.users.push(plan);
        if (slot.buffer.bytes < bytes) this.#replace(slot, number, bytes);
      }
    }
  }

  /** Bytes that `retain(plan)` would take. */
  growth(plan: Plan): number {
    return slotGrowth(plan, this.#slots);
  }

  /** A slot for which the GPU had no memory becomes as large as the other plans need it. */
  release(plan: Plan): void {
    for (const number of slotSizes(plan).keys()) {
      const slot = this.#slots.get(number)!;
      slot.users.splice(slot.users.indexOf(plan), 1);
      if (slot.users.length === 0) {
        this.#pool.give(slot.buffer);
        this.#slots.delete(number);
      } else if (slot.buffer.physical.lost) {
        this.#replace(slot, number, Math.max(...slot.users.map((user) => slotSizes(user).get(number)!)));
      }
    }
  }

  physical(slot: number): Physical {
    return this.#slots.get(slot)!.buffer.physical;
  }

  #replace(slot: Slot, number: number, bytes: number): void {
    this.#pool.give(slot.buffer);
    slot.buffer = this.#pool.take(bytes, `slot ${number}`);
    this.generation++;
  }
}
