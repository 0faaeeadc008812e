/** @file What recurrent layers have in common each way: blocks of rows, all steps of a block one after another, a product in each. */
import type { Value } from "../assembler.ts";
import { add, int, sub } from "../integers.ts";
import { add as plus, select, type Term, words } from "../math/expression.ts";
import type { TemplateCall } from "../template.ts";
import { blockRows, RecurrentProduct } from "./recurrentProduct.ts";
import { eachBlock, eachRow, Step, sequenceOf } from "./sequence.ts";
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
export function emitForward(call: TemplateCall, { wh, h0, mask, H, emitStep }: Forward): void {
  const sequence = sequenceOf(call);
  const { f, batch, steps, units, gates } = sequence;
  const columns = gates * units;
  const weights = { at: wh, depth: units, columns, columnStride: 1, depthStride: columns };
  const product = new RecurrentProduct(call, weights, batch);
  eachBlock(sequence, blockRows, (block) => {
    eachRow(sequence, block, (row) => {
      const [from, to] = [row.ofRow(h0), row.ofRow(H, steps + 1)];
      eachUnits(f, units, (some) => some.store(to, some.load(from)));
    });
    const t = f.local("i32");
    f.loop(t, int(0), int(steps), 1, () => {
      product.emit(block, new Step(sequence, block.first, t.get).ofStates(H), (steps + 1) * units);
      eachRow(sequence, block, ({ index }) => {
        const step = new Step(sequence, index, t.get);
        const [isActive, h] = [step.isActive(mask), step.ofStates(H)];
        const after = emitStep(step, product.sumsOf(block, index), isActive);
        eachUnits(f, units, (some) => some.store(h, select(isActive, after(some), some.load(h)), 1));
      });
    });
  });
}

interface Backward {
  readonly wh: Value;
  readonly dH: Value;
  readonly mask: Value;
  /** [batch, steps, width * units], of which the last chunks are the slopes of the product's sums. */
  readonly slopes: Value;
  readonly width: number;
  /** [batch, states * units], of which the first is that of h0. */
  readonly dS: Value;
  readonly states: number;
  /**
   * The same as forward, of cotangents: it stores the slopes, and gives what reaches the state before an active step other than by the product.
   */
  readonly emitStep: (step: Step, isActive: Value) => (units: Units, dh: Value) => Term;
}

/** Slopes and dS; what of dh does not go through the product is kept in dS on the way. */
export function emitBackward(
  call: TemplateCall,
  { wh, dH, mask, slopes, width, dS, states, emitStep }: Backward,
): void {
  const sequence = sequenceOf(call);
  const { f, batch, steps, units, gates } = sequence;
  const depth = gates * units;
  const weights = { at: wh, depth, columns: units, columnStride: depth, depthStride: 1 };
  const product = new RecurrentProduct(call, weights, batch);
  eachBlock(sequence, blockRows, (block) => {
    eachRow(sequence, block, (row) => {
      const [held, sums] = [row.ofRow(dS, states), product.sumsOf(block, row.index)];
      eachUnits(f, units, (some) => {
        for (const target of [held, sums]) some.store(target, words(0));
      });
    });
    const turn = f.local("i32");
    f.loop(turn, int(0), int(steps), 1, () => {
      const t = f.keep("i32", sub(int(steps - 1), turn.get)).get;
      eachRow(sequence, block, ({ index }) => {
        const step = new Step(sequence, index, t);
        const [isActive, cotangents, held] = [step.isActive(mask), step.ofStates(dH), step.ofRow(dS, states)];
        const past = emitStep(step, isActive);
        const sums = product.sumsOf(block, index);
        eachUnits(f, units, (some) => {
          const dh = f.let(plus(plus(some.load(cotangents, 1), some.load(sums)), some.load(held)));
          some.store(held, select(isActive, past(some, dh), dh));
        });
      });
      const ofInput = new Step(sequence, block.first, t).ofStep(slopes, width);
      product.emit(block, add(ofInput, int((width - gates) * units * 4)), steps * width * units);
    });
    eachRow(sequence, block, (row) => {
      const [cotangents, held] = [row.ofRow(dH, steps + 1), row.ofRow(dS, states)];
      const sums = product.sumsOf(block, row.index);
      eachUnits(f, units, (some) => {
        some.store(held, plus(plus(some.load(cotangents), some.load(sums)), some.load(held)));
      });
    });
  });
}
