/** @file What a stage keeps while elements come in, and gives in the end. */
import type { Value } from "../assembler.ts";

/** Which of the vectors that come together is meant, and how many of its lanes count. */
export interface Turn {
  readonly width: 1 | 4;
  readonly copies: number;
  readonly copy: number;
}

/** A running reduction. `inside`: lanes are elements of one reduction; else each lane has its own. */
export interface Accumulator {
  reset(): void;
  /** Takes in a vector, before the next one of its turn. */
  add(value: Value, turn: Turn): void;
  /** Takes in what it made of the last few turns, where it keeps that apart. */
  settle?(turn: Turn): void;
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
