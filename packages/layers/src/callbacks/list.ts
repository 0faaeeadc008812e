/** @file The callbacks of a run, called one after another. */
import type { Model } from "../models/model.ts";
import { Callback, type RunParameters } from "./callback.ts";

type HookName = {
  [K in keyof Callback]: K extends `on${string}` ? K : never;
}[keyof Callback];

export class CallbackList {
  private readonly callbacks: readonly Callback[];
  /** Milliseconds between batch logs; null if nobody listens. */
  readonly pace: number | null;

  constructor(callbacks: readonly Callback[], model: Model, parameters: RunParameters) {
    this.callbacks = callbacks;
    for (const callback of callbacks) {
      callback.setModel(model);
      callback.setParameters(parameters);
    }
    const paces = this.listeners("onTrainBatchEnd").map((callback) => callback.pace);
    this.pace = paces.length > 0 ? Math.min(...paces) : null;
  }

  /** Those that override a hook. */
  private listeners(hook: HookName): Callback[] {
    return this.callbacks.filter((callback) => callback[hook] !== Callback.prototype[hook]);
  }

  /** Whether anybody overrides a hook: training skips the call otherwise. */
  has(hook: HookName): boolean {
    return this.listeners(hook).length > 0;
  }

  /** Calls a hook; only asynchronous ones are awaited. */
  async call<K extends HookName>(hook: K, ...args: Parameters<Callback[K]>): Promise<void> {
    for (const callback of this.listeners(hook)) {
      const run = callback[hook] as (...args: Parameters<Callback[K]>) => void | Promise<void>;
      const result = run.apply(callback, args);
      if (result instanceof Promise) await result;
    }
  }
}
