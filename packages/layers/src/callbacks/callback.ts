/** @file Callback: hooks that training, evaluation and prediction call. */

/** Values by name: `loss`, `accuracy`, `val_loss`. Hooks of epochs may add some, which later callbacks and the history see. */
export type Logs = Record<string, number>;

export interface CallbackParams {
  /** 0 says nothing, 1 shows a progress line, 2 one line per epoch. */
  readonly verbose: number;
  /** Number of epochs; 1 for evaluation and prediction. */
  readonly epochs: number;
  /** Batches per epoch; null where the data do not tell. */
  readonly steps: number | null;
}

/** What callbacks use of a model. */
export interface CallbackModel {
  /** Set it to end `fit` after the step or epoch that is running. */
  stopTraining: boolean;
  readonly optimizer: { learningRate: number };
  getWeights(): Promise<readonly WeightValues[]>;
  setWeights(weights: readonly WeightValues[]): void | Promise<void>;
}

/** Values of one weight, as `getWeights` gives them and `setWeights` takes them. */
export type WeightValues = Awaited<ReturnType<ModelWeights["getWeights"]>>[number];

/** May be asynchronous. `fit` waits for hooks of epochs and of training; for hooks of batches only where they return a promise. */
export type HookResult = void | Promise<void>;

/**
 * Base of all callbacks: override the hooks that matter.
 *
 * Batch hooks come in order, up to three steps after the step itself, because `fit` does not wait for the device; logs are running means.
 * @example
 * class StopAt extends callbacks.Callback {
 *   onEpochEnd(epoch: number, logs: callbacks.Logs) {
 *     if (logs.accuracy > 0.99) this.model.stopTraining = true;
 *   }
 * }
 */
export abstract class Callback {}
