/** @file LambdaCallback: hooks as plain functions. */
import { ValueError } from "@tenrec/tensor";
import { Callback, type Hooks } from "./callback.ts";

/**
 * A callback of the functions given.
 * @example
 * new callbacks.LambdaCallback({ onEpochEnd: (epoch, logs) => console.log(epoch, logs.loss) });
 */
export class LambdaCallback extends Callback {
  static override readonly className: string = "LambdaCallback";

  /** @throws ValueError if a name is no hook, or a value no function. */
  constructor(hooks: Partial<Hooks>) {
    super();
    for (const [name, hook] of Object.entries(hooks)) {
      if (!/^on[A-Z]/.test(name) || !(name in Callback.prototype) || typeof hook !== "function")
        throw badHook(name, hook);
    }
    Object.assign(this, hooks);
  }
}

function badHook(name: string, value: unknown): ValueError {
  return new ValueError("LambdaCallback", "not a hook.", {
    received: `${name}: ${typeof value}`,
    expected: "functions under names such as onEpochEnd, onTrainBatchEnd, onTrainBegin.",
    fix: "check the spelling.",
  });
}
