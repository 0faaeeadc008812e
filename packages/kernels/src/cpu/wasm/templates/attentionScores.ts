/** @file What attention computes of a pair, on four lanes: its score, whether it counts, its weight, its probability. */
import type { Value } from "../assembler.ts";
import { add, int } from "../integers.ts";
import { exp } from "../math/exponential.ts";
import {
  addWords,
  and,
  andWords,
  lt,
  mul,
  add as plus,
  select,
  shiftRight,
  sub,
  subWords,
  wordsToFloats,
} from "../math/expression.ts";
import { type Block, numberOf, type PairAxes, type Pairs } from "./attentionPairs.ts";
import { type Read, reader } from "./attentionReads.ts";

/** The log-sum-exp of a query without any key. */
export const noKey = 3e38;

/** The probability of each key where none counts. */
export function emptyPower({ call: { constants }, source }: Pairs): number {
  return constants.EMPTY_ZERO ? 0 : 1 / source;
}

/** The rules of a call, at the row at hand of a block. */
export class Scores {
  readonly #pairs: Pairs;
  readonly #first: Value;
  readonly #bias: Read | null;
  readonly #mask: Read | null;
  readonly #factor: Read | null;
  readonly #bits: Read | null;

  constructor(pairs: Pairs, block: Block) {
    const { call, heads, time, source } = pairs;
    const { constants, params } = call;
    const read = (has: unknown, input: number, strides: readonly number[]): Read | null =>
      has ? reader(pairs, block, call.inputs[input]!, strides as PairAxes) : null;
    this.#pairs = pairs;
    this.#first = block.first;
    this.#bias = read(constants.BIASED, 3, params.slice(7));
    this.#mask = read(constants.MASKED, 4, params.slice(11));
    this.#factor = read(constants.WEIGHTED, 5, params.slice(15));
    this.#bits = read(constants.DROPPED, 6, [heads * time * source, time * source, source, 1]);
  }

  /** The score of pairs whose product is given. */
  score(product: Value, half: number): Value {
    return this.#bias ? plus(product, this.#bias(half)) : product;
  }

  /** The mask of pairs that count; null where all do. */
  allowed(half: number): Value | null {
    const isKept = this.#mask && subWords(0, this.#mask(half));
    if (!this.#pairs.call.constants.CAUSAL) return isKept;
    const isBefore = this.#isBefore(half);
    return isKept ? and(isKept, isBefore) : isBefore;
  }

  #isBefore(half: number): Value {
    const lane = addWords(splat(add(this.#first, int(half * 4))), (f) => f.v128([0, 1, 2, 3], true));
    const row = splat(this.#pairs.row.get);
    const [query, key] = this.#pairs.lanesAreQueries ? [lane, row] : [row, lane];
    return (f) => {
      key(f);
      query(f);
      f.simd("i32x4.le_s");
    };
  }

  /** `value` times the factor of the probability: that of the caller, and dropout's. */
  weighted(value: Value, half: number): Value {
    const own = this.#factor ? mul(value, this.#factor(half)) : value;
    if (!this.#bits) return own;
    const kept = numberOf(this.#pairs.call.params[6]!);
    const unit = mul(wordsToFloats(andWords(shiftRight(this.#bits(half), 9), 0x7fffff)), 2 ** -23);
    return select(lt(unit, kept), mul(own, 1 / kept), 0);
  }

  /** The probability of pairs whose product is given, from the log-sum-exp of their queries: 0 where they do not count. */
  probability(product: Value, lse: Value, half: number): Value {
    const { f } = this.#pairs;
    const probability = exp(f, f.let(sub(this.score(product, half), lse)));
    const allowed = this.allowed(half);
    return allowed ? and(allowed, probability) : probability;
  }
}

/** An integer in all lanes. */
function splat(value: Value): Value {
  return (f) => {
    value(f);
    f.simd("i32x4.splat");
  };
}
