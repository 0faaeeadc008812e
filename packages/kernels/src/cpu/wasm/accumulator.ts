/** @file Reductions: what a stage keeps while elements come in, and its result. Float sums and products are kept in float64. */
import { internal } from "../../device/errors.ts";
import type { ReduceOp, Stage } from "../../ir/kernel.ts";
import { identity } from "../blocks/reduce.ts";
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import type { simd } from "./opcodes.ts";
import { constant, lower, registerOf } from "./scalar.ts";

/** A running reduction. `inside`: lanes are elements of one reduction; else each lane has its own. */
export interface Accumulator {
  reset(): void;
  /** Takes in the first `width` lanes; `copy` counts vectors that come together, which may be kept apart. */
  add(value: Value, width: 1 | 4, copy: number): void;
  /** Pushes the result: in all lanes where `inside`. */
  push(): void;
}

/**
 * `position`: the numbers of the elements being added, for argmax and argmin. `copies`: vectors that come together, so that an addition need not
 * wait for the one before.
 */
export function makeAccumulator(
  f: FunctionBuilder,
  { op }: Stage,
  dtype: Stage["dtype"],
  inside: boolean,
  position: Value,
  copies: number,
): Accumulator {
  const register = registerOf(dtype);
  if (op === "argmax" || op === "argmin") return new IndexAccumulator(f, op, dtype, inside, position);
  if (register === "f" && (op === "sum" || op === "prod"))
    return new DoubleAccumulator(f, op, inside, copies);
  if (register === "f" && (op === "max" || op === "min"))
    return new ExtremeAccumulator(f, op, inside, copies);
  return new LaneAccumulator(f, op, dtype, inside, copies);
}

/** The upper half in the place of the lower. */
const upper: readonly number[] = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

/** Lane i of `x` plus lanes rotated by 2 or 1. */
function rotated(f: FunctionBuilder, x: Value, by: 1 | 2): Value {
  return () => {
    x(f);
    x(f);
    f.shuffle(Array.from({ length: 16 }, (_, i) => (i + by * 4) % 16));
  };
}

/** The lower and the upper half of a vector in float64. */
interface Halves {
  readonly low: Local;
  readonly high: Local;
}

class DoubleAccumulator implements Accumulator {
  readonly #f: FunctionBuilder;
  readonly #op: "f64x2.add" | "f64x2.mul";
  readonly #inside: boolean;
  readonly #start: number;
  readonly #copies: readonly Halves[];

  constructor(f: FunctionBuilder, op: "sum" | "prod", inside: boolean, copies: number) {
    this.#f = f;
    this.#op = op === "sum" ? "f64x2.add" : "f64x2.mul";
    this.#inside = inside;
    this.#start = op === "sum" ? 0 : 1;
    this.#copies = Array.from({ length: copies }, () => ({ low: f.local("v128"), high: f.local("v128") }));
  }

  reset(): void {
    for (const half of this.#copies.flatMap(({ low, high }) => [low, high])) {
      this.#f.set(half, (f) => {
        f.f64(this.#start);
        f.simd("f64x2.splat");
      });
    }
  }

  add(value: Value, width: 1 | 4, copy: number): void {
    const { low, high } = this.#copies[copy] ?? this.#copies[0]!;
    if (width === 4) {
      this.#take(low, value);
      this.#take(high, (f) => {
        value(f);
        value(f);
        f.shuffle(upper);
      });
    } else if (this.#inside) this.#takeFirst(low, value);
    else this.#take(low, value);
  }

  push(): void {
    const f = this.#f;
    const [first, ...others] = this.#copies as [Halves, ...Halves[]];
    if (!this.#inside) {
      for (const half of [first.low, first.high]) {
        half.get(f);
        f.simd("f32x4.demote_f64x2_zero");
      }
      f.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
      return;
    }
    const all = f.keep("v128", () => {
      first.low.get(f);
      for (const half of [first.high, ...others.flatMap(({ low, high }) => [low, high])]) {
        half.get(f);
        f.simd(this.#op);
      }
    });
    for (const lane of [0, 1]) {
      all.get(f);
      f.lane("f64x2.extract_lane", lane);
    }
    f.plain(this.#op === "f64x2.add" ? "f64.add" : "f64.mul");
    f.plain("f32.demote_f64");
    f.simd("f32x4.splat");
  }

  #take(half: Local, value: Value): void {
    this.#f.set(half, (f) => {
      half.get(f);
      value(f);
      f.simd("f64x2.promote_low_f32x4");
      f.simd(this.#op);
    });
  }

  /** Lane 0 alone. */
  #takeFirst(half: Local, value: Value): void {
    this.#f.set(half, (f) => {
      half.get(f);
      half.get(f);
      f.lane("f64x2.extract_lane", 0);
      value(f);
      f.lane("f32x4.extract_lane", 0);
      f.plain("f64.promote_f32");
      f.plain(this.#op === "f64x2.add" ? "f64.add" : "f64.mul");
      f.lane("f64x2.replace_lane", 0);
    });
  }
}

