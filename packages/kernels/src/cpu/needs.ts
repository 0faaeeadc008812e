/** @file Which steps of a body have to be computed, where, and which single values all lanes read. */
import type { Affine } from "./affine.ts";
import { type Analysis, formOf, isUniform, isUniformStore } from "./analysis.ts";
import type { BodySpec } from "./bodySpec.ts";

export interface Needs {
  /** Ids needed outside the inner loops, and inside them by phase. */
  readonly outer: ReadonlySet<number>;
  readonly inner: readonly ReadonlySet<number>[];
  /** Uniform values that lanes read. */
  readonly spreads: ReadonlySet<number>;
}

/**
 * Follows stages and stores back to their sources. Affine indices need no steps but for their opaque terms, and `kept` steps none in the last phase:
 * they were stored in an earlier one.
 */
export function findNeeds(
  spec: BodySpec,
  facts: Analysis,
  phaseCount: number,
  kept: ReadonlySet<number> = new Set(),
): Needs {
  const { code, stages, stores } = spec;
  const outer = new Set<number>();
  const inner = Array.from({ length: phaseCount }, () => new Set<number>());
  const need = (id: number, phase: number): void => {
    const wanted = (facts.masks[id]! & facts.innerMask) !== 0 ? inner[phase]! : outer;
    if (facts.constant[id] || wanted.has(id)) return;
    wanted.add(id);
    const { op, args } = code[id]!;
    if (phase === phaseCount - 1 && kept.has(id)) return;
    if (op === "load") needIndex(args[0]!, phase);
    else for (const arg of args) need(arg, phase);
  };
  const needIndex = (index: number | Affine, phase: number): void => {
    const form = formOf(facts, index);
    if (form) for (const term of form.terms.keys()) need(term, phase);
    else need(index as number, phase);
  };
  stages.forEach(({ value }, s) => need(value, facts.stagePhases[s]!));
  for (const { value, index } of stores) {
    need(value, phaseCount - 1);
    needIndex(index, phaseCount - 1);
  }
  return { outer, inner, spreads: findSpreads(spec, facts, [outer, ...inner]) };
}

function findSpreads(
  { code, stages, stores }: BodySpec,
  facts: Analysis,
  needed: Set<number>[],
): Set<number> {
  const spreads = new Set<number>();
  const read = (id: number): void => {
    if (isUniform(facts, id) && !facts.constant[id]) spreads.add(id);
  };
  for (const ids of needed) for (const id of ids) if (!isUniform(facts, id)) code[id]!.args.forEach(read);
  for (const { value } of stages) read(value);
  for (const store of stores) if (!isUniformStore(facts, store)) read(store.value);
  return spreads;
}
