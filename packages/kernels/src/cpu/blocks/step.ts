/** @file Step, one block operation: a loop over the lanes of its slots. */

import { Slot } from "../slot.ts";
import type { Address } from "./address.ts";

/** The loop of a step over `count` lanes. Method form, so that loops may name the array types they are chosen for. */
export type BlockFunction = { run(step: Step, count: number): void }["run"];

const nowhere = /* @__PURE__ */ new Slot(new Float32Array(0));

/** All steps share one hidden class, whatever they do: running a list of them costs one indirect call each. */
export class Step {
  readonly run: BlockFunction;
  /** The value is the same in every lane: computed for lane 0 alone. */
  readonly uniform: boolean;
  readonly out: Slot;
  readonly a: Slot;
  readonly b: Slot;
  readonly c: Slot;
  readonly d: Slot;
  /** Of steps that touch memory. */
  readonly address: Address | null;

  constructor(
    run: BlockFunction,
    uniform: boolean,
    out: Slot,
    args: readonly Slot[],
    address: Address | null = null,
  ) {
    this.run = run;
    this.uniform = uniform;
    this.out = out;
    this.a = args[0] ?? nowhere;
    this.b = args[1] ?? nowhere;
    this.c = args[2] ?? nowhere;
    this.d = args[3] ?? nowhere;
    this.address = address;
  }
}

export function runSteps(steps: readonly Step[], count: number): void {
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!;
    step.run(step, step.uniform ? 1 : count);
  }
}

/** Copies lane 0 of a register to its other lanes. */
export function spread({ out }: Step, count: number): void {
  const { bits } = out;
  const value = bits[0]!;
  for (let i = 1; i < count; i++) bits[i] = value;
}

/** Copies words whatever they mean: `bitcast`. */
export function copyBits(step: Step, count: number): void {
  const out = step.out.bits;
  const a = step.a.bits;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]!;
}

type Typed<T> = Step & { readonly out: T; readonly a: T; readonly b: T; readonly c: T; readonly d: T };
export type FloatStep = Typed<Slot<Float32Array>>;
export type UintStep = Typed<Slot<Uint32Array>>;
export type ConvertStep<Out extends Slot, In extends Slot> = Step & { readonly out: Out; readonly a: In };
