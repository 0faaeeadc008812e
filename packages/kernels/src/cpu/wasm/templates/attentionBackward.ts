/** @file The cotangents of attention from the log-sum-exp of its scores: by eight queries (those of queries and bias) or eight keys at a time. */
import type { Value } from "../assembler.ts";
import { addScaled, int, min, sub } from "../integers.ts";
import { add, eq, sub as minus, mul, select } from "../math/expression.ts";
import { tileColumns } from "../microKernel.ts";
import type { EmitTemplate } from "../template.ts";
import { type Block, type PairAxes, Pairs } from "./attentionPairs.ts";
import { emptyPower, isTriangle, noKey, Scores } from "./attentionScores.ts";
import {
  loadHalf,
  type Matrix,
  packBlock,
  packColumns,
  packRows,
  panelWords,
  rowBytes,
  storeHalf,
  unpackBlock,
} from "./panels.ts";

const halves = [0, 1];

/** Areas [rows, 8]: products of scores, then probabilities with their weights; products of cotangents, then those of scores. */
interface Areas {
  readonly powers: Value;
  readonly slopes: Value;
}

/** What lies in lanes or in rows of the head at hand: queries and cotangents of the output, or keys and values. */
interface Side {
  readonly x: Matrix;
  readonly y: Matrix;
}

interface Visit {
  /** Runs once per head, before its blocks. */
  start(rows: Side): void;
  /** The slopes of the block are there; of keys the probabilities as well. */
  block(block: Block, areas: Areas): void;
}

/** The cotangents of scores times `factor`, block by block. */
function overSlopes(pairs: Pairs, factor: number, visit: Visit): void {
  const { f, call, rows, depth, width, lanesAreQueries } = pairs;
  const [rowX, rowY] = [call.scratch(panelWords(rows, depth)), call.scratch(panelWords(rows, width))];
  const [laneX, laneY] = [call.scratch(depth * tileColumns), call.scratch(width * tileColumns)];
  const area = panelWords(rows, tileColumns);
  const areas = { powers: call.scratch(area), slopes: call.scratch(area) };
  const isCausal = lanesAreQueries ? Boolean(call.constants.CAUSAL) : isTriangle(call);
  const [q, k, v, g] = [0, 1, 2, 9].map((input) => call.inputs[input]!) as [Value, Value, Value, Value];
  pairs.overHeads(() => {
    const queries = { x: pairs.queryMatrix(q, depth), y: pairs.queryMatrix(g, width) };
    const keys = { x: pairs.keyMatrix(k, depth), y: pairs.keyMatrix(v, width) };
    const [ofLanes, ofRows] = lanesAreQueries ? [queries, keys] : [keys, queries];
    packRows(f, ofRows.x, rowX);
    packRows(f, ofRows.y, rowY);
    visit.start(ofRows);
    pairs.overBlocks(isCausal, (block) => {
      packBlock(f, ofLanes.x, block.first, laneX);
      packBlock(f, ofLanes.y, block.first, laneY);
      pairs.multiplyRows(block, rowX, depth, laneX, areas.powers);
      pairs.multiplyRows(block, rowY, width, laneY, areas.slopes);
      emitSlopes(pairs, block, areas, factor);
      visit.block(block, areas);
    });
  });
}

/** slope = p (dp w - delta), and p w. */
function emitSlopes(pairs: Pairs, block: Block, { powers, slopes }: Areas, factor: number): void {
  const { f, call, heads, time, lanesAreQueries } = pairs;
  const rules = new Scores(pairs, block);
  const ofQueries: PairAxes = [heads * time, time, 1, 0];
  const [lses, deltas] = [
    pairs.reader(block, call.inputs[7]!, ofQueries),
    pairs.reader(block, call.inputs[8]!, ofQueries),
  ];
  pairs.overRows(block, (placeIn) => {
    const [power, slope] = [placeIn(powers), placeIn(slopes)];
    for (const half of halves) {
      const lse = f.let(lses(half));
      const p = f.let(rules.probability(loadHalf(power, half), lse, half));
      const weighted = rules.weighted(loadHalf(slope, half), half);
      storeHalf(f, slope, half, mul(p, mul(minus(weighted, deltas(half)), factor)));
      if (lanesAreQueries) continue;
      const shown = call.constants.MASKED ? f.let(select(eq(lse, noKey), emptyPower(pairs), p)) : p;
      storeHalf(f, power, half, rules.weighted(shown, half));
    }
  });
}

