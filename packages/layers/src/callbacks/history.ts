/** @file History: the logs of every epoch, which `fit` returns. */
import { Callback, type Logs } from "./callback.ts";

/** What `fit` returns: `history.loss[i]` is the mean loss of epoch `epoch[i]`. */
export class History extends Callback {
  readonly epoch: number[] = [];
  readonly history: Record<string, number[]> = {};

  override onEpochEnd(epoch: number, logs: Logs): void {
    this.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) {
      this.history[name] ??= [];
      this.history[name].push(value);
    }
  }
}
