/** @file The GRU over a sequence as WebAssembly. */
import type { Value } from "../assembler.ts";
import { sigmoid, tanh } from "../math/exponential.ts";
import { add, and, mul, sub } from "../math/expression.ts";
import type { EmitTemplate } from "../template.ts";
import { emitBackward, emitForward, loadKept } from "./recurrent.ts";
import type { Step } from "./sequence.ts";
import type { Units } from "./units.ts";

export const gruForward: EmitTemplate = (call) => {
  const { f } = call;
  const [x, wh, bias, h0, mask] = call.inputs as [Value, Value, Value, Value, Value];
  const [H, G] = call.outputs as [Value, Value];
  const emitStep = (step: Step, sums: Value) => {
    const [ofInput, states, gates] = [step.ofStep(x, 3), step.ofStates(H), step.ofStep(G, 5)];
    return (some: Units): Value => {
      const given = (gate: number): Value => add(some.load(ofInput, gate), some.load(bias, gate));
      const ofState = (gate: number): Value => add(some.load(sums, gate), some.load(bias, 3 + gate));
      const z = f.let(sigmoid(f, f.let(add(given(0), ofState(0)))));
      const r = f.let(sigmoid(f, f.let(add(given(1), ofState(1)))));
      const recurrent = f.let(ofState(2));
      const candidate = f.let(tanh(f, f.let(add(given(2), mul(r, recurrent)))));
      const before = some.load(states);
      [z, r, candidate, recurrent, before].forEach((value, chunk) => some.store(gates, value, chunk));
      return add(mul(z, before), mul(sub(1, z), candidate));
    };
  };
  emitForward(call, { wh, h0, mask, H, emitStep });
};

export const gruBackward: EmitTemplate = (call) => {
  const { f } = call;
  const [wh, G, dH, mask] = call.inputs as [Value, Value, Value, Value];
  const [dG, dS] = call.outputs as [Value, Value];
  const emitStep = (step: Step, isActive: Value) => {
    const [gates, slopes] = [step.ofStep(G, 5), step.ofStep(dG, 6)];
    return (some: Units, dh: Value): Value => {
      const [z, r, candidate, recurrent, before] = loadKept(some, gates);
      const active = (value: Value): Value => f.let(and(isActive, value));
      const slope = f.let(mul(mul(dh, sub(1, z)), sub(1, mul(candidate, candidate))));
      const dz = active(mul(mul(mul(dh, sub(before, candidate)), z), sub(1, z)));
      const dr = active(mul(mul(mul(slope, recurrent), r), sub(1, r)));
      const [dx, ofState] = [active(slope), active(mul(slope, r))];
      [dz, dr, dx, dz, dr, ofState].forEach((value, chunk) => some.store(slopes, value, chunk));
      return mul(dh, z);
    };
  };
  emitBackward(call, { wh, dH, mask, slopes: dG, width: 6, dS, states: 1, emitStep });
};
