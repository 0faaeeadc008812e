/** @file Reductions of integers and bools. */
import { internal } from "../../../device/errors.ts";
import type { ReduceOp, Stage } from "../../../ir/kernel.ts";
import { identity } from "../../identity.ts";
import type { FunctionBuilder, Local, Value } from "../assembler.ts";
import { constant, lower, registerOf } from "../scalar.ts";
import { type Accumulator, rotated, type Turn } from "./accumulator.ts";

/** One value per lane, combined by an operation of the table. */
export class LaneAccumulator implements Accumulator {
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

  add(value: Value, { width, copy }: Turn): void {
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
    const half = f.let(this.#combine(all, rotated(all, 2)));
    this.#combine(half, rotated(half, 1))(f);
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
