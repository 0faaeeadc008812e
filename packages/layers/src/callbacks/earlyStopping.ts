/** @file EarlyStopping: ends training when a value stops improving. */
import type { HostData } from "@tenrec/tensor";
import type { Logs } from "./callback.ts";
import { MonitorCallback, type MonitorOptions } from "./monitor.ts";

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without improvement after which training ends. */
  readonly patience?: number;
  /** 1 says when and why. */
  readonly verbose?: 0 | 1;
  /** Value to beat: improvements that do not reach it do not start the patience anew. */
  readonly baseline?: number | null;
  /** Sets the weights of the best epoch at the end. */
  readonly restoreBestWeights?: boolean;
  /** Epochs before which nothing counts. */
  readonly startFromEpoch?: number;
}

/**
 * Stops `fit` when `monitor` has not improved for `patience` epochs.
 * @example
 * new callbacks.EarlyStopping({ patience: 3, restoreBestWeights: true });
 */
export class EarlyStopping extends MonitorCallback {
  static override readonly className: string = "EarlyStopping";
  readonly patience: number;
  readonly verbose: number;
  readonly baseline: number | null;
  readonly restoreBestWeights: boolean;
  readonly startFromEpoch: number;
  /** Epoch at which training was ended, 0 if it was not. */
  stoppedEpoch = 0;
  bestEpoch = 0;
  #wait = 0;
  #bestWeights: readonly HostData[] | null = null;

  constructor(options: EarlyStoppingOptions = {}) {
    super(options);
    this.patience = options.patience ?? 0;
    this.verbose = options.verbose ?? 0;
    this.baseline = options.baseline ?? null;
    this.restoreBestWeights = options.restoreBestWeights ?? false;
    this.startFromEpoch = options.startFromEpoch ?? 0;
  }

  override onTrainBegin(): void {
    this.#wait = 0;
    this.stoppedEpoch = 0;
    this.bestEpoch = 0;
    this.best = null;
    this.#bestWeights = null;
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const value = this.watched(logs);
    if (value === null || epoch < this.startFromEpoch) return;
    this.#wait++;
    if (this.isImprovement(value, this.best)) await this.#improved(epoch, value);
    else if (this.#wait >= this.patience && epoch > 0) this.#stop(epoch);
  }

  async #improved(epoch: number, value: number): Promise<void> {
    this.best = value;
    this.bestEpoch = epoch;
    // On the host: a copy on the device would take the memory of a second model for the whole run.
    if (this.restoreBestWeights) this.#bestWeights = await this.model.getWeights();
    if (this.baseline === null || this.isImprovement(value, this.baseline)) this.#wait = 0;
  }

  #stop(epoch: number): void {
    this.stoppedEpoch = epoch;
    this.model.stopTraining = true;
  }

  override onTrainEnd(): void {
    if (this.stoppedEpoch > 0 && this.verbose > 0) this.say(this.stoppedEpoch, "early stopping.");
    if (!this.#bestWeights) return;
    if (this.verbose > 0) this.say(this.bestEpoch, "the weights of this epoch, the best one, are set again.");
    this.model.setWeights(this.#bestWeights);
  }
}
