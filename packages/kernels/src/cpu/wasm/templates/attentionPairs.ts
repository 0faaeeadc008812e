/** @file Walks the pairs of queries and keys: heads, blocks of eight lanes of the one, rows of the other. */
import type { FunctionBuilder, Local, Value } from "../assembler.ts";
import { add, addScaled, int, min, sub } from "../integers.ts";
import { tileColumns, tileRows } from "../microKernel.ts";
import type { TemplateCall } from "../template.ts";
import { type Matrix, multiplyPanels, rowBytes } from "./panels.ts";

/** Strides along [batch, heads, time, source]. */
export type PairAxes = readonly [number, number, number, number];

/** A vector of the row at hand: of half 0 lanes 0 to 3, of half 1 lanes 4 to 7. */
export type Read = (half: number) => Value;

/** A float by its bits. */
export const numberOf = (bits: number): number => new Float32Array(Int32Array.of(bits).buffer)[0]!;

/** Eight lanes from `first` on, and the rows that they meet. */
export interface Block {
  readonly first: Value;
  readonly begin: Value;
  readonly end: Value;
}

export class Pairs {
  readonly f: FunctionBuilder;
  readonly call: TemplateCall;
  readonly time: number;
  readonly source: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly batch: number;
  /** Elements of a query or key, and of a value. */
  readonly depth: number;
  readonly width: number;
  /** Factor of the products of queries and keys. */
  readonly scale: number;
  readonly lanesAreQueries: boolean;
  /** The row at hand. */
  readonly row: Local;
  readonly #batch: Local;
  readonly #head: Local;

  constructor(call: TemplateCall, lanes: "queries" | "keys") {
    const [time = 0, source = 0, heads = 0, kvHeads = 0, batch = 0, scale = 0] = call.params;
    this.f = call.f;
    this.call = call;
    this.time = time;
    this.source = source;
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.batch = batch;
    this.depth = Number(call.constants.DEPTH);
    this.width = Number(call.constants.VALUE_DEPTH);
    this.scale = numberOf(scale);
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

  /** `body` for every head of queries of every batch. */
  overHeads(body: () => void): void {
    const { f } = this;
    f.loop(this.#batch, int(0), int(this.batch), 1, () => {
      f.loop(this.#head, int(0), int(this.heads), 1, body);
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

  /** `body` for every block of the head at hand; `causal`: without rows that no lane may meet. */
  overBlocks(causal: boolean, body: (block: Block) => void): void {
    const { f, rows } = this;
    const lane = f.local("i32");
    f.loop(lane, int(0), int(this.lanes), tileColumns, () => {
      const first = lane.get;
      const [begin, end] = !causal
        ? [int(0), int(rows)]
        : this.lanesAreQueries
          ? [int(0), min(add(first, int(tileColumns)), int(rows))]
          : [min(first, int(rows)), int(rows)];
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

  /** How an array with such strides is read in a block. */
  reader({ first }: Block, array: Value, strides: PairAxes): Read {
    const start = this.f.keep("i32", this.headStart(array, strides)).get;
    const [laneStride, rowStride] = this.lanesAreQueries
      ? [strides[2], strides[3]]
      : [strides[3], strides[2]];
    const at = (index: Value): Value => {
      const address = this.f.keep("i32", addScaled(start, index, laneStride * 4)).get;
      return addScaled(address, this.row.get, rowStride * 4);
    };
    if (laneStride === 0) return () => load("v128.load32_splat", at(first), 0);
    if (laneStride === 1) {
      const address = at(first);
      return (half) => load("v128.load", address, half * 16);
    }
    const last = int(this.lanes - 1);
    const addresses = Array.from({ length: tileColumns }, (_, lane) => at(min(add(first, int(lane)), last)));
    return (half) => gather(addresses.slice(half * 4, half * 4 + 4));
  }
}

function load(name: "v128.load" | "v128.load32_splat", address: Value, offset: number): Value {
  return (f) => {
    address(f);
    f.memory(name, offset);
  };
}

/** A word of each address. */
function gather([first, ...others]: readonly Value[]): Value {
  return others.reduce<Value>(
    (vector, address, i) => (f) => {
      address(f);
      vector(f);
      f.memoryLane("v128.load32_lane", i + 1);
    },
    (f) => {
      first!(f);
      f.memory("v128.load32_zero");
    },
  );
}
