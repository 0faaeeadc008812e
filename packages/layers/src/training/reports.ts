/** @file Reports: reads of the running means during an epoch, handed on in order without stopping the loop. */
import type { Logs } from "../callbacks/callback.ts";
import type { CallbackList } from "../callbacks/list.ts";
import type { Trainer } from "./trainer.ts";

/** Milliseconds between two looks at whether a run without listeners is still finite; its weights do not change when it is not. */
const watchPace = 5000;

/** Reads of the running means, handed on in order without stopping the loop. */
export class Reports {
  private readonly trainer: Trainer;
  private readonly callbacks: CallbackList;
  private readonly pace: number;
  private last = performance.now();
  private pending: Promise<void> = Promise.resolve();
  private waiting = 0;
  private failure: unknown = null;

  constructor(trainer: Trainer, callbacks: CallbackList) {
    this.trainer = trainer;
    this.callbacks = callbacks;
    this.pace = Math.min(callbacks.pace ?? watchPace, watchPace);
  }

  /** Queues a read if one is due; waits only if three are under way. */
  async after(step: number): Promise<void> {
    if (this.failure) throw this.failure;
    const now = performance.now();
    if (now - this.last < this.pace) return;
    this.last = now;
    if (this.waiting >= 3) await this.pending;
    this.waiting++;
    const logs = this.trainer.logs();
    this.pending = this.pending
      .then(async () => this.callbacks.call("onTrainBatchEnd", step, await logs))
      .catch((error: unknown) => {
        this.failure ??= error;
      })
      .finally(() => {
        this.waiting--;
      });
  }

  /** The epoch's logs, after those of its batches. */
  async finish(): Promise<Logs> {
    const logs = this.trainer.logs();
    logs.catch(() => {});
    await this.pending;
    if (this.failure) throw this.failure;
    return logs;
  }
}
