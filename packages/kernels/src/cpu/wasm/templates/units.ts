/** @file Rows of units as vectors: four units at a time, then those that are left. */
import type { FunctionBuilder, Value } from "../assembler.ts";
import { add, int } from "../integers.ts";

/** A few neighbouring units, four at most, of any row; rows have chunks (gates, say) of `units` words each. */
export class Units {
  readonly #f: FunctionBuilder;
  readonly #units: number;
  readonly #first: Value;
  readonly #count: number;

  constructor(f: FunctionBuilder, units: number, first: Value, count: number) {
    this.#f = f;
    this.#units = units;
    this.#first = first;
    this.#count = count;
  }

  load(row: Value, chunk = 0): Value {
    const f = this.#f;
    const [at, offset] = [add(row, this.#first), chunk * this.#units * 4];
    const read = (name: "v128.load" | "v128.load64_zero" | "v128.load32_zero"): Value =>
      f.let(() => {
        at(f);
        f.memory(name, offset);
      });
    if (this.#count === 4) return read("v128.load");
    const low = read(this.#count > 1 ? "v128.load64_zero" : "v128.load32_zero");
    if (this.#count < 3) return low;
    return f.let(() => {
      at(f);
      low(f);
      f.memoryLane("v128.load32_lane", 2, offset + 8);
    });
  }

  store(row: Value, value: Value, chunk = 0): void {
    const f = this.#f;
    const offset = chunk * this.#units * 4;
    const kept = f.let(value);
    const push = (): void => {
      add(row, this.#first)(f);
      kept(f);
    };
    push();
    if (this.#count === 4) f.memory("v128.store", offset);
    else f.memoryLane(this.#count > 1 ? "v128.store64_lane" : "v128.store32_lane", 0, offset);
    if (this.#count === 3) {
      push();
      f.memoryLane("v128.store32_lane", 2, offset + 8);
    }
  }
}

/** `body` for all units of a row, in order. */
export function eachUnits(f: FunctionBuilder, units: number, body: (units: Units) => void): void {
  const whole = units - (units % 4);
  const first = f.local("i32");
  if (whole > 0) f.loop(first, int(0), int(whole * 4), 16, () => body(new Units(f, units, first.get, 4)));
  if (whole < units) body(new Units(f, units, int(whole * 4), units - whole));
}
