/** @file Pairs of queries and keys, eight lanes of the one by rows of the other: their scores, weights and which of them count. */
import type { FunctionBuilder, Local, Value } from "../assembler.ts";
import { add, addScaled, int, min } from "../integers.ts";
import { exp } from "../math/exponential.ts";
import {
  and,
  andWords,
  fma,
  lt,
  mul,
  select,
  shiftRight,
  sub,
  subWords,
  type Term,
  wordsToFloats,
} from "../math/expression.ts";
import { tileColumns } from "../microKernel.ts";
import type { TemplateCall } from "../template.ts";
import { type Matrix, rowBytes } from "./panels.ts";

/** Strides along [batch, heads, time, source]. */
type PairAxes = readonly [number, number, number, number];

/** A vector of the row at hand: lanes 0 to 3 or, of half 1, 4 to 7. */
type Read = (half: number) => Value;

/** Eight lanes from `first` on, and the rows that they meet. */
export interface Block {
  readonly first: Value;
  readonly begin: Value;
  readonly end: Value;
  /** What is added to scores, which pairs count, factors of probabilities, random bits; null where there are none. */
  readonly bias: Read | null;
  readonly mask: Read | null;
  readonly factor: Read | null;
  readonly bits: Read | null;
}

/** The log-sum-exp of a query without any key. */
export const noKey = 3e38;

const numberOf = (bits: number): number => new Float32Array(Int32Array.of(bits).buffer)[0]!;

export class Pairs {
  readonly call: TemplateCall;
  readonly time: number;
  readonly source: number;
  readonly heads: number;
  /** Heads of queries that share a head of keys. */
  readonly group: number;
  readonly batch: number;
  readonly scale: number;
  readonly depth: number;
  readonly width: number;
  /** How many there are of what lies in lanes, and of what lies in rows. */
  readonly lanes: number;
  readonly rows: number;
  /** Whether some query may have no key, but the mean of all values. */
  readonly emptyMeans: boolean;
  readonly #f: FunctionBuilder;
  readonly #lanesAreQueries: boolean;
  readonly #kept: number;
  readonly #batch: Local;
  readonly #head: Local;
  readonly #row: Local;

  constructor(call: TemplateCall, lanes: "queries" | "keys") {
    const { f, constants, params } = call;
    const [time = 0, source = 0, heads = 0, kvHeads = 0, batch = 0, scale = 0, kept = 0] = params;
    this.call = call;
    Object.assign(this, { time, source, heads, batch });
    this.time = time;
    this.source = source;
    this.heads = heads;
    this.group = heads / kvHeads;
    this.batch = batch;
    this.scale = numberOf(scale);
    this.depth = Number(constants.DEPTH);
    this.width = Number(constants.VALUE_DEPTH);
    this.#lanesAreQueries = lanes === "queries";
    this.lanes = this.#lanesAreQueries ? time : source;
    this.rows = this.#lanesAreQueries ? source : time;
    this.emptyMeans = Boolean(constants.MASKED && !constants.EMPTY_ZERO);
    this.#f = f;
    this.#kept = numberOf(kept);
    this.#batch = f.local("i32");
    this.#head = f.local("i32");
    this.#row = f.local("i32");
  }

  /** `body` for every head of queries of every batch. */
  overHeads(body: () => void): void {
    const f = this.#f;
    f.loop(this.#batch, int(0), int(this.batch), 1, () => {
      f.loop(this.#head, int(0), int(this.heads), 1, body);
    });
  }

  /** The rows [time, columns] of queries, or of what belongs to them, of the head at hand. */
  queryMatrix(array: Value, columns: number): Matrix {
    return this.#matrix(array, this.time, this.heads, this.#head.get, columns);
  }

  /** The rows [source, columns] of keys or values. */
  keyMatrix(array: Value, columns: number): Matrix {
    return this.#matrix(array, this.source, this.heads / this.group, this.#kvHead, columns);
  }

