/** @file The activation memory that a plan asks for. */
import type { Plan } from "./plan.ts";

/** Bytes of each slot of a plan: buffers of one slot share memory. */
export function slotSizes(plan: Plan): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const buffer of plan.buffers) {
    if (buffer.kind === "slot") sizes.set(buffer.slot, Math.max(sizes.get(buffer.slot) ?? 0, buffer.bytes));
  }
  return sizes;
}

/** What a workspace with `slots` lacks for a plan. */
export function slotGrowth(
  plan: Plan,
  slots: ReadonlyMap<number, { readonly buffer: { readonly bytes: number } }>,
): number {
  let growth = 0;
  for (const [number, bytes] of slotSizes(plan))
    growth += Math.max(0, bytes - (slots.get(number)?.buffer.bytes ?? 0));
  return growth;
}
