/** @file What each step of a body depends on, and with that in which loop of the nest it is computed. */
import type { Instr, Stage } from "../ir/kernel.ts";
import { type Affine, affineForms, type Params } from "./affine.ts";
import type { BodyStore } from "./bodySpec.ts";
import type { Nest } from "./nest.ts";

export interface Analysis {
  readonly forms: readonly (Affine | null)[];
  /** Axes that a step depends on, as bits. */
  readonly masks: readonly number[];
  /** First phase in which a step can be computed: one more than the phase of any stage that it depends on. */
  readonly ready: readonly number[];
  /** Known when the kernel is built. */
  readonly constant: readonly boolean[];
  readonly stagePhases: readonly number[];
  /** Bits of the axes of a block, and of the loops inside a row. */
  readonly blockMask: number;
  readonly innerMask: number;
}

/** The step has the same value in every lane. */
export function isUniform({ masks, blockMask }: Analysis, id: number): boolean {
  return (masks[id]! & blockMask) === 0;
}

/** The store writes one value to one place for all lanes. */
export function isUniformStore(facts: Analysis, { value, index }: BodyStore): boolean {
  const places = typeof index === "number" ? facts.masks[index]! : bits(index.axes.keys());
  return isUniform(facts, value) && (places & facts.blockMask) === 0;
}

/** The affine form of an index, if it can be followed without computing it lane by lane. */
export function formOf(facts: Analysis, index: number | Affine): Affine | null {
  if (typeof index !== "number") return index;
  const form = facts.forms[index];
  return form && [...form.terms.keys()].every((term) => isUniform(facts, term)) ? form : null;
}

function bits(axes: Iterable<number>): number {
  let mask = 0;
  for (const axis of axes) mask |= 1 << axis;
  return mask;
}

export function analyse(
  code: readonly Instr[],
  stages: readonly Stage[],
  params: Params,
  nest: Nest,
  accumulator: Affine | null,
): Analysis {
  const blockMask = bits(nest.block);
  const innerMask = bits(nest.sequential) | (nest.lanesInside ? blockMask : 0);
  const masks: number[] = [];
  const constant: boolean[] = [];
  for (const { op, args, value = 0 } of code) {
    let mask = args.reduce((sum, arg) => sum | masks[arg]!, 0);
    if (op === "axis") mask |= 1 << value;
    if (op === "acc") mask |= bits(accumulator!.axes.keys());
    if (op === "stage") mask |= bits(nest.outer) | (nest.lanesInside ? 0 : blockMask);
    const source = op === "axis" || op === "acc" || op === "stage" || op === "load";
    masks.push(mask);
    constant.push(
      op === "param" ? !params.patched.has(value) : !source && args.every((arg) => constant[arg]!),
    );
  }
  const forms = affineForms(code, params);
  const ready = readyPhases(code, stages);
  const stagePhases = stages.map(({ value }) => ready[value]!);
  return { forms, masks, ready, constant, stagePhases, blockMask, innerMask };
}

/** Steps may name a stage before the code of its value, so this follows uses and not the order of the code. */
function readyPhases(code: readonly Instr[], stages: readonly Stage[]): number[] {
  const phases: number[] = [];
  const phaseOf = (id: number): number => {
    const known = phases[id];
    if (known !== undefined) return known;
    const { op, args, value = 0 } = code[id]!;
    const phase = op === "stage" ? phaseOf(stages[value]!.value) + 1 : Math.max(0, ...args.map(phaseOf));
    phases[id] = phase;
    return phase;
  };
  return code.map((_, id) => phaseOf(id));
}
