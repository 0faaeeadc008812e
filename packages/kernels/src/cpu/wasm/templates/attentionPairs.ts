/** @file Walks the pairs of queries and keys: heads, blocks of eight lanes of the one, rows of the other. */
import type { Work } from "../../threads/work.ts";
import type { FunctionBuilder, Local, Value } from "../assembler.ts";
import { add, addScaled, div, int, min, mul, sub } from "../integers.ts";
import { tileColumns, tileRows } from "../microKernel.ts";
import type { TemplateCall, TemplateShape } from "../template.ts";
import { type Matrix, multiplyPanels, rowBytes } from "./panels.ts";

/** Strides along [batch, heads, time, source]. */
export type PairAxes = readonly [number, number, number, number];

/** A float by its bits. */
export const numberOf = (bits: number): number => new Float32Array(Int32Array.of(bits).buffer)[0]!;

/** Eight lanes from `first` on, and the rows that they meet. */
export interface Block {
  readonly first: Value;
  readonly begin: Value;
  readonly end: Value;
}

interface Extents {
  readonly time: number;
  readonly source: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly batch: number;
  /** Elements of a query or key, and of a value. */
  readonly depth: number;
  readonly width: number;
}

function extentsOf({ params, constants }: TemplateShape): Extents {
  const [time = 0, source = 0, heads = 0, kvHeads = 0, batch = 0] = params;
  const { DEPTH, VALUE_DEPTH } = constants;
  return { time, source, heads, kvHeads, batch, depth: Number(DEPTH), width: Number(VALUE_DEPTH) };
}

/** Operations of the functions of a pair. */
const pairCost = 40;

/** Heads of queries of all batches. */
export function forwardWork(shape: TemplateShape): Work {
  const { time, source, heads, batch, depth, width } = extentsOf(shape);
  const units = batch * heads;
  return { units, cost: (units * time * source * (depth + width + pairCost)) / 4 };
}

/** Heads of keys of all batches: heads of queries add to the cotangents of theirs, in order. */
export function gradientWork(shape: TemplateShape): Work {
  const { time, source, heads, kvHeads, batch, depth, width } = extentsOf(shape);
  const cost = (batch * heads * time * source * (3 * depth + 2 * width + pairCost)) / 4;
  return { units: batch * kvHeads, cost };
}

export class Pairs implements Omit<Extents, "batch"> {
  readonly f: FunctionBuilder;
  readonly call: TemplateCall;
  readonly time: number;
  readonly source: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly depth: number;
  readonly width: number;
  /** Factor of queries. */
  readonly scale: number;
  readonly lanesAreQueries: boolean;
  /** The row at hand. */
  readonly row: Local;
  readonly #batch: Local;
  readonly #head: Local;

  constructor(call: TemplateCall, lanes: "queries" | "keys") {
    const { time, source, heads, kvHeads, depth, width } = extentsOf(call);
    this.f = call.f;
    this.call = call;
    this.time = time;
    this.source = source;
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.depth = depth;
    this.width = width;
    this.scale = numberOf(call.params[5]!);
    this.lanesAreQueries = lanes === "queries";
    this.row = call.f.local("i32");
    this.#batch = call.f.local("i32");
    this.#head = call.f.local("i32");
  }

  get lanes(): number {
    return this.lanesAreQueries ? this.time : this.source;
  }

  get rows(): number {
    return this.lanesAreQueries ? this.source : this.time;
  }

