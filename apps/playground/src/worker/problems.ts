/** Sorting thrown errors into the few kinds the page has a sentence and a way out for. */

import type { Problem, ProblemKind } from "./protocol.ts";

const kinds: readonly (readonly [RegExp, ProblemKind])[] = [
  [/device.*(lost|destroyed|gone)/i, "deviceLost"],
  [/out of.*memory|allocation failed/i, "outOfMemory"],
  [/nan|infinity|not finite|non-?finite/i, "nonFinite"],
];

/** A training step that failed, by its number in the run; the library counts from the last `compile`. */
export class StepError extends Error {
  override readonly name = "StepError";
  readonly step: number;

  constructor(step: number, cause: unknown) {
    super(`train: step ${step} failed.`, { cause });
    this.step = step;
  }
}

/** The Problem a thrown value stands for; `step` is the last step begun. */
export function problemFrom(error: unknown, step: number): Problem {
  if (error instanceof StepError) return problemFrom(error.cause, error.step);
  const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
  const [headline = ""] = message.split("\n");
  const kind = kinds.find(([pattern]) => pattern.test(`${name} ${headline}`))?.[1] ?? "crash";
  return { kind, step, message };
}
