/** @file What fit does when the device is lost: a new device, the weights of the last completed epoch, and an error that says so. */
import { deviceFailure, type HostData, init, StateError, type Variable } from "@tenrec/tensor";
import type { Trainer } from "./trainer.ts";

export async function recover(
  cause: Error,
  epoch: number,
  trainer: Trainer,
  backend: "webgpu" | "cpu",
  variables: readonly Variable[],
  values: readonly HostData[],
): Promise<Error> {
  // The plan was refused, and the device goes on.
  if (!deviceFailure()) return cause;
  await init({ backend });
  variables.forEach((variable, i) => variable.load(values[i] as HostData));
  trainer.compiled.optimizer?.reset();
  trainer.compiled.resetMetrics();
  trainer.restart();
  return lost(cause, epoch);
}

function lost(cause: Error, epoch: number): StateError {
  const kept = epoch === 0 ? "those from before fit" : `those after epoch ${epoch}`;
  const error = new StateError("fit", `the device was lost in epoch ${epoch + 1}.`, {
    received: cause.message
      .split("\n", 2)
      .map((line) => line.trim())
      .join(" "),
    expected: "a device that lives as long as the training.",
    fix: `call fit again with { initialEpoch: ${epoch} } and data from the host: a new device is open and the weights are ${kept}; the optimizer starts anew.`,
  });
  error.cause = cause;
  return error;
}
