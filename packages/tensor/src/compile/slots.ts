/** @file Slots: which values of different times share a buffer. */
import type { SlotShare, SlotValue } from "./shares.ts";

/** What lies in one buffer from one step to another, both included. */
export interface Stay {
  readonly bytes: number;
  readonly start: number;
  end: number;
  readonly values: SlotValue[];
}

interface Slot extends SlotShare {
  readonly values: SlotValue[];
  readonly stays: Stay[];
}

export interface Slots {
  readonly slots: readonly SlotShare[];
  /** Number of the slot of each stay. */
  readonly slotOf: ReadonlyMap<Stay, number>;
}

/**
 * The largest first, each in the tightest slot that is empty all the while: a small value that stays long never takes a place that a
 * large one needs. Pisarchyk and Lee, Efficient memory management for deep neural net inference (2020), "greedy by size".
 */
export function shareSlots(stays: readonly Stay[]): Slots {
  const slots: Slot[] = [];
  const slotOf = new Map<Stay, number>();
  for (const stay of [...stays].sort((a, b) => b.bytes - a.bytes || a.start - b.start)) {
    // Slots are in descending order of size.
    let number = slots.findLastIndex((slot) => slot.stays.every((other) => !overlaps(stay, other)));
    if (number < 0) number = slots.push({ bytes: stay.bytes, values: [], stays: [] }) - 1;
    const slot = slots[number] as Slot;
    slot.stays.push(stay);
    slot.values.push(...stay.values);
    slotOf.set(stay, number);
  }
  return { slots, slotOf };
}

const overlaps = (a: Stay, b: Stay): boolean => a.start <= b.end && b.start <= a.end;
