/** @file What a program asks of the device's memory, checked before anything is allocated. */
import { type Device, formatBytes, MemoryError, planCalls } from "@tenrec/kernels";
import type { Compiled } from "../compile/compile.ts";
import type { Variable } from "../variable.ts";
import { budget } from "./budget.ts";
import type { Runtime } from "./runtime.ts";

/** Adds what is known of the plan: models add their weights to it and make a table. */
export function withActivations(error: unknown, { activations }: Compiled): unknown {
  return error instanceof MemoryError ? Object.assign(error, { activations }) : error;
}

interface Excess {
  readonly what: string;
  readonly bytes: number;
  readonly limit: number;
  readonly limitName: string;
}

function refused(where: string, { what, bytes, limit, limitName }: Excess): MemoryError {
  return new MemoryError(where, "more memory is needed than the device allows.", {
    received: `${formatBytes(bytes)} for ${what}.`,
    expected: `at most ${formatBytes(limit)} (${limitName}).`,
    fix: "use a smaller batch or model, or checkpoint parts of it: their values are then computed again where gradients need them.",
  });
}

/** Throws MemoryError if the plan of `where`, with `newBytes` bytes of inputs and results, asks for more than the device or the budget allows. */
export function checkPlan({ device }: Runtime, where: string, compiled: Compiled, newBytes: number): void {
  const { maxBindingBytes, maxBufferBytes } = device.target;
  const { plan } = compiled;
  const excess =
    tooMuch("one buffer", largest(plan.buffers), maxBufferBytes, "maxBufferSize of the device") ??
    tooMuch(
      "one value that a kernel binds",
      largest(planCalls(plan).flatMap(({ bindings }) => bindings)),
      maxBindingBytes,
      bindingLimit,
    ) ??
    overBudget(device, () => device.growth(plan) + newBytes);
  if (excess) throw withActivations(refused(where, excess), compiled);
}

const largest = (ranges: readonly { readonly bytes: number }[]): number =>
  ranges.reduce((most, { bytes }) => Math.max(most, bytes), 0);

const bindingLimit = "maxStorageBufferBindingSize of the device";

/** The same for variables that are about to be placed together with `copies` values of the same size for each (an optimizer's state). */
export function checkVariables(
  { device }: Runtime,
  where: string,
  variables: readonly Variable[],
  copies: number,
): void {
  const { maxBindingBytes, maxBufferBytes } = device.target;
  const sizes = variables.map(({ size, name }) => ({ bytes: 4 * size, name }));
  const most = largest(sizes);
  const name = sizes.find(({ bytes }) => bytes === most)?.name ?? "";
  const excess =
    tooMuch(`variable "${name}" alone`, most, Math.min(maxBindingBytes, maxBufferBytes), bindingLimit) ??
    overBudget(device, () => sizes.reduce((sum, { bytes }) => sum + bytes, 0) * (1 + copies));
  if (excess) throw refused(where, excess);
}

function tooMuch(what: string, bytes: number, limit: number, limitName: string): Excess | null {
  return bytes > limit ? { what, bytes, limit, limitName } : null;
}

function overBudget(device: Device, addedBytes: () => number): Excess | null {
  if (budget.bytes === Number.POSITIVE_INFINITY) return null;
  const held = device.memory().bytes;
  const added = addedBytes();
  const what = `what is in use (${formatBytes(held)}) and what comes to it (${formatBytes(added)})`;
  return tooMuch(what, held + added, budget.bytes, "setMemoryLimit");
}
