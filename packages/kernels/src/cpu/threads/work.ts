/** @file What a function costs and into how many chunks it is cut: by shape alone, so that results never depend on threads. */
import type { Instr } from "../../ir/kernel.ts";
import { maxChunks } from "./control.ts";
import { threadDefaults } from "./defaults.ts";

/** Units of a function that may run in any order, and what they cost together in vector operations. */
export interface Work {
  readonly units: number;
  /** 0 for what has to stay in one thread. */
  readonly cost: number;
}

/** How many chunks are worth their while. */
export function chunksFor(cost: number): number {
  const { smallestStep, chunkCost } = threadDefaults();
  return cost < smallestStep ? 1 : Math.min(maxChunks, Math.floor(cost / chunkCost));
}

/** The chunks of a step. */
export function cut({ units, cost }: Work): { readonly chunks: number; readonly chunkUnits: number } {
  const chunkUnits = Math.max(1, Math.ceil(units / chunksFor(cost)));
  return { chunks: Math.ceil(units / chunkUnits), chunkUnits };
}

/** Vector operations of one pass over four elements; indices are mostly known before. */
export function weightOf(code: readonly Instr[], stores: number): number {
  const counts = ({ op, dtype }: Instr) =>
    op === "load" || (dtype !== "int32" && op !== "const" && op !== "param");
  return code.filter(counts).length + stores;
}
