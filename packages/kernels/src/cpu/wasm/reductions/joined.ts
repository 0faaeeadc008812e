/** @file Sums of vectors that come together: a few of them in float32, so that float64, which is dear, sees only their sum. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import { add } from "../math/expression.ts";
import type { Accumulator, Turn } from "./accumulator.ts";

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
