/** @file What recurrent layers have in common each way: blocks of rows, all steps of a block one after another, a product in each. */
import type { Value } from "../assembler.ts";
import { add, int, sub } from "../integers.ts";
import { add as plus, select, type Term, words } from "../math/expression.ts";
import type { TemplateCall } from "../template.ts";
import { RecurrentProduct } from "./recurrentProduct.ts";
import { copyRows, eachBlock, eachRow, type Row, type Sequence, Step, sequenceOf } from "./sequence.ts";
import { eachUnits, type Units } from "./units.ts";

interface Forward {
  readonly wh: Value;
  readonly h0: Value;
  readonly mask: Value;
  readonly H: Value;
  /** Emits what precedes the units of a step, and returns what emits some of them: their state after the step, if it is active. */
  readonly emitStep: (step: Step, sums: Value, isActive: Value) => (units: Units) => Value;
}

/** H from h0 on. */
export function emitForward(call: TemplateCall, forward: Forward): void {
  const { wh, h0, H } = forward;
  const sequence = sequenceOf(call);
  const { f, batch, steps, units, gates } = sequence;
  const columns = gates * units;
  const weights = { at: wh, depth: units, columns, columnStride: 1, depthStride: columns };
  const product = new RecurrentProduct(call, weights, batch);
  const t = f.local("i32");
  eachBlock(sequence, (block) => {
    copyRows(sequence, block, h0, H, steps + 1);
    f.loop(t, int(0), int(steps), 1, () => {
      product.emit(block, new Step(sequence, block.first, t.get).ofStates(H), (steps + 1) * units);
      eachRow(sequence, block, ({ index }) => {
        stepForward(sequence, forward, new Step(sequence, index, t.get), product.sumsOf(block, index));
      });
    });
  });
}

function stepForward({ f, units }: Sequence, { mask, H, emitStep }: Forward, step: Step, sums: Value): void {
  const [isActive, h] = [step.isActive(mask), step.ofStates(H)];
  const after = emitStep(step, sums, isActive);
  eachUnits(f, units, (some) => some.store(h, select(isActive, after(some), some.load(h)), 1));
}

interface Backward {
  readonly wh: Value;
  readonly dH: Value;
  readonly mask: Value;
  /** [batch, steps, width * units], of which the last chunks are the slopes of the product's sums. */
  readonly slopes: Value;
  readonly width: number;
  /** [batch, states * units], of which the first chunk is that of h0. */
  readonly dS: Value;
  readonly states: number;
  /** The same for cotangents: emits the slopes of units, and gives what reaches the state before an active step past the product. */
  readonly emitStep: (step: Step, isActive: Value) => (units: Units, dh: Value) => Term;
}

/** Slopes and dS, which holds what goes past the product from step to step. */
export function emitBackward(call: TemplateCall, backward: Backward): void {
  const { wh, slopes, width } = backward;
  const sequence = sequenceOf(call);
  const { f, batch, steps, units, gates } = sequence;
  const depth = gates * units;
  const weights = { at: wh, depth, columns: units, columnStride: depth, depthStride: 1 };
  const product = new RecurrentProduct(call, weights, batch);
  const turn = f.local("i32");
  eachBlock(sequence, (block) => {
    eachRow(sequence, block, (row) =>
      startBackward(sequence, backward, row, product.sumsOf(block, row.index)),
    );
    f.loop(turn, int(0), int(steps), 1, () => {
      const t = f.keep("i32", sub(int(steps - 1), turn.get)).get;
      eachRow(sequence, block, ({ index }) => {
        stepBackward(sequence, backward, new Step(sequence, index, t), product.sumsOf(block, index));
      });
      const ofStep = new Step(sequence, block.first, t).ofStep(slopes, width);
      product.emit(block, add(ofStep, int((width - gates) * units * 4)), steps * width * units);
    });
    eachRow(sequence, block, (row) => endBackward(sequence, backward, row, product.sumsOf(block, row.index)));
  });
}

/** Nothing comes from behind the last step. */
function startBackward({ f, units }: Sequence, { dS, states }: Backward, row: Row, sums: Value): void {
  const held = row.ofRow(dS, states);
  eachUnits(f, units, (some) => {
    for (const target of [held, sums]) some.store(target, words(0));
  });
}

function stepBackward(
  { f, units }: Sequence,
  { dH, mask, dS, states, emitStep }: Backward,
  step: Step,
  sums: Value,
): void {
  const [isActive, cotangents, held] = [step.isActive(mask), step.ofStates(dH), step.ofRow(dS, states)];
  const past = emitStep(step, isActive);
  eachUnits(f, units, (some) => {
    const dh = f.let(plus(plus(some.load(cotangents, 1), some.load(sums)), some.load(held)));
    some.store(held, select(isActive, past(some, dh), dh));
  });
}

function endBackward(
  { f, steps, units }: Sequence,
  { dH, dS, states }: Backward,
  row: Row,
  sums: Value,
): void {
  const [cotangents, held] = [row.ofRow(dH, steps + 1), row.ofRow(dS, states)];
  eachUnits(f, units, (some) => {
    some.store(held, plus(plus(some.load(cotangents), some.load(sums)), some.load(held)));
  });
}

/** What a step forward kept of units: five chunks of G. */
export function loadKept(some: Units, G: Value): [Value, Value, Value, Value, Value] {
  return [some.load(G, 0), some.load(G, 1), some.load(G, 2), some.load(G, 3), some.load(G, 4)];
}
