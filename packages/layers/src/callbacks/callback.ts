/** @file Callback: hooks into training. */
import type { Model } from "../models/model.ts";

/** Means of the losses and metrics so far; `val_...` for the validation data. */
export type Logs = Readonly<Record<string, number>>;
type Hook = void | Promise<void>;

/** How the run was asked for. */
export interface RunParameters {
  readonly verbose: number;
  readonly epochs: number;
  /** Batches per epoch. */
  readonly steps: number;
}

/**
 * Base of callbacks; override what you need. Logs of batches arrive in order, up to three steps late: training does not wait for them.
 *
 * @example
 * class Print extends Callback { onEpochEnd(epoch, logs) { console.log(epoch, logs.loss); } }
 */
export abstract class Callback {
  /** The model in training. */
  model!: Model;
  parameters!: RunParameters;

  setModel(model: Model): void {
    this.model = model;
  }
  setParameters(parameters: RunParameters): void {
    this.parameters = parameters;
  }
  onTrainBegin(_logs?: Logs): Hook {}
  onTrainEnd(_logs?: Logs): Hook {}
  onEpochBegin(_epoch: number, _logs?: Logs): Hook {}
  onEpochEnd(_epoch: number, _logs: Logs): Hook {}
  onTrainBatchBegin(_batch: number, _logs?: Logs): Hook {}
  onTrainBatchEnd(_batch: number, _logs: Logs): Hook {}
  onTestBegin(_logs?: Logs): Hook {}
  onTestEnd(_logs: Logs): Hook {}
  onTestBatchBegin(_batch: number, _logs?: Logs): Hook {}
  onTestBatchEnd(_batch: number, _logs: Logs): Hook {}
  onPredictBegin(_logs?: Logs): Hook {}
  onPredictEnd(_logs?: Logs): Hook {}

  /** Milliseconds between two batch logs; 0 asks for those of every batch. */
  get pace(): number {
    return 0;
  }
}
