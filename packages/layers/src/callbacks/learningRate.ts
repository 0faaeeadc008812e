/** @file Callbacks that set the learning rate between epochs. */
import { ValueError } from "@tenrec/tensor";
import { Callback, type Logs } from "./callback.ts";
import { MonitorCallback, type MonitorOptions } from "./monitor.ts";

/** A learning rate for an epoch (from 0), given the present one. */
export type ScheduleFunction = (epoch: number, learningRate: number) => number;

interface HasRate {
  learningRate: number;
}

/** `fit` needs a compiled model, so a running one has an optimizer. */
const optimizerOf = (callback: Callback): HasRate => callback.model.optimizer as HasRate;

/**
 * Sets the learning rate at the start of every epoch; the logs get `learning_rate`.
 * @example
 * new callbacks.LearningRateScheduler((epoch, rate) => (epoch < 10 ? rate : rate * 0.9));
 */
export class LearningRateScheduler extends Callback {
  static override readonly className: string = "LearningRateScheduler";
  readonly schedule: ScheduleFunction;
  readonly verbose: number;

  constructor(schedule: ScheduleFunction, { verbose = 0 }: { readonly verbose?: 0 | 1 } = {}) {
    super();
    this.schedule = schedule;
    this.verbose = verbose;
  }

  override onEpochBegin(epoch: number): void {
    const optimizer = optimizerOf(this);
    const rate = this.schedule(epoch, optimizer.learningRate);
    if (typeof rate !== "number" || !Number.isFinite(rate)) throw noRate(rate);
    optimizer.learningRate = rate;
    if (this.verbose > 0) console.log(`Epoch ${epoch + 1}: the learning rate is set to ${rate}.`);
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    logs.learning_rate = optimizerOf(this).learningRate;
  }
}

export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** What the rate is multiplied by, below 1. */
  readonly factor?: number;
  /** Epochs without improvement before that. */
  readonly patience?: number;
  /** 1 says when. */
  readonly verbose?: 0 | 1;
  /** Epochs after a reduction that do not count. */
  readonly cooldown?: number;
  /** The rate does not go below it. */
  readonly minLr?: number;
}

/**
 * Reduces the learning rate when `monitor` has not improved for `patience` epochs; the logs get `learning_rate`.
 * @example
 * new callbacks.ReduceLROnPlateau({ factor: 0.2, patience: 5, minLr: 1e-5 });
 */
export class ReduceLROnPlateau extends MonitorCallback {
  static override readonly className: string = "ReduceLROnPlateau";
  readonly factor: number;
  readonly patience: number;
  readonly verbose: number;
  readonly cooldown: number;
  readonly minLr: number;
  #wait = 0;
  /** Epochs of the cooldown that are left. */
  #rest = 0;

  /** @throws ValueError if the factor is not below 1. */
  constructor(options: ReduceLROnPlateauOptions = {}) {
    super({ minDelta: 1e-4, ...options });
    this.factor = options.factor ?? 0.1;
    this.patience = options.patience ?? 10;
    this.verbose = options.verbose ?? 0;
    this.cooldown = options.cooldown ?? 0;
    this.minLr = options.minLr ?? 0;
    if (!(this.factor < 1)) throw badFactor(this.factor);
  }

  override onTrainBegin(): void {
    this.best = null;
    this.#rest = 0;
    this.#wait = 0;
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    logs.learning_rate = optimizerOf(this).learningRate;
    const value = this.watched(logs);
    if (value === null) return;
    if (this.#rest > 0) {
      this.#rest--;
      this.#wait = 0;
    }
    if (this.isImprovement(value, this.best)) {
      this.best = value;
      this.#wait = 0;
    } else if (this.#rest === 0) this.#waitedOnce(epoch);
  }

  #waitedOnce(epoch: number): void {
    this.#wait++;
    const optimizer = optimizerOf(this);
    if (this.#wait < this.patience || optimizer.learningRate <= Math.fround(this.minLr)) return;
    const rate = Math.max(optimizer.learningRate * this.factor, this.minLr);
    optimizer.learningRate = rate;
    if (this.verbose > 0) this.say(epoch, `the learning rate is reduced to ${rate}.`);
    this.#rest = this.cooldown;
    this.#wait = 0;
  }
}

function noRate(value: unknown): ValueError {
  return new ValueError("LearningRateScheduler", "the schedule did not return a number.", {
    received: String(value),
    expected: "a learning rate.",
    fix: "return a finite number from the function.",
  });
}

function badFactor(factor: number): ValueError {
  return new ValueError("ReduceLROnPlateau", "the factor does not reduce.", {
    received: `factor = ${factor}`,
    expected: "a number below 1.",
    fix: "pass { factor: 0.1 } for a tenth.",
  });
}
