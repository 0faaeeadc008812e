/** @file Where values live: inputs and variables outside, activations in slots coloured by lifetime, gradients beside their parameters. */
import type { PlanBuffer } from "@tenrec/kernels";
import { internal } from "../graph/errors.ts";
import { bytesOf, elementBytes, type Node } from "../graph/node.ts";
import type { Placement } from "./bindings.ts";
import { type Flow, ringResults, subGraphsOf } from "./flow.ts";
import type { Group } from "./group.ts";
import type { Grouping } from "./grouping.ts";
import type { Level } from "./level.ts";
import type { SlotShare, SlotValue } from "./shares.ts";
import { type Stay, shareSlots } from "./slots.ts";

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
  /** What lies in each slot. */
  readonly slots: readonly SlotShare[];
  placeOf(node: Node): Placement;
}

export function planMemory(input: MemoryInput): MemoryPlan {
  const stays = new Stays(input.places);
  placeGradients(input, stays);
  new Colouring(stays).run(input.level, input.kept);
  const { slots, slotOf } = shareSlots(stays.all);
  const numExternals = input.externalBytes.length;
  const buffers: PlanBuffer[] = [
    ...input.externalBytes.map((bytes, index): PlanBuffer => ({ kind: "external", index, bytes })),
    ...slots.map(({ bytes }, slot): PlanBuffer => ({ kind: "slot", slot, bytes })),
  ];
  const bufferOf = ({ stay, external }: Place): number =>
    stay ? numExternals + (slotOf.get(stay) as number) : external;
  return {
    buffers,
    slotBytes: slots.reduce((sum, slot) => sum + slot.bytes, 0),
    slots,
    placeOf: (node) => {
      const place = stays.placeOf(node);
      return { buffer: bufferOf(place), offset: place.offset, bytes: place.bytes };
    },
  };
}

/** A range of an external buffer, or of whatever slot a stay gets. */
interface Place {
  readonly stay: Stay | null;
  readonly external: number;
  readonly offset: number;
  readonly bytes: number;
}

const rounded = (bytes: number) => Math.max(256, Math.ceil(bytes / 256) * 256);

/** Where values lie, before slots are shared. */
class Stays {
  readonly all: Stay[] = [];
  readonly #places = new Map<Node, Place>();

  constructor(given: ReadonlyMap<Node, ExternalPlace>) {
    for (const [node, { external, offset }] of given)
      this.#places.set(node, { stay: null, external, offset, bytes: bytesOf(node) });
  }

  has(node: Node): boolean {
    return this.#places.has(node);
  }

  placeOf(node: Node): Place {
    const place = this.#places.get(node);
    if (!place) throw internal(`${node.primitive.name} has no memory when it is needed`);
    return place;
  }

  set(node: Node, place: Place): void {
    this.#places.set(node, place);
  }

  /** A buffer from `start` on; its end is set when it is known. */
  open(bytes: number, start: number): Stay {
    const stay = { bytes: rounded(bytes), start, end: Number.POSITIVE_INFINITY, values: [] };
    this.all.push(stay);
    return stay;
  }

  put(node: Node, stay: Stay, offset: number, value: SlotValue): void {
    stay.values.push(value);
    this.#places.set(node, { stay, external: -1, offset, bytes: bytesOf(node) });
  }
}

/**
 * Gradients that only arena updates and sums over them read lie in a buffer laid out like the arena, each at its parameter's offset: then the whole
 * update is one flat kernel.
 */