/** dq = slopes k. */
export const emitQueries: EmitTemplate = (call) => {
  const pairs = new Pairs(call, "queries");
  const { f, source, depth, scale } = pairs;
  const keys = call.scratch(panelWords(depth, source));
  const sums = call.scratch(depth * tileColumns);
  overSlopes(pairs, scale, {
    start: ({ x }) => packColumns(f, x, keys),
    block: (block, { slopes }) => {
      pairs.multiplyColumns(block, keys, depth, slopes, sums);
      unpackBlock(f, sums, pairs.queryMatrix(call.outputs[0]!, depth), block.first);
    },
  });
};

/** dk = slopes q and dv = powers g, summed over the heads that meet the same keys. */
export const emitKeys: EmitTemplate = (call) => {
  const pairs = new Pairs(call, "keys");
  const { f, time, source, depth, width, scale } = pairs;
  const outputs = [depth, width].map((columns, i) => ({
    columns,
    to: call.outputs[i]!,
    panels: call.scratch(panelWords(columns, time)),
    sums: call.scratch(panelWords(source, columns) + tileColumns * columns),
  }));
  overSlopes(pairs, scale, {
    start: ({ x, y }) => [x, y].forEach((matrix, i) => packColumns(f, matrix, outputs[i]!.panels)),
    block: (block, { powers, slopes }) =>
      outputs.forEach(({ columns, to, panels, sums }, i) => {
        const own = f.keep("i32", addScaled(sums, block.first, columns * 4)).get;
        const area = i === 0 ? slopes : powers;
        pairs.multiplyColumns(block, panels, columns, area, own, pairs.isFirstOfGroup);
        unpackBlock(f, own, pairs.keyMatrix(to, columns), block.first);
      }),
  });
};

/** dbias = slopes, summed along axes that the bias does not have. */
export const emitBias: EmitTemplate = (call) => {
  const pairs = new Pairs(call, "queries");
  const { f, time, row } = pairs;
  const [to] = call.outputs as [Value];
  const extents = call.params.slice(19, 23);
  const strides = extents.map((extent, axis) =>
    extent === 1 ? 0 : extents.slice(axis + 1).reduce((a, b) => a * b, 1),
  ) as unknown as PairAxes;
  fill(pairs, to, call.outputSizes[0]!);
  const lane = f.local("i32");
  overSlopes(pairs, 1, {
    start: () => {},
    block: ({ first, begin, end }, { slopes }) => {
      const start = f.keep("i32", addScaled(pairs.headStart(to, strides), first, strides[2] * 4)).get;
      f.loop(lane, int(0), min(sub(int(time), first), int(tileColumns)), 1, () => {
        const ofLane = f.keep("i32", addScaled(start, lane.get, strides[2] * 4)).get;
        const slope = f.keep("i32", addScaled(slopes, lane.get, 4)).get;
        f.loop(row, begin, end, 1, () => {
          const at = f.keep("i32", addScaled(ofLane, row.get, strides[3] * 4)).get;
          at(f);
          add(word(at), word(addScaled(slope, row.get, rowBytes)))(f);
          f.memoryLane("v128.store32_lane", 0);
        });
      });
    },
  });
};

function word(address: Value): Value {
  return (f) => {
    address(f);
    f.memory("v128.load32_zero");
  };
}

function fill({ f }: Pairs, at: Value, words: number): void {
  const i = f.local("i32");
  f.loop(i, int(0), int(words), 1, () => {
    addScaled(at, i.get, 4)(f);
    f.f32(0);
    f.memory("f32.store");
  });
}
