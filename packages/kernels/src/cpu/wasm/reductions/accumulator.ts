/** @file What a stage keeps while elements come in, and gives in the end. */
import type { Value } from "../assembler.ts";

/** A running reduction. `inside`: lanes are elements of one reduction; else each lane has its own. */
export interface Accumulator {
  reset(): void;
  /** Takes in the first `width` lanes; `copy` counts vectors that come together, which may be kept apart. */
  add(value: Value, width: 1 | 4, copy: number): void;
  /** Pushes the result: in all lanes where `inside`. */
  push(): void;
}

/** The lanes of `x` rotated by 2 or 1. */
export function rotated(x: Value, by: 1 | 2): Value {
  return (f) => {
    x(f);
    x(f);
    f.shuffle(Array.from({ length: 16 }, (_, i) => (i + by * 4) % 16));
  };
}
