/** @file Positions of maxima and minima. */
import type { Stage } from "../../../ir/kernel.ts";
import { identity } from "../../identity.ts";
import type { FunctionBuilder, Local, Value } from "../assembler.ts";
import type { simd } from "../opcodes.ts";
import { constant, registerOf } from "../scalar.ts";
import { type Accumulator, rotated, type Turn } from "./accumulator.ts";

export class IndexAccumulator implements Accumulator {
  readonly #f: FunctionBuilder;
  readonly #inside: boolean;
  readonly #position: Value;
  readonly #isFloat: boolean;
  /** Of integers, what the best is beyond the others; of floats, what the others are, where nothing is NaN. */
  readonly #compare: keyof typeof simd;
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
    this.#compare = this.#isFloat
      ? greatest
        ? "f32x4.le"
        : "f32x4.ge"
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

  add(value: Value, { width }: Turn): void {
    const f = this.#f;
    const kept = f.let(value);
    // Where nothing is better than the identity, there is no index: all are the same, and the first of them is meant.
    const wins = f.let(() => {
      this.#isBetter(kept, this.#best.get)(f);
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
    const value = f.let(rotated(this.#best.get, by));
    const index = f.let(rotated(this.#index.get, by));
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
      if (this.#isFloat) {
        than(f);
        than(f);
        f.simd("f32x4.eq");
      }
      x(f);
      than(f);
      f.simd(this.#compare);
      if (this.#isFloat) f.simd("v128.andnot");
    };
  }
}
