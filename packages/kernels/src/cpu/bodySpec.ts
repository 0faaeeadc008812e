/** @file Bodies before and after compilation: scalar code with stages and stores, and lists of steps by loop. */
import type { Instr, Stage, Store } from "../ir/kernel.ts";
import type { Affine, Params } from "./affine.ts";
import type { Step } from "./blocks/step.ts";
import type { MemoryRange } from "./memory.ts";
import type { Nest } from "./nest.ts";

/** A store of step `value` at the index step `index`, or at a given affine place. */
export interface BodyStore extends Pick<Store, "op" | "level" | "value"> {
  readonly index: number | Affine;
  readonly range: MemoryRange;
}

/** The stores of a body with the memory that they write. */
export function storesOf(stores: readonly Store[], bindings: readonly MemoryRange[]): BodyStore[] {
  return stores.map(({ op, level, value, index, binding }) => ({
    op,
    level,
    value,
    index,
    range: bindings[binding]!,
  }));
}

export interface BodySpec {
  readonly code: readonly Instr[];
  readonly stages: readonly Stage[];
  readonly stores: readonly BodyStore[];
  readonly bindings: readonly MemoryRange[];
  readonly params: Params;
  /** Where `acc` is read. */
  readonly accumulator: { readonly range: MemoryRange; readonly form: Affine } | null;
}

/** One pass over the inner axes: reductions of one phase, or the last pass, which stores. */
export interface Phase {
  /** Before the pass: what depends on earlier stages alone. */
  readonly setup: Step[];
  readonly reset: Step[];
  readonly body: Step[];
  readonly finish: Step[];
}

/** The steps of a body by loop: per run, per row, and per phase. */
export interface BodyProgram {
  readonly nest: Nest;
  readonly once: readonly Step[];
  readonly row: readonly Step[];
  readonly phases: readonly Phase[];
}