  #matrix(array: Value, rows: number, heads: number, head: Value, columns: number): Matrix {
    const pitch = heads * columns;
    const at = addScaled(addScaled(array, this.#batch.get, rows * pitch * 4), head, columns * 4);
    return { at: this.#f.keep("i32", at).get, rows, columns, pitch };
  }

  get #kvHead(): Value {
    return (f) => {
      this.#head.get(f);
      f.i32(this.group);
      f.plain("i32.div_u");
    };
  }

  /** Whether the head at hand is the first that its keys meet, as an i32. */
  get isFirstOfGroup(): Value {
    return (f) => {
      this.#head.get(f);
      f.i32(this.group);
      f.plain("i32.rem_u");
      f.plain("i32.eqz");
    };
  }

  /** `body` for blocks of eight lanes; `all`: with rows that causality excludes. */
  overBlocks(all: boolean, body: (block: Block) => void): void {
    const f = this.#f;
    const { constants, params } = this.call;
    const lane = f.local("i32");
    const skips = constants.CAUSAL && !all;
    f.loop(lane, int(0), int(this.lanes), tileColumns, () => {
      const first = lane.get;
      const begin = skips && !this.#lanesAreQueries ? min(first, int(this.rows)) : int(0);
      const end =
        skips && this.#lanesAreQueries ? min(add(first, int(tileColumns)), int(this.rows)) : int(this.rows);
      const read = (has: number | boolean | undefined, input: number, word: number): Read | null =>
        has ? this.reader(first, this.call.inputs[input]!, params.slice(word) as unknown as PairAxes) : null;
      body({
        first,
        begin: f.keep("i32", begin).get,
        end: f.keep("i32", end).get,
        bias: read(constants.BIASED, 3, 7),
        mask: read(constants.MASKED, 4, 11),
        factor: read(constants.WEIGHTED, 5, 15),
        bits: constants.DROPPED ? this.reader(first, this.call.inputs[6]!, this.#pairStrides) : null,
      });
    });
  }

  get #pairStrides(): PairAxes {
    const { heads, time, source } = this;
    return [heads * time * source, time * source, source, 1];
  }

  /** Strides of what is [batch, heads, time]. */
  get queryStrides(): PairAxes {
    return [this.heads * this.time, this.time, 1, 0];
  }

  /** `body` for every row of a block. */
  overRows({ begin, end }: Block, body: (row: Value) => void): void {
    this.#f.loop(this.#row, begin, end, 1, () => body(this.#row.get));
  }

  /** Where an array with such strides is, for the head at hand. */
  headStart(array: Value, [batch, head]: PairAxes): Value {
    return addScaled(addScaled(array, this.#batch.get, batch * 4), this.#head.get, head * 4);
  }

  reader(first: Value, array: Value, strides: PairAxes): Read {
    const f = this.#f;
    const [laneStride, rowStride] = this.#lanesAreQueries ? [strides[2], strides[3]] : [strides[3], strides[2]];
    const start = f.keep("i32", this.headStart(array, strides)).get;
    const laneAt = (lane: number): Value => {
      const index = lane === 0 ? first : min(add(first, int(lane)), int(this.lanes - 1));
      const address = f.keep("i32", addScaled(start, index, laneStride * 4)).get;
      return addScaled(address, this.#row.get, rowStride * 4);
    };
    if (laneStride < 2) {
      const at = laneAt(0);
      return (half) => (g) => {
        at(g);
        g.memory(laneStride === 0 ? "v128.load32_splat" : "v128.load", half * laneStride * 16);
      };
    }
    const addresses = Array.from({ length: tileColumns }, (_, lane) => laneAt(lane));
    return (half) => gather(addresses.slice(half * 4, half * 4 + 4));
  }

  /** The score of pairs whose product is given. */
  score({ bias }: Block, half: number, product: Value): Value {
    return bias ? fma(product, this.scale, bias(half)) : mul(product, this.scale);
  }

  /** The mask of the pairs that count; null where all do. */
  allowed({ first, mask }: Block, half: number): Value | null {
    const isKept = mask ? subWords(0, mask(half)) : null;
    if (!this.call.constants.CAUSAL) return isKept;
    const lane = (f: FunctionBuilder): void => {
      add(first, int(half * 4))(f);
      f.simd("i32x4.splat");
      f.v128([0, 1, 2, 3], true);
      f.simd("i32x4.add");
    };
    const row = (f: FunctionBuilder): void => {
      this.#row.get(f);
      f.simd("i32x4.splat");
    };
    const [query, key] = this.#lanesAreQueries ? [lane, row] : [row, lane];
    const isBefore: Value = (f) => {
      key(f);
      query(f);
      f.simd("i32x4.le_s");
    };
    return isKept ? and(isKept, isBefore) : isBefore;
  }

  /** Factor of the probability: that of the caller, and dropout's. */
  weight({ factor, bits }: Block, half: number): Value | null {
    const own = factor ? factor(half) : null;
    if (!bits) return own;
    const unit = mul(wordsToFloats(andWords(shiftRight(bits(half), 9), 0x7fffff)), 2 ** -23);
    const share: Term = own ? mul(own, 1 / this.#kept) : 1 / this.#kept;
    return select(lt(unit, this.#kept), share, 0);
  }

  /** The probability of each key of a query without any. */
  get emptyPower(): number {
    return this.emptyMeans ? 1 / this.source : 0;
  }

  /** exp(score - subtrahend) where pairs count, else 0. */
  power(block: Block, half: number, score: Value, subtrahend: Value): Value {
    const f = this.#f;
    const power = exp(f, f.let(sub(score, subtrahend)));
    const allowed = this.allowed(block, half);
    return f.let(allowed ? and(allowed, power) : power);
  }
}

/** A vector of four words, each at an address of its own. */
function gather(addresses: readonly Value[]): Value {
  return addresses.reduceRight<Value>(
    (_, __, ___) => () => {},
    () => {},
  );
}

export { rowBytes };
