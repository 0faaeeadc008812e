/** @file All cotangents of attention at once, from the log-sum-exp of its scores: eight keys at a time meet all queries. */
import type { Value } from "../assembler.ts";
import { add as addIntegers, addScaled, int, min, sub } from "../integers.ts";
import { add, constant, eq, sub as minus, mul, select } from "../math/expression.ts";
import { tileColumns } from "../microKernel.ts";
import type { EmitTemplate } from "../template.ts";
import { type Block, type PairAxes, Pairs } from "./attentionPairs.ts";
import { chunkKeys, QuerySums } from "./attentionQueries.ts";
import { reader } from "./attentionReads.ts";
import { emptyPower, noKey, Scores } from "./attentionScores.ts";
import { loadWord, storeWord } from "./combine.ts";
import {
  loadHalf,
  type Matrix,
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

/** Memory for x, queries or keys, and for y, what is multiplied with values: cotangents of the output, or the values. */
interface Sides {
  readonly x: Value;
  readonly y: Value;
}

/** Queries as panels of four rows and of four columns, a block of eight keys, the sums that become their cotangents. */
interface Memory {
  readonly rows: Sides;
  readonly columns: Sides;
  readonly block: Sides;
  readonly sums: Sides;
  /** Areas [time, 8]: products of scores, then weighted probabilities; products of cotangents, then slopes: the cotangents of scores. */
  readonly powers: Value;
  readonly slopes: Value;
}

function takeMemory({ call, time, source, depth, width }: Pairs): Memory {
  const sides = (words: (columns: number) => number): Sides => ({
    x: call.scratch(words(depth)),
    y: call.scratch(words(width)),
  });
  return {
    rows: sides((columns) => panelWords(time, columns)),
    columns: sides((columns) => panelWords(columns, time)),
    block: sides((columns) => columns * tileColumns),
    sums: sides((columns) => (source + tileColumns) * columns),
    powers: call.scratch(panelWords(time, tileColumns)),
    slopes: call.scratch(panelWords(time, tileColumns)),
  };
}

export const emitGradient: EmitTemplate = (call) => {
  const pairs = new Pairs(call, "keys");
  const { f, source, depth } = pairs;
  const memory = takeMemory(pairs);
  const queries = new QuerySums(pairs);
  const [dq, , , dbias] = call.outputs;
  if (dbias) clear(pairs, dbias, call.outputSizes[3]!);
  const chunk = f.local("i32");
  pairs.overHeads(() => {
    const keys = pairs.keyMatrix(call.inputs[1]!, depth);
    packQueries(pairs, memory);
    f.loop(chunk, int(0), int(source), chunkKeys, () => {
      const end = f.keep("i32", min(addIntegers(chunk.get, int(chunkKeys)), int(source))).get;
      pairs.overBlocks(chunk.get, end, (block) => {
        emitBlock(pairs, memory, keys, block);
        if (dbias) addBias(pairs, block, memory.slopes, dbias);
        queries.pack(block, memory.slopes, chunk.get);
      });
      queries.add(keys, chunk.get, end);
    });
    queries.store(pairs.queryMatrix(dq!, depth));
  });
};

/** The queries of a head, times their factor, and the cotangents of the output. */
function packQueries(pairs: Pairs, { rows, columns }: Memory): void {
  const { f, call, time, depth, width, scale } = pairs;
  const q = pairs.queryMatrix(call.inputs[0]!, depth);
  const g = pairs.queryMatrix(call.inputs[9]!, width);
  packRows(f, q, rows.x);
  packColumns(f, q, columns.x);
  scaleWords(f, rows.x, panelWords(time, depth), scale);
  scaleWords(f, columns.x, time * depth, scale);
  packRows(f, g, rows.y);
  packColumns(f, g, columns.y);
}

/** The slopes of a block of keys, and its own cotangents: dk = slopes q, dv = powers g. */
function emitBlock(pairs: Pairs, memory: Memory, keys: Matrix, block: Block): void {
  const { f, call, depth, width } = pairs;
  const { rows, columns, block: own, sums, powers, slopes } = memory;
  packBlock(f, keys, block.first, own.x);
  packBlock(f, pairs.keyMatrix(call.inputs[2]!, width), block.first, own.y);
  pairs.multiplyRows(block, rows.x, depth, own.x, powers);
  pairs.multiplyRows(block, rows.y, width, own.y, slopes);
  emitSlopes(pairs, block, powers, slopes);
  addKeys(pairs, block, columns.x, slopes, sums.x, pairs.keyMatrix(call.outputs[1]!, depth));
  addKeys(pairs, block, columns.y, powers, sums.y, pairs.keyMatrix(call.outputs[2]!, width));
}

/** slope = p (dp w - delta), and p w. */
function emitSlopes(pairs: Pairs, block: Block, powers: Value, slopes: Value): void {
  const { f, call, heads, time } = pairs;
  const scores = new Scores(pairs, block);
  const ofQueries: PairAxes = [heads * time, time, 1, 0];
  const lses = reader(pairs, block, call.inputs[7]!, ofQueries);
  const deltas = reader(pairs, block, call.inputs[8]!, ofQueries);
  pairs.overRows(block, (placeIn) => {
    const [power, slope] = [placeIn(powers), placeIn(slopes)];
    for (const half of halves) {
      const lse = f.let(lses(half));
      const p = f.let(scores.probability(loadHalf(power, half), lse, half));
      const dp = loadHalf(slope, half);
      storeHalf(f, slope, half, mul(p, minus(scores.weighted(dp, half), deltas(half))));
      const all = call.constants.MASKED ? f.let(select(eq(lse, noKey), emptyPower(pairs), p)) : p;
      storeHalf(f, power, half, scores.weighted(all, half));
    }
  });
}

/** The cotangent of a block of keys or values: an area times columns, added to those of other heads that meet the same keys. */
function addKeys(pairs: Pairs, block: Block, panels: Value, area: Value, sums: Value, to: Matrix): void {
  const { f } = pairs;
  const own = f.keep("i32", addScaled(sums, block.first, to.columns * 4)).get;
  pairs.multiplyColumns(block, panels, to.columns, area, own, pairs.isFirstOfGroup);
  unpackBlock(f, own, to, block.first);
}

/** Adds slopes to the cotangent of the bias, along whose own axes it has strides. */
function addBias(pairs: Pairs, { first, begin, end }: Block, slopes: Value, to: Value): void {
  const { f, call, source, row } = pairs;
  const strides = call.params.slice(7, 11) as unknown as PairAxes;
  const start = f.keep("i32", addScaled(pairs.headStart(to, strides), first, strides[3] * 4)).get;
  const count = f.keep("i32", min(sub(int(source), first), int(tileColumns))).get;
  const lane = f.local("i32");
  f.loop(row, begin, end, 1, () => {
    const ofRow = f.keep("i32", addScaled(start, row.get, strides[2] * 4)).get;
    const slope = f.keep("i32", addScaled(slopes, row.get, rowBytes)).get;
    f.loop(lane, int(0), count, 1, () => {
      const at = f.keep("i32", addScaled(ofRow, lane.get, strides[3] * 4)).get;
      storeWord(f, at, add(loadWord(at), loadWord(addScaled(slope, lane.get, 4))));
    });
  });
}

function clear({ f }: Pairs, at: Value, words: number): void {
  const i = f.local("i32");
  f.loop(i, int(0), int(words), 1, () => storeWord(f, addScaled(at, i.get, 4), constant(0)));
}
