/** @file History: what `fit` returns, the logs of every epoch. */
import { Callback, type Logs } from "./callback.ts";

/**
 * Logs by epoch.
 * @example
 * const history = await model.fit(x, y, { epochs: 3, validationSplit: 0.2 });
 * history.history.val_loss; // three numbers
 */
export class History extends Callback {
  static override readonly className: string = "History";
  /** One list per log, an entry per epoch. */
  history: Record<string, number[]> = {};
  /** Numbers of the epochs, from 0 or `initialEpoch`. */
  epoch: number[] = [];

  override onTrainBegin(): void {
    this.epoch = [];
    this.history = {};
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    this.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) {
      this.history[name] ??= [];
      this.history[name].push(value);
    }
  }
}
