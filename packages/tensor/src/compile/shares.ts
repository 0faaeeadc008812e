/** @file Whose the activation memory is: the bytes of slots by the values that made them so large. */
import type { Node } from "../graph/node.ts";

/** A value that lies in a slot for a while. `maker`: itself, or the control flow that it is part of. */
export interface SlotValue {
  readonly maker: Node;
  readonly offset: number;
  readonly bytes: number;
}

export interface SlotShare {
  readonly bytes: number;
  readonly values: readonly SlotValue[];
}

/** Bytes by the label of who made the values; they add up to those of the slots. */
export function sharesOf(
  slots: readonly SlotShare[],
  labelOf: (maker: Node) => string,
): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  for (const { bytes, values } of slots) {
    // Values at one place follow each other in time: the largest is why there is so much of it.
    const largest = new Map<number, SlotValue>();
    for (const value of values) {
      if (value.bytes > (largest.get(value.offset)?.bytes ?? -1)) largest.set(value.offset, value);
    }
    let rest = bytes;
    for (const value of largest.values()) {
      const share = largest.size === 1 ? rest : Math.min(rest, value.bytes);
      const label = labelOf(value.maker);
      shares.set(label, (shares.get(label) ?? 0) + share);
      rest -= share;
    }
    // Gaps between parameters, and places that are empty.
    if (rest > 0) shares.set("", (shares.get("") ?? 0) + rest);
  }
  return shares;
}
