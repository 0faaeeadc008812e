/** @file The simple recurrent layer over a sequence as WebAssembly: h = tanh(z + h wh). */
import type { Value } from "../assembler.ts";
import { tanh } from "../math/exponential.ts";
import { add, and, mul, sub } from "../math/expression.ts";
import type { EmitTemplate } from "../template.ts";
import { emitBackward, emitForward } from "./recurrent.ts";
import type { Step } from "./sequence.ts";
import type { Units } from "./units.ts";

export const simpleForward: EmitTemplate = (call) => {
  const { f } = call;
  const [z, wh, h0, mask] = call.inputs as [Value, Value, Value, Value];
  const [H] = call.outputs as [Value];
  const emitStep = (step: Step, sums: Value) => {
    const ofInput = step.ofStep(z);
    return (some: Units): Value => tanh(f, f.let(add(some.load(ofInput), some.load(sums))));
  };
  emitForward(call, { wh, h0, mask, H, emitStep });
};

export const simpleBackward: EmitTemplate = (call) => {
  const [wh, H, dH, mask] = call.inputs as [Value, Value, Value, Value];
  const [dZ, dS] = call.outputs as [Value, Value];
  const emitStep = (step: Step, isActive: Value) => {
    const [states, slopes] = [step.ofStates(H), step.ofStep(dZ)];
    return (some: Units, dh: Value): number => {
      const h = some.load(states, 1);
      some.store(slopes, and(isActive, mul(dh, sub(1, mul(h, h)))));
      return 0;
    };
  };
  emitBackward(call, { wh, dH, mask, slopes: dZ, width: 1, dS, states: 1, emitStep });
};
