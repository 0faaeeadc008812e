/** @file Where values live: inputs and variables outside, activations in slots coloured by lifetime, gradients beside their parameters. */
import type { PlanBuffer } from "@tenrec/kernels";
import { bytesOf, type Node } from "../graph/node.ts";
import type { Placement } from "./bindings.ts";
import type { Group } from "./group.ts";
import type { Grouping } from "./grouping.ts";
import type { Schedule } from "./schedule.ts";

/** A range of an external buffer. */
export interface ExternalPlace {
  readonly external: number;
  readonly offset: number;
}

export interface MemoryInput {
  readonly grouping: Grouping;
  readonly schedule: Schedule;
  readonly externalBytes: readonly number[];
  /** Leaves, and roots written directly to externals. */
  readonly places: ReadonlyMap<Node, ExternalPlace>;
  /** Roots that stay until the end (copied out). */
  readonly kept: ReadonlySet<Node>;
}

export interface MemoryPlan {
  readonly buffers: readonly PlanBuffer[];
  readonly slotBytes: number;
  placeOf(node: Node): Placement;
}

interface Slot {
  readonly index: number;
  bytes: number;
  free: boolean;
}

export function planMemory(input: MemoryInput): MemoryPlan {
  const places = new Map<Node, Placement>();
  for (const [node, { external, offset }] of input.places) {
    places.set(node, { buffer: external, offset, bytes: bytesOf(node) });
  }
  const slots: Slot[] = [];
  const numExternals = input.externalBytes.length;
  const toBuffer = (slot: Slot) => numExternals + slot.index;
  placeGradients(input, places, (bytes) => toBuffer(newSlot(slots, bytes)));
  colourSlots(input, places, slots, toBuffer);
  const buffers: PlanBuffer[] = [
    ...input.externalBytes.map((bytes, index): PlanBuffer => ({ kind: "external", index, bytes })),
    ...slots.map(({ index, bytes }): PlanBuffer => ({ kind: "slot", slot: index, bytes })),
  ];
  return {
    buffers,
    slotBytes: slots.reduce((sum, slot) => sum + slot.bytes, 0),
    placeOf: (node) => places.get(node) as Placement,
  };
}

const rounded = (bytes: number) => Math.max(256, Math.ceil(bytes / 256) * 256);

function newSlot(slots: Slot[], bytes: number): Slot {
  const slot = { index: slots.length, bytes: rounded(bytes), free: false };
  slots.push(slot);
  return slot;
}

/**
 * Gradients that only arena updates read lie in a buffer laid out like the arena, each at its parameter's offset: then the whole
 * update is one flat kernel.
 */
function placeGradients(
  input: MemoryInput,
  places: Map<Node, Placement>,
  newBuffer: (bytes: number) => number,
): void {
  const { grouping } = input;
  const readers = readerGroups(grouping);
  const buffers = new Map<string, number>();
  for (const group of grouping.arenaGroups) {
    const target = grouping.storedMembers(group).map((node) => input.places.get(node))[0];
    if (!target) continue;
    let operand = 0;
    for (const load of grouping.loadsOf(group)) {
      if (places.has(load) || load.shape.size !== [...group.members][0]?.shape.size || load.shape.size === 1)
        continue;
      const onlyUpdates = readers.get(load)?.every((reader) => grouping.arenaGroups.has(reader));
      if (!onlyUpdates) continue;
      const key = `${target.external}:${operand++}`;
      const bytes = input.externalBytes[target.external] as number;
      const buffer = buffers.get(key) ?? newBuffer(bytes);
      buffers.set(key, buffer);
      places.set(load, { buffer, offset: target.offset, bytes: bytesOf(load) });
    }
  }
}

function readerGroups(grouping: Grouping): Map<Node, Group[]> {
  const readers = new Map<Node, Group[]>();
  for (const group of grouping.groups) {
    for (const load of grouping.loadsOf(group)) {
      const list = readers.get(load);
      if (list) list.push(group);
      else readers.set(load, [group]);
    }
  }
  return readers;
}

/** Whole buffers, reused once their last reader's dispatch is over (never within one dispatch). */
function colourSlots(
  input: MemoryInput,
  places: Map<Node, Placement>,
  slots: Slot[],
  toBuffer: (slot: Slot) => number,
): void {
  const { steps } = input.schedule;
  const lastUse = new Map<Node, number>();
  steps.forEach((step, position) => {
    for (const group of step) for (const load of input.grouping.loadsOf(group)) lastUse.set(load, position);
  });
  const live = new Map<Node, Slot>();
  steps.forEach((step, position) => {
    for (const node of step.flatMap((group) => input.grouping.storedMembers(group))) {
      if (places.has(node)) continue;
      const slot = takeSlot(slots, bytesOf(node));
      places.set(node, { buffer: toBuffer(slot), offset: 0, bytes: bytesOf(node) });
      live.set(node, slot);
    }
    for (const [node, slot] of live) {
      if (input.kept.has(node) || (lastUse.get(node) ?? -1) > position) continue;
      slot.free = true;
      live.delete(node);
    }
  });
}

/** Best fit among free slots of at most four times the size, else a new one. */
function takeSlot(slots: Slot[], bytes: number): Slot {
  const need = rounded(bytes);
  let best: Slot | null = null;
  for (const slot of slots) {
    if (!slot.free || slot.bytes < need || slot.bytes > 4 * need) continue;
    if (!best || slot.bytes < best.bytes) best = slot;
  }
  if (!best) return newSlot(slots, bytes);
  best.free = false;
  return best;
}
