/** @file Maxima and minima of floats. */
import { identity } from "../../identity.ts";
import type { FunctionBuilder, Local, Value } from "../assembler.ts";
import { type Accumulator, rotated, type Turn } from "./accumulator.ts";

/** `pmax` is one instruction where `max` is many, but forgets NaN, so that is gathered beside. */
export class ExtremeAccumulator implements Accumulator {
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

  add(value: Value, { width, copy }: Turn): void {
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
    const half = this.#inside ? f.let(() => this.#combine(all, rotated(all, 2))) : all;
    if (this.#inside) this.#combine(half, rotated(half, 1));
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
