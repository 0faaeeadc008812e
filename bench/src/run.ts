// The loop over steps and epochs that all hand-written runs share.
import type { EpochResult, Run, StepClock } from "./types.ts";

export type { Run } from "./types.ts";

export interface Steps<Loss> {
  /** Steps of an epoch. */
  steps: number;
  /** Issues a step and gives its loss, unread. */
  step(index: number): Loss;
  /** What a step has to be waited for, if anything: some libraries only compute what somebody waits for. */
  finish?(loss: Loss): Promise<unknown> | undefined;
  /** Waits for an epoch's losses and gives their mean; it owns them. */
  mean(losses: Loss[]): Promise<number>;
}

/** Epochs of steps issued without waiting, unless they have to be; the losses are read once an epoch. */
export function trainEpochs<Loss>({ steps, step, finish, mean }: Steps<Loss>): Run["train"] {
  return async (epochs: number, clock: StepClock) => {
    const results: EpochResult[] = [];
    for (let epoch = 0; epoch < epochs; epoch++) {
      const losses: Loss[] = [];
      for (let index = 0; index < steps; index++) {
        clock.time(() => losses.push(step(index)));
        const finished = finish?.(losses.at(-1)!);
        if (finished) await finished;
      }
      results.push({ loss: await mean(losses) });
    }
    return results;
  };
}

/** Epochs of steps of which each is awaited before the next. */
export function awaitedRun(steps: number, step: () => Promise<number>): Run {
  return {
    firstStep: step,
    train: async (epochs: number) => {
      const results: EpochResult[] = [];
      for (let epoch = 0; epoch < epochs; epoch++) {
        let sum = 0;
        for (let index = 0; index < steps; index++) sum += await step();
        results.push({ loss: sum / steps });
      }
      return results;
    },
  };
}
