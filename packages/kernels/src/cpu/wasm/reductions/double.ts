/** @file Sums and products of floats, kept in float64. */
import type { FunctionBuilder, Local, Value } from "../assembler.ts";
import type { Accumulator, Turn } from "./accumulator.ts";

/** The upper half in the place of the lower. */
const upper: readonly number[] = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

export class DoubleAccumulator implements Accumulator {
  readonly #f: FunctionBuilder;
  readonly #op: "f64x2.add" | "f64x2.mul";
  readonly #inside: boolean;
  readonly #start: number;
  /** Of the lower and the upper half of vectors. */
  readonly #low: Local;
  readonly #high: Local;

  constructor(f: FunctionBuilder, op: "sum" | "prod", inside: boolean) {
    this.#f = f;
    this.#op = op === "sum" ? "f64x2.add" : "f64x2.mul";
    this.#inside = inside;
    this.#start = op === "sum" ? 0 : 1;
    this.#low = f.local("v128");
    this.#high = f.local("v128");
  }

  reset(): void {
    for (const half of [this.#low, this.#high]) {
      this.#f.set(half, (f) => {
        f.f64(this.#start);
        f.simd("f64x2.splat");
      });
    }
  }

  add(value: Value, { width }: Turn): void {
    if (width === 4) {
      this.#take(this.#low, value);
      this.#take(this.#high, (f) => {
        value(f);
        value(f);
        f.shuffle(upper);
      });
    } else if (this.#inside) this.#takeFirst(this.#low, value);
    else this.#take(this.#low, value);
  }

  push(): void {
    const f = this.#f;
    if (!this.#inside) {
      for (const half of [this.#low, this.#high]) {
        half.get(f);
        f.simd("f32x4.demote_f64x2_zero");
      }
      f.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
      return;
    }
    const all = f.keep("v128", () => {
      this.#low.get(f);
      this.#high.get(f);
      f.simd(this.#op);
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