/**
 * Maxima and minima of floats: `pmax` is one instruction where `max` is many, but forgets NaN, so that is gathered beside.
 */
class ExtremeAccumulator implements Accumulator {
  readonly #f: FunctionBuilder;
  readonly #op: "f32x4.pmax" | "f32x4.pmin";
  readonly #inside: boolean;
  readonly #start: number;
  readonly #copies: readonly { readonly best: Local; readonly nan: Local }[];

  constructor(f: FunctionBuilder, op: "max" | "min", inside: boolean, copies: number) {
    this.#f = f;
    this.#op = op === "max" ? "f32x4.pmax" : "f32x4.pmin";
    this.#inside = inside;
    this.#start = identity(op, "f");
    this.#copies = Array.from({ length: copies }, () => ({ best: f.local("v128"), nan: f.local("v128") }));
  }

  reset(): void {
    for (const { best, nan } of this.#copies) {
      this.#f.set(best, (f) => f.v128([this.#start, this.#start, this.#start, this.#start], false));
      this.#f.set(nan, (f) => f.v128([0, 0, 0, 0], true));
    }
  }

  add(value: Value, width: 1 | 4, copy: number): void {
    const f = this.#f;
    const { best, nan } = this.#copies[copy] ?? this.#copies[0]!;
    // Of elements of one reduction, lane 0 may come alone: in all lanes it does no harm.
    const x = width === 1 && this.#inside ? f.let(() => this.#spread(value)) : value;
    f.set(best, () => this.#combine(x, best.get));
    f.set(nan, () => {
      nan.get(f);
      x(f);
      x(f);
      f.simd("f32x4.ne");
      f.simd("v128.or");
    });
  }

  push(): void {
    const f = this.#f;
    const all = this.#copies.reduce<Value | null>((sum, { best }) => {
      return sum === null ? best.get : f.let(() => this.#combine(sum, best.get));
    }, null) as Value;
    const half = this.#inside ? f.let(() => this.#combine(all, rotated(f, all, 2))) : all;
    if (this.#inside) this.#combine(half, rotated(f, half, 1));
    else all(f);
    for (const { nan } of this.#copies) {
      if (this.#inside) this.#anyNan(nan.get);
      else nan.get(f);
      // All bits set are a NaN.
      f.simd("v128.or");
    }
  }

  #combine(x: Value, y: Value): void {
    x(this.#f);
    y(this.#f);
    this.#f.simd(this.#op);
  }

  #spread(value: Value): void {
    value(this.#f);
    this.#f.lane("f32x4.extract_lane", 0);
    this.#f.simd("f32x4.splat");
  }

  /** Pushes all bits where any lane has one. */
  #anyNan(nan: Value): void {
    const f = this.#f;
    f.i32(0);
    nan(f);
    f.simd("v128.any_true");
    f.plain("i32.sub");
    f.simd("i32x4.splat");
  }
}

/** One value per lane, combined by an operation of the table. */
class LaneAccumulator implements Accumulator {
  readonly #f: FunctionBuilder;
  readonly #combine: (x: Value, y: Value) => Value;
  readonly #inside: boolean;
  readonly #identity: Value;
  readonly #copies: readonly Local[];

  constructor(f: FunctionBuilder, op: ReduceOp, dtype: Stage["dtype"], inside: boolean, copies: number) {
    const names = { sum: "add", prod: "mul", max: "max", min: "min" } as const;
    if (op === "argmax" || op === "argmin") throw internal(`${op} has an accumulator of its own.`);
    const combine = lower(names[op], dtype, dtype, { lanes: 4, constants: [] });
    const register = registerOf(dtype);
    this.#f = f;
    this.#combine = (x, y) => () => combine(f, x, y);
    this.#inside = inside;
    this.#identity = constant(identity(op, register === "b" ? "u" : register), dtype);
    this.#copies = Array.from({ length: copies }, () => f.local("v128"));
  }

  reset(): void {
    for (const best of this.#copies) this.#f.set(best, this.#identity);
  }

  add(value: Value, width: 1 | 4, copy: number): void {
    const best = this.#copies[copy] ?? this.#copies[0]!;
    this.#f.set(best, this.#combine(best.get, width === 1 && this.#inside ? this.#first(value) : value));
  }

  push(): void {
    const f = this.#f;
    const [first, ...others] = this.#copies.map(({ get }) => get) as [Value, ...Value[]];
    if (!this.#inside) {
      first(f);
      return;
    }
    const all = others.reduce((x, y) => f.let(this.#combine(x, y)), first);
    const half = f.let(this.#combine(all, rotated(f, all, 2)));
    this.#combine(half, rotated(f, half, 1))(f);
  }

  /** Lane 0, and in the other lanes what changes nothing. */
  #first(value: Value): Value {
    return (f) => {
      value(f);
      this.#identity(f);
      f.v128([-1, 0, 0, 0], true);
      f.simd("v128.bitselect");
    };
  }
}

class IndexAccumulator implements Accumulator {
  readonly #f: FunctionBuilder;
  readonly #inside: boolean;
  readonly #position: Value;
  readonly #isFloat: boolean;
  readonly #beyond: keyof typeof simd;
  readonly #identity: Value;
  readonly #best: Local;
  readonly #index: Local;

  constructor(
    f: FunctionBuilder,
    op: "argmax" | "argmin",
    dtype: Stage["dtype"],
    inside: boolean,
    position: Value,
  ) {
    const register = registerOf(dtype);
    this.#f = f;
    this.#inside = inside;
    this.#position = position;
    this.#isFloat = register === "f";
    const greatest = op === "argmax";
    const sign = register === "u" ? "u" : "s";
    // Masks of bools are 0 and -1.
    const swapped = register === "b" ? !greatest : greatest;
    this.#beyond = this.#isFloat
      ? greatest
        ? "f32x4.gt"
        : "f32x4.lt"
      : swapped
        ? `i32x4.gt_${sign}`
        : `i32x4.lt_${sign}`;
    this.#identity = constant(identity(op, register === "b" ? "u" : register), dtype);
    this.#best = f.local("v128");
    this.#index = f.local("v128");
  }

  reset(): void {
    this.#f.set(this.#best, this.#identity);
    this.#f.set(this.#index, (f) => f.v128([-1, -1, -1, -1], true));
  }

  add(value: Value, width: 1 | 4): void {
    const f = this.#f;
    const kept = f.let(value);
    const wins = f.let(() => {
      this.#isBetter(kept, this.#best.get)(f);
      this.#isNone(this.#index.get)(f);
      f.simd("v128.or");
      if (width === 1 && this.#inside) {
        f.v128([-1, 0, 0, 0], true);
        f.simd("v128.and");
      }
    });
    this.#replace(wins, kept, this.#position);
  }

  push(): void {
    const f = this.#f;
    if (this.#inside) {
      for (const by of [2, 1] as const) this.#meet(by);
    }
    this.#index.get(f);
    f.v128([0, 0, 0, 0], true);
    f.simd("i32x4.max_s");
    if (!this.#inside) return;
    f.lane("i32x4.extract_lane", 0);
    f.simd("i32x4.splat");
  }

  /** Compares lanes with those `by` further on: the better, or of equals the earlier, stays. */
  #meet(by: 1 | 2): void {
    const f = this.#f;
    const value = f.let(rotated(f, this.#best.get, by));
    const index = f.let(rotated(f, this.#index.get, by));
    const wins = f.let(() => {
      // Better, or not worse and earlier; never a lane without an element.
      this.#isBetter(value, this.#best.get)(f);
      this.#isBetter(this.#best.get, value)(f);
      f.simd("v128.not");
      index(f);
      this.#index.get(f);
      f.simd("i32x4.lt_s");
      f.simd("v128.and");
      f.simd("v128.or");
      this.#isNone(this.#index.get)(f);
      f.simd("v128.or");
      this.#isNone(index)(f);
      f.simd("v128.andnot");
    });
    this.#replace(wins, value, index);
  }

  #replace(wins: Value, value: Value, index: Value): void {
    for (const [kept, found] of [
      [this.#best, value],
      [this.#index, index],
    ] as const) {
      this.#f.set(kept, (f) => {
        found(f);
        kept.get(f);
        wins(f);
        f.simd("v128.bitselect");
      });
    }
  }

  #isNone(index: Value): Value {
    return (f) => {
      index(f);
      f.i32(31);
      f.simd("i32x4.shr_s");
    };
  }

  /** NaN is the best of all. */
  #isBetter(x: Value, than: Value): Value {
    return (f) => {
      x(f);
      than(f);
      f.simd(this.#beyond);
      if (!this.#isFloat) return;
      x(f);
      x(f);
      f.simd("f32x4.ne");
      than(f);
      than(f);
      f.simd("f32x4.eq");
      f.simd("v128.and");
      f.simd("v128.or");
    };
  }
}
