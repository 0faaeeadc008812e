/** Sorting thrown errors into the few kinds the page has a sentence and a way out for. */

import type { Problem, ProblemKind } from "./protocol.ts";

const kinds: readonly (readonly [RegExp, ProblemKind])[] = [
  [/device.*(lost|destroyed)/i, "deviceLost"],
  [/out of.*memory|allocation failed/i, "outOfMemory"],
  [/nan|infinity|not finite|non-?finite/i, "nonFinite"],
];

/** A training step whose loss is NaN or infinite. */
export class NonFiniteLoss extends Error {
  override readonly name = "NonFiniteLoss";
  readonly step: number;

  constructor(step: number, loss: number) {
    super(
      `train: the loss of step ${step} is not finite.\n  Received: ${loss}\n  Expected: a finite number.\n` +
        "  Fix: lower the learning rate, or take fewer or narrower layers.",
    );
    this.step = step;
  }
}

/** The Problem a thrown value stands for; `step` is the last step begun. */
export function problemFrom(error: unknown, step: number): Problem {
  const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
  const [headline = ""] = message.split("\n");
  const kind = kinds.find(([pattern]) => pattern.test(`${name} ${headline}`))?.[1] ?? "crash";
  return { kind, step: error instanceof NonFiniteLoss ? error.step : step, message };
}
