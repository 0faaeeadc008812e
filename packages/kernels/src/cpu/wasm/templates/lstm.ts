/** @file The LSTM over a sequence as WebAssembly. */
import type { Value } from "../assembler.ts";
import { sigmoid, tanh } from "../math/exponential.ts";
import { add, and, mul, select, sub } from "../math/expression.ts";
import type { EmitTemplate } from "../template.ts";
import { emitBackward, emitForward, loadKept } from "./recurrent.ts";
import { copyRows, type Step, sequenceOf } from "./sequence.ts";
import type { Units } from "./units.ts";

export const lstmForward: EmitTemplate = (call) => {
  const { f } = call;
  const [z, wh, h0, c0, mask] = call.inputs as [Value, Value, Value, Value, Value];
  const [H, cell, G] = call.outputs as [Value, Value, Value];
  const sequence = sequenceOf(call);
  copyRows(sequence, sequence.rows, c0, cell);
  const emitStep = (step: Step, sums: Value, isActive: Value) => {
    const [ofInput, cells, gates] = [step.ofStep(z, 4), step.ofRow(cell), step.ofStep(G, 5)];
    return (some: Units): Value => {
      const gate = (g: number): Value => f.let(add(some.load(ofInput, g), some.load(sums, g)));
      const i = f.let(sigmoid(f, gate(0)));
      const forget = f.let(sigmoid(f, gate(1)));
      const candidate = f.let(tanh(f, gate(2)));
      const o = f.let(sigmoid(f, gate(3)));
      const before = some.load(cells);
      [i, forget, candidate, o, before].forEach((value, chunk) => some.store(gates, value, chunk));
      const c = f.let(add(mul(forget, before), mul(i, candidate)));
      some.store(cells, select(isActive, c, before));
      return mul(o, tanh(f, c));
    };
  };
  emitForward(call, { wh, h0, mask, H, emitStep });
};

export const lstmBackward: EmitTemplate = (call) => {
  const { f } = call;
  const [wh, G, dH, dCell, mask] = call.inputs as [Value, Value, Value, Value, Value];
  const [dZ, dS] = call.outputs as [Value, Value];
  const sequence = sequenceOf(call);
  copyRows(sequence, sequence.rows, dCell, dS, 2, 1);
  const emitStep = (step: Step, isActive: Value) => {
    const [gates, slopes, carry] = [step.ofStep(G, 5), step.ofStep(dZ, 4), step.ofRow(dS, 2)];
    return (some: Units, dh: Value): number => {
      const [i, forget, candidate, o, before] = loadKept(some, gates);
      const output = f.let(tanh(f, f.let(add(mul(forget, before), mul(i, candidate)))));
      const dc = some.load(carry, 1);
      const slope = f.let(add(dc, mul(mul(dh, o), sub(1, mul(output, output)))));
      [
        mul(mul(mul(slope, candidate), i), sub(1, i)),
        mul(mul(mul(slope, before), forget), sub(1, forget)),
        mul(mul(slope, i), sub(1, mul(candidate, candidate))),
        mul(mul(mul(dh, output), o), sub(1, o)),
      ].forEach((value, gate) => some.store(slopes, and(isActive, value), gate));
      some.store(carry, select(isActive, mul(slope, forget), dc), 1);
      return 0;
    };
  };
  emitBackward(call, { wh, dH, mask, slopes: dZ, width: 4, dS, states: 2, emitStep });
};
