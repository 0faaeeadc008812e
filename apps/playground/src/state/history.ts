/** The figures of a run: every step's batch figures, thinned when long, and the validation figures. */

import type { Snapshot, StepRecord } from "../worker/protocol.ts";

export type MetricName = "loss" | "accuracy";

export interface Point {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** Above this many points neighbours are averaged in pairs: more would fall on the same pixels. */
const longest = 4000;

function thinned(points: readonly Point[]): Point[] {
  const half: Point[] = [];
  for (let index = 0; index + 1 < points.length; index += 2) {
    const [left, right] = [points[index] as Point, points[index + 1] as Point];
    half.push({
      step: right.step,
      loss: (left.loss + right.loss) / 2,
      accuracy: (left.accuracy + right.accuracy) / 2,
    });
  }
  return half;
}

export class History {
  #train: Point[] = [];
  #validation: Point[] = [];
  /** Steps that make one kept point. */
  #stride = 1;
  #pending: Point[] = [];

  get train(): readonly Point[] {
    return this.#train;
  }

  get validation(): readonly Point[] {
    return this.#validation;
  }

  add(records: readonly StepRecord[]): void {
    for (const record of records) {
      this.#pending.push(record);
      if (this.#pending.length >= this.#stride) this.#keep();
    }
  }

  #keep(): void {
    const count = this.#pending.length;
    const mean = (name: MetricName) => this.#pending.reduce((sum, point) => sum + point[name], 0) / count;
    const { step } = this.#pending[count - 1] as Point;
    this.#train.push({ step, loss: mean("loss"), accuracy: mean("accuracy") });
    this.#pending = [];
    if (this.#train.length <= longest) return;
    this.#train = thinned(this.#train);
    this.#stride *= 2;
  }

  addValidation({ step, loss, accuracy }: Snapshot): void {
    if (this.#validation.at(-1)?.step === step) this.#validation.pop();
    this.#validation.push({ step, loss, accuracy });
    if (this.#validation.length > longest) this.#validation = thinned(this.#validation);
  }

  /** Forgets what came after `step`. */
  rewind(step: number): void {
    this.#train = this.#train.filter((point) => point.step <= step);
    this.#validation = this.#validation.filter((point) => point.step <= step);
    this.#pending = [];
    if (step === 0) this.#stride = 1;
  }
}

/**
 * Exponential mean of `values` with weight `keep` on the past, divided by 1 - keep^n so that the start is not drawn
 * towards zero.
 */
export function smoothed(values: readonly number[], keep: number): number[] {
  let mean = 0;
  let weight = 0;
  return values.map((value) => {
    mean = keep * mean + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return mean / weight;
  });
}
