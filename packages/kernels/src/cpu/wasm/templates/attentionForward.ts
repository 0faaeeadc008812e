/** @file Attention without stored scores: eight queries at a time meet all keys. */
import type { Value } from "../assembler.ts";
import { add as addIntegers, addScaled, int, min, sub } from "../integers.ts";
import { exp } from "../math/exponential.ts";
import { add, constant, div, sub as minus, mul, or, select } from "../math/expression.ts";
import { log } from "../math/logarithm.ts";
import { tileColumns } from "../microKernel.ts";
import type { EmitTemplate } from "../template.ts";
import { type Block, Pairs } from "./attentionPairs.ts";
import { emptyPower, noKey, Scores } from "./attentionScores.ts";
import { apply } from "./combine.ts";
import {
  loadHalf,
  packBlock,
  packColumns,
  packRows,
  panelWords,
  rowBytes,
  scaleWords,
  storeHalf,
  unpackBlock,
} from "./panels.ts";

const halves = [0, 1];

export const emitForward: EmitTemplate = (call) => {
  const pairs = new Pairs(call, "queries");
  const { f, time, source, depth, width, scale } = pairs;
  const keys = call.scratch(panelWords(source, depth));
  const values = call.scratch(panelWords(width, source));
  const query = call.scratch(depth * tileColumns);
  const powers = call.scratch(panelWords(source, tileColumns));
  const sums = call.scratch(width * tileColumns);
  const lse = call.scratch(tileColumns);
  pairs.overHeads(() => {
    const q = pairs.queryMatrix(call.inputs[0]!, depth);
    const o = pairs.queryMatrix(call.outputs[0]!, width);
    packRows(f, pairs.keyMatrix(call.inputs[1]!, depth), keys);
    packColumns(f, pairs.keyMatrix(call.inputs[2]!, width), values);
    pairs.overBlocks(int(0), int(time), (block) => {
      packBlock(f, q, block.first, query);
      scaleWords(f, query, depth * tileColumns, scale);
      pairs.multiplyRows(block, keys, depth, query, powers);
      const totals = softmax(pairs, block, powers, lse);
      pairs.multiplyColumns(block, values, width, powers, sums);
      divideRows(pairs, sums, totals);
      unpackBlock(f, sums, o, block.first);
      storeLse(pairs, block, lse);
    });
  });
};

/** Products become probabilities that are not normalised yet; returns their totals, and stores the log-sum-exp. */
function softmax(pairs: Pairs, block: Block, area: Value, lse: Value): Value[] {
  const { f, call } = pairs;
  const scores = new Scores(pairs, block);
  const { largest, hasKey } = storeScores(pairs, block, scores, area);
  const orIfEmpty = (value: Value, other: number, half: number): Value =>
    call.constants.MASKED ? f.let(select(hasKey[half]!, value, other)) : value;
  const totals = halves.map(() => f.keep("v128", constant(0)));
  pairs.overRows(block, (placeIn) => {
    const at = placeIn(area);
    for (const half of halves) {
      const power = f.let(exp(f, f.let(minus(loadHalf(at, half), largest[half]!))));
      f.set(totals[half]!, add(totals[half]!.get, power));
      storeHalf(f, at, half, scores.weighted(orIfEmpty(power, emptyPower(pairs), half), half));
    }
  });
  for (const half of halves) {
    const sum = f.let(add(largest[half]!, log(f, totals[half]!.get)));
    storeHalf(f, lse, half, orIfEmpty(sum, noKey, half));
  }
  return totals.map(({ get }, half) => orIfEmpty(get, 1, half));
}

/** Scores in the place of products, -Infinity where pairs do not count; the largest of each query, and whether it has a key at all. */
function storeScores(pairs: Pairs, block: Block, scores: Scores, area: Value) {
  const { f } = pairs;
  const largest = halves.map(() => f.keep("v128", constant(-Infinity)));
  const hasKey = halves.map(() => f.keep("v128", constant(0)));
  pairs.overRows(block, (placeIn) => {
    const at = placeIn(area);
    for (const half of halves) {
      const all = scores.score(loadHalf(at, half), half);
      const allowed = scores.allowed(half);
      const mask = allowed && f.let(allowed);
      const score = f.let(mask ? select(mask, all, -Infinity) : all);
      // A score that is NaN makes the total NaN, whatever the largest is.
      f.set(largest[half]!, apply("f32x4.pmax", largest[half]!.get, score));
      if (mask) f.set(hasKey[half]!, or(hasKey[half]!.get, mask));
      if (mask || pairs.call.constants.BIASED) storeHalf(f, at, half, score);
    }
  });
  return { largest: largest.map(({ get }) => get), hasKey: hasKey.map(({ get }) => get) };
}

/** Divides the columns of an area [width, 8]. */
function divideRows({ f, width }: Pairs, area: Value, divisors: readonly Value[]): void {
  const factors = divisors.map((divisor) => f.let(div(1, divisor)));
  const offset = f.local("i32");
  f.loop(offset, int(0), int(width * rowBytes), rowBytes, () => {
    const at = addIntegers(area, offset.get);
    for (const half of halves) storeHalf(f, at, half, mul(loadHalf(at, half), factors[half]!));
  });
}

/** The log-sum-exp of those lanes that are queries. */
function storeLse(pairs: Pairs, { first }: Block, lse: Value): void {
  const { f, heads, time, call } = pairs;
  const to = addScaled(pairs.headStart(call.outputs[1]!, [heads * time, time, 1, 0]), first, 4);
  const address = f.keep("i32", to).get;
  const lane = f.local("i32");
  f.loop(lane, int(0), min(sub(int(time), first), int(tileColumns)), 1, () => {
    addScaled(address, lane.get, 4)(f);
    addScaled(lse, lane.get, 4)(f);
    f.memory("f32.load");
    f.memory("f32.store");
  });
}
