/** @file CallbackList: the callbacks of one run, called in order. */
import { ValueError } from "@tenrec/tensor";
import type { Model } from "../models/model.ts";
import {
  Callback,
  type CallbackParams,
  type Hooks,
  type Logs,
  type RunHooks,
  type StepHooks,
} from "./callback.ts";

/** The callbacks of one run, in the order in which each hook reaches them. */
export class CallbackList {
  readonly callbacks: readonly Callback[];

  /** @throws ValueError if an entry is no callback. */
  constructor(callbacks: readonly Callback[], model: Model, params: CallbackParams) {
    const bad = callbacks.findIndex((callback) => !(callback instanceof Callback));
    if (bad >= 0) throw noCallback(callbacks[bad], bad);
    this.callbacks = callbacks;
    for (const callback of callbacks) {
      callback.setModel(model);
      callback.setParams(params);
    }
  }

  /** Whether any callback does something in this hook; others need not be called. */
  has(hook: keyof Hooks): boolean {
    return this.#overriding(hook).length > 0;
  }

  #overriding(hook: keyof Hooks): readonly Callback[] {
    return this.callbacks.filter((callback) => callback[hook] !== Callback.prototype[hook]);
  }

  /** Milliseconds between the reports of batches that all callbacks are content with; null if none looks at batches. */
  get pace(): number | null {
    const pace = Math.min(...this.#overriding("onTrainBatchEnd").map((callback) => callback.pace));
    return Number.isFinite(pace) ? pace : null;
  }

  async call(hook: keyof RunHooks, logs?: Logs): Promise<void>;
  async call(hook: keyof StepHooks, index: number, logs?: Logs): Promise<void>;
  async call(hook: keyof Hooks, first: number | Logs = {}, second: Logs = {}): Promise<void> {
    for (const callback of this.callbacks) {
      const result =
        typeof first === "number"
          ? callback[hook as keyof StepHooks](first, second)
          : callback[hook as keyof RunHooks](first);
      if (result) await result;
    }
  }
}

function noCallback(value: unknown, position: number): ValueError {
  return new ValueError("callbacks", "not a callback.", {
    received: `${String(value)} at position ${position}.`,
    expected: "objects of classes that extend Callback.",
    fix: "for plain functions pass new callbacks.LambdaCallback({ onEpochEnd: ... }).",
  });
}
