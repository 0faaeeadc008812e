/** @file Callback: hooks that training, evaluation and prediction call. */
import { StateError } from "@tenrec/tensor";
import type { Model } from "../models/model.ts";
import { classNameOf } from "../naming.ts";

/** Values by name: `loss`, `accuracy`, `val_loss`. A hook of an epoch may add some: later callbacks and the history see them. */
export type Logs = Record<string, number>;

export interface CallbackParams {
  /** 0 says nothing, 1 shows a progress line, 2 one line per epoch. */
  readonly verbose: number;
  readonly epochs: number;
  /** Batches per epoch. */
  readonly steps: number | null;
}

/** What a hook gives back; a promise is waited for. */
export type HookResult = void | Promise<void>;

/** Hooks around a whole run. */
export interface RunHooks {
  onTrainBegin(logs: Logs): HookResult;
  onTrainEnd(logs: Logs): HookResult;
  onTestBegin(logs: Logs): HookResult;
  onTestEnd(logs: Logs): HookResult;
  onPredictBegin(logs: Logs): HookResult;
  onPredictEnd(logs: Logs): HookResult;
}

/** Hooks around an epoch or a batch, which come with its number, from 0. */
export interface StepHooks {
  onEpochBegin(epoch: number, logs: Logs): HookResult;
  onEpochEnd(epoch: number, logs: Logs): HookResult;
  onTrainBatchBegin(batch: number, logs: Logs): HookResult;
  onTrainBatchEnd(batch: number, logs: Logs): HookResult;
  onTestBatchBegin(batch: number, logs: Logs): HookResult;
  onTestBatchEnd(batch: number, logs: Logs): HookResult;
  onPredictBatchBegin(batch: number, logs: Logs): HookResult;
  onPredictBatchEnd(batch: number, logs: Logs): HookResult;
}

export type Hooks = RunHooks & StepHooks;

/**
 * Base of all callbacks: override the hooks that matter.
 *
 * `onTrainBatchEnd` comes in order but up to three steps late, because `fit` does not wait for the device; its logs are running means.
 * Overriding it makes `fit` read them back, at most once per `pace` milliseconds.
 * @example
 * class StopAt extends callbacks.Callback {
 *   onEpochEnd(epoch: number, logs: callbacks.Logs) {
 *     if ((logs.accuracy ?? 0) > 0.99) this.model.stopTraining = true;
 *   }
 * }
 */
export abstract class Callback implements Hooks {
  static readonly className: string = "Callback";
  params: CallbackParams = { verbose: 0, epochs: 1, steps: null };
  #model: Model | null = null;

  /** The model that runs. @throws StateError before a run. */
  get model(): Model {
    if (this.#model) return this.#model;
    throw new StateError(classNameOf(this), "the callback has no model yet.", {
      received: "a callback that was not part of a run.",
      expected: "one in the callbacks of fit.",
      fix: "pass it to model.fit, or call setModel first.",
    });
  }
  setModel(model: Model): void {
    this.#model = model;
  }
  setParams(params: CallbackParams): void {
    this.params = params;
  }

  /** Milliseconds between two calls of `onTrainBatchEnd` that are enough; 0 asks for every step. */
  get pace(): number {
    return 0;
  }

  onTrainBegin(_logs: Logs): HookResult {}
  onTrainEnd(_logs: Logs): HookResult {}
  onTestBegin(_logs: Logs): HookResult {}
  onTestEnd(_logs: Logs): HookResult {}
  onPredictBegin(_logs: Logs): HookResult {}
  onPredictEnd(_logs: Logs): HookResult {}
  onEpochBegin(_epoch: number, _logs: Logs): HookResult {}
  onEpochEnd(_epoch: number, _logs: Logs): HookResult {}
  onTrainBatchBegin(_batch: number, _logs: Logs): HookResult {}
  onTrainBatchEnd(_batch: number, _logs: Logs): HookResult {}
  onTestBatchBegin(_batch: number, _logs: Logs): HookResult {}
  onTestBatchEnd(_batch: number, _logs: Logs): HookResult {}
  onPredictBatchBegin(_batch: number, _logs: Logs): HookResult {}
  onPredictBatchEnd(_batch: number, _logs: Logs): HookResult {}
}
