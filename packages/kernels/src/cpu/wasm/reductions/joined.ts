/** @file Sums whose first few additions are of float32, so that float64, which is dear, takes in fewer vectors. */
import type { FunctionBuilder, Local, Value } from "../assembler.ts";
import { add, words } from "../math/expression.ts";
import type { Accumulator, Turn } from "./accumulator.ts";

/** Of the vectors that come together. */
export class JoinedSum implements Accumulator {
  readonly #f: FunctionBuilder;
  readonly #total: Accumulator;
  /** Sums of 1, 2, 4, ... vectors of this turn, the longest first. */
  readonly #parts: Value[] = [];

  constructor(f: FunctionBuilder, total: Accumulator) {
    this.#f = f;
    this.#total = total;
  }

  reset(): void {
    this.#total.reset();
  }

  add(value: Value, { width, copies, copy }: Turn): void {
    this.#parts.push(value);
    // By pairs: the error grows with the logarithm of their number.
    for (let pairs = copy; pairs & 1; pairs >>= 1) this.#join();
    if (copy < copies - 1) return;
    while (this.#parts.length > 1) this.#join();
    this.#total.add(this.#parts.pop()!, { width, copies: 1, copy: 0 });
  }

  push(): void {
    this.#total.push();
  }

  #join(): void {
    const [y, x] = [this.#parts.pop()!, this.#parts.pop()!];
    this.#parts.push(this.#f.let(add(x, y)));
  }
}

/** Of the turns between two calls of `settle`. */
export class SettledSum implements Accumulator {
  readonly #f: FunctionBuilder;
  readonly #total: Accumulator;
  readonly #part: Local;

  constructor(f: FunctionBuilder, total: Accumulator) {
    this.#f = f;
    this.#total = total;
    this.#part = f.local("v128");
  }

  reset(): void {
    this.#total.reset();
    this.#f.set(this.#part, words(0));
  }

  add(value: Value): void {
    this.#f.set(this.#part, add(this.#part.get, value));
  }

  settle(turn: Turn): void {
    this.#total.add(this.#part.get, turn);
    this.#f.set(this.#part, words(0));
  }

  push(): void {
    this.#total.push();
  }
}
