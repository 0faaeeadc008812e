/** @file Where values live: inputs and variables outside, activations in slots coloured by lifetime, gradients beside their parameters. */
import type { PlanBuffer } from "@tenrec/kernels";
import { internal } from "../graph/errors.ts";
import { bytesOf, type Node } from "../graph/node.ts";
import type { Placement } from "./bindings.ts";
import { type Flow, ringResults, subGraphsOf } from "./flow.ts";
import type { Group } from "./group.ts";
import type { Grouping } from "./grouping.ts";
import type { Level } from "./level.ts";

/** A range of an external buffer. */
export interface ExternalPlace {
  readonly external: number;
  readonly offset: number;
}

export interface MemoryInput {
  readonly level: Level;
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
  new Colouring(places, slots, toBuffer).run(input.level, input.kept);
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
  const { grouping, flows } = input.level;
  const readers = readerGroups(grouping);
  // These lie in the memory of their loop.
  const inRings = new Set([...flows.values()].flatMap(ringResults));
  const buffers = new Map<string, number>();
  for (const group of grouping.arenaGroups) {
    const target = grouping.storedMembers(group).map((node) => input.places.get(node))[0];
    if (!target) continue;
    let operand = 0;
    for (const load of grouping.loadsOf(group)) {
      if (
        places.has(load) ||
        inRings.has(load) ||
        load.shape.size !== [...group.members][0]?.shape.size ||
        load.shape.size === 1
      )
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
class Colouring {
  readonly #places: Map<Node, Placement>;
  readonly #slots: Slot[];
  readonly #toBuffer: (slot: Slot) => number;

  constructor(places: Map<Node, Placement>, slots: Slot[], toBuffer: (slot: Slot) => number) {
    this.#places = places;
    this.#slots = slots;
    this.#toBuffer = toBuffer;
  }

  /** Places the values of a level, and of those inside its control flow while what is live around them stays. */
  run({ grouping, schedule, flows }: Level, kept: ReadonlySet<Node>): void {
    const rings = new Map(
      [...flows.values()]
        .flatMap((flow) => (flow.kind === "scan" ? flow.rings : []))
        .map((ring) => [ring.first, ring]),
    );
    const lastUse = new Map<Node, number>();
    schedule.steps.forEach((step, position) => {
      for (const group of step) for (const load of grouping.loadsOf(group)) lastUse.set(load, position);
    });
    // A ring is in use as long as its results are.
    for (const { first, final, history } of rings.values()) {
      for (const result of [final, history]) {
        if (!result) continue;
        const last = kept.has(result) ? Number.POSITIVE_INFINITY : (lastUse.get(result) ?? -1);
        lastUse.set(first, Math.max(last, lastUse.get(first) ?? -1));
      }
    }
    // A total begins where its result is to lie.
    for (const { first, final, slots } of rings.values()) {
      const place = final && this.#places.get(final);
      if (place && slots === 1) this.#places.set(first, place);
    }
    const live = new Map<Node, Slot>();
    schedule.steps.forEach((step, position) => {
      for (const group of step) placeRingResults(flows.get(group), this.#places);
      for (const node of step.flatMap((group) => grouping.storedMembers(group))) {
        if (this.#places.has(node)) continue;
        const slot = takeSlot(this.#slots, rings.get(node)?.bytes ?? bytesOf(node));
        this.#places.set(node, { buffer: this.#toBuffer(slot), offset: 0, bytes: bytesOf(node) });
        live.set(node, slot);
      }
      for (const group of step) this.#inside(flows.get(group));
      for (const [node, slot] of live) {
        if (kept.has(node) || (lastUse.get(node) ?? -1) > position) continue;
        slot.free = true;
        live.delete(node);
      }
    });
  }

  #inside(flow: Flow | undefined): void {
    if (!flow) return;
    for (const { body, handed } of subGraphsOf(flow)) {
      for (const [leaf, node] of body.borrowed) this.#places.set(leaf, this.#placeOf(node));
      for (const { inside, outside } of handed) this.#places.set(inside, this.#placeOf(outside));
      for (const { first, leaf, next, bytes } of flow.kind === "scan" ? flow.rings : []) {
        const place = { ...this.#placeOf(first), bytes };
        this.#places.set(leaf, place);
        this.#places.set(next, place);
      }
      for (const [placeholder, ring] of body.rings) this.#places.set(placeholder, this.#placeOf(ring));
      this.run(body.level, noNodes);
    }
  }

  #placeOf(node: Node): Placement {
    const place = this.#places.get(node);
    if (!place) throw internal(`${node.primitive.name} has no memory when a loop needs it`);
    return place;
  }
}

const noNodes: ReadonlySet<Node> = new Set();

function placeRingResults(flow: Flow | undefined, places: Map<Node, Placement>): void {
  if (flow?.kind !== "scan") return;
  for (const { first, final, history, slots, stride, bytes } of flow.rings) {
    const { buffer, offset } = places.get(first) as Placement;
    const last = (flow.count % slots) * stride * 4;
    if (final && !places.has(final))
      places.set(final, { buffer, offset: offset + last, bytes: bytesOf(final) });
    if (history) places.set(history, { buffer, offset, bytes });
  }
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