  /** `body` for every head of queries of the call's units: heads where lanes are queries, else those that meet the same keys. */
  overHeads(body: () => void): void {
    const { f, heads, call } = this;
    const perUnit = this.lanesAreQueries ? 1 : heads / this.kvHeads;
    const unit = f.local("i32");
    f.loop(unit, call.units[0], call.units[1], 1, () => {
      const first = f.keep("i32", mul(unit.get, int(perUnit))).get;
      f.set(this.#batch, div(first, int(heads)));
      const head = f.keep("i32", sub(first, mul(this.#batch.get, int(heads)))).get;
      f.loop(this.#head, head, add(head, int(perUnit)), 1, body);
    });
  }

  /** The rows of the head at hand of an array [batch, time, heads, columns]. */
  queryMatrix(array: Value, columns: number): Matrix {
    return this.#matrix(array, this.time, this.heads, this.#head.get, columns);
  }

  /** The same of an array [batch, source, kvHeads, columns]. */
  keyMatrix(array: Value, columns: number): Matrix {
    return this.#matrix(array, this.source, this.kvHeads, this.#perGroup("i32.div_u"), columns);
  }

  #matrix(array: Value, rows: number, heads: number, head: Value, columns: number): Matrix {
    const pitch = heads * columns;
    const at = addScaled(addScaled(array, this.#batch.get, rows * pitch * 4), head, columns * 4);
    return { at: this.f.keep("i32", at).get, rows, columns, pitch };
  }

  /** Several heads of queries meet one of keys. */
  #perGroup(name: "i32.div_u" | "i32.rem_u"): Value {
    return (f) => {
      this.#head.get(f);
      f.i32(this.heads / this.kvHeads);
      f.plain(name);
    };
  }

  /** Whether the head at hand is the first that its keys meet, as an i32. */
  get isFirstOfGroup(): Value {
    return (f) => {
      this.#perGroup("i32.rem_u")(f);
      f.plain("i32.eqz");
    };
  }

  /**
   * Whether rows are left out that causality excludes for all lanes: not where queries without any key have the mean of all values, those
   * that they may not meet as well.
   */
  get isTriangle(): boolean {
    const { CAUSAL, MASKED, EMPTY_ZERO } = this.call.constants;
    return Boolean(CAUSAL && (!MASKED || EMPTY_ZERO));
  }

  /** The first row that keys from `first` on meet. */
  firstQuery(first: Value): Value {
    return this.isTriangle ? min(first, int(this.time)) : int(0);
  }

  /** `body` for the blocks of eight lanes of the head at hand, from lane `from` to `to`. */
  overBlocks(from: Value, to: Value, body: (block: Block) => void): void {
    const { f, rows, isTriangle, lanesAreQueries } = this;
    const lane = f.local("i32");
    f.loop(lane, from, to, tileColumns, () => {
      const first = lane.get;
      const begin = lanesAreQueries ? int(0) : this.firstQuery(first);
      const end = lanesAreQueries && isTriangle ? min(add(first, int(tileColumns)), int(rows)) : int(rows);
      body({ first, begin: f.keep("i32", begin).get, end: f.keep("i32", end).get });
    });
  }

  /** `body` for every row of a block, with its place in an area [rows, 8]. */
  overRows({ begin, end }: Block, body: (placeIn: (area: Value) => Value) => void): void {
    const { f, row } = this;
    f.loop(row, begin, end, 1, () => body((area) => f.keep("i32", addScaled(area, row.get, rowBytes)).get));
  }

  /** to [rows, 8] = panels of rows, `depth` deep, times `lanes` [depth, 8]. */
  multiplyRows({ begin, end }: Block, panels: Value, depth: number, lanes: Value, to: Value): void {
    multiplyPanels(this.f, {
      panels: addScaled(panels, begin, depth * 4),
      panelDepth: depth,
      depth: int(depth),
      columns: lanes,
      to: addScaled(to, begin, rowBytes),
      lines: sub(end, begin),
      isFirst: int(1),
    });
  }

  /** to [width, 8] = panels of columns times an area [rows, 8]; added to what is there unless `isFirst`. */
  multiplyColumns(
    { begin, end }: Block,
    panels: Value,
    width: number,
    area: Value,
    to: Value,
    isFirst: Value = int(1),
  ): void {
    multiplyPanels(this.f, {
      panels: addScaled(panels, begin, tileRows * 4),
      panelDepth: this.rows,
      depth: sub(end, begin),
      columns: addScaled(area, begin, rowBytes),
      to,
      lines: int(width),
      isFirst,
    });
  }

  /** Where the head at hand begins in an array with such strides. */
  headStart(array: Value, [batch, head]: PairAxes): Value {
    return addScaled(addScaled(array, this.#batch.get, batch * 4), this.#head.get, head * 4);
  }
}