function placeGradients(input: MemoryInput, stays: Stays): void {
  const { grouping, flows } = input.level;
  const readers = readerGroups(grouping);
  // These lie in the memory of their loop.
  const inRings = new Set([...flows.values()].flatMap(ringResults));
  const found = new Map<string, Stay>();
  for (const group of grouping.arenaGroups) {
    const target = grouping.storedMembers(group).map((node) => input.places.get(node))[0];
    if (!target) continue;
    let operand = 0;
    for (const load of grouping.loadsOf(group)) {
      if (
        stays.has(load) ||
        inRings.has(load) ||
        load.shape.size !== [...group.members][0]?.shape.size ||
        load.shape.size === 1 ||
        load.dtype !== "float32"
      )
        continue;
      // Besides updates, sums may read it (norms, tests for infinity): what they write lies elsewhere or is as small as a bias.
      const isSummary = (group: Group) =>
        grouping.storedMembers(group).every(({ shape }) => shape.size < load.shape.size);
      const mayMove = readers
        .get(load)
        ?.every((reader) => grouping.arenaGroups.has(reader) || isSummary(reader));
      if (!mayMove) continue;
      const key = `${target.external}:${operand++}`;
      const bytes = input.externalBytes[target.external] as number;
      const stay = found.get(key) ?? stays.open(bytes, 0);
      found.set(key, stay);
      const { offset } = target;
      stays.put(load, stay, offset, { maker: load, offset, bytes: bytesOf(load) });
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

/** Whole buffers, free again once their last reader's dispatch is over (never within one dispatch). */
class Colouring {
  readonly #stays: Stays;
  /** Counts dispatches, those inside of control flow once. */
  #now = 0;

  constructor(stays: Stays) {
    this.#stays = stays;
  }

  /** Places the values of a level, and of those inside its control flow while what is live around them stays. */
  run({ grouping, schedule, flows }: Level, kept: ReadonlySet<Node>, around: Node | null = null): void {
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
      if (final && slots === 1 && this.#stays.has(final)) this.#stays.set(first, this.#stays.placeOf(final));
    }
    const live = new Map<Node, Stay>();
    schedule.steps.forEach((step, position) => {
      this.#now++;
      for (const group of step) placeRingResults(flows.get(group), this.#stays);
      for (const node of step.flatMap((group) => grouping.storedMembers(group))) {
        if (this.#stays.has(node)) continue;
        const bytes = rings.get(node)?.bytes ?? bytesOf(node);
        const stay = this.#stays.open(bytes, this.#now);
        this.#stays.put(node, stay, 0, { maker: around ?? node, offset: 0, bytes });
        live.set(node, stay);
      }
      for (const group of step) this.#inside(flows.get(group), around ?? group.call?.node ?? null);
      for (const [node, stay] of live) {
        if (kept.has(node) || (lastUse.get(node) ?? -1) > position) continue;
        stay.end = this.#now;
        live.delete(node);
      }
    });
  }

  #inside(flow: Flow | undefined, around: Node | null): void {
    if (!flow) return;
    const stays = this.#stays;
    for (const { body, handed } of subGraphsOf(flow)) {
      for (const [leaf, node] of body.borrowed) stays.set(leaf, stays.placeOf(node));
      for (const { inside, outside } of handed) stays.set(inside, stays.placeOf(outside));
      for (const { first, leaf, next, bytes } of flow.kind === "scan" ? flow.rings : []) {
        const place = { ...stays.placeOf(first), bytes };
        stays.set(leaf, place);
        stays.set(next, place);
      }
      for (const [placeholder, ring] of body.rings) stays.set(placeholder, stays.placeOf(ring));
      this.run(body.level, noNodes, around);
    }
  }
}

const noNodes: ReadonlySet<Node> = new Set();

function placeRingResults(flow: Flow | undefined, stays: Stays): void {
  if (flow?.kind !== "scan") return;
  for (const { first, final, history, slots, stride, bytes } of flow.rings) {
    const { stay, external, offset } = stays.placeOf(first);
    const last = (flow.count % slots) * stride * elementBytes(first.dtype);
    if (final && !stays.has(final))
      stays.set(final, { stay, external, offset: offset + last, bytes: bytesOf(final) });
    if (history) stays.set(history, { stay, external, offset, bytes });
  }
}
