/** @file Steps worth keeping between the passes over a row: what is dear and needed again waits in the output, as the exponentials of a softmax do. */
import { type Affine, affineForms } from "../affine.ts";
import { formOf } from "../analysis.ts";
import type { BodyStore } from "../bodySpec.ts";
import { findNeeds, type Needs } from "../needs.ts";
import type { BodyContext } from "./context.ts";
import { mathOps } from "./math/index.ts";

/** A step that phase `phase` stores where `store` will put its result in the last one. */
export interface Kept {
  readonly id: number;
  readonly phase: number;
  readonly store: BodyStore;
}

/** Finds the step of a body that is best kept, if there is one that may be. */
export function findKept(context: BodyContext, needs: Needs): Kept | null {
  const { spec, nest } = context;
  const last = needs.inner.length - 1;
  if (last === 0 || (!nest.lanesInside && nest.sequential.length === 0)) return null;
  const dear = [...needs.inner[last]!].filter((id) => spec.code[id]!.op in mathOps);
  for (const id of dear.sort((a, b) => b - a)) {
    const phase = needs.inner.findIndex((ids) => ids.has(id));
    if (phase === last) continue;
    const store = spec.stores.find((candidate) => mayHold(context, candidate, id, phase, last + 1));
    if (store) return { id, phase, store };
  }
  return null;
}

/** The place of the store has room for the step until the last phase: it is an element's own, and nobody reads there in between. */
function mayHold(context: BodyContext, store: BodyStore, id: number, phase: number, phases: number): boolean {
  const { spec, facts, nest } = context;
  const form = formOf(facts, store.index);
  const isPlain = store.op === "set" && store.level === "full" && !store.range.half && !store.range.packed;
  if (!isPlain || !form || form.terms.size > 0 || !context.isInside(form, store.range)) return false;
  const axes = [...nest.outer, ...nest.block, ...nest.sequential];
  if (axes.some((axis) => nest.extents[axis]! > 1 && !form.axes.has(axis))) return false;
  const forms = affineForms(spec.code, spec.params);
  const reads = (step: number): boolean => {
    const { op, value = 0 } = spec.code[step]!;
    return op === "load" && spec.bindings[value]!.memory === store.range.memory;
  };
  const readsElsewhere = (step: number) => reads(step) && !isSame(forms[spec.code[step]!.args[0]!]!, form);
  const { outer, inner } = findNeeds(spec, facts, phases, new Set([id]));
  const later = inner.slice(phase + 1).flatMap((ids) => [...ids]);
  return ![...outer, ...later].some(reads) && ![...inner[phase]!].some(readsElsewhere);
}

/** The same place at every position. */
function isSame(x: Affine, y: Affine): boolean {
  const agree = (p: ReadonlyMap<number, number>, q: ReadonlyMap<number, number>) =>
    p.size === q.size && [...p].every(([key, coefficient]) => q.get(key) === coefficient);
  return x.constant === y.constant && agree(x.axes, y.axes) && agree(x.terms, y.terms);
}
