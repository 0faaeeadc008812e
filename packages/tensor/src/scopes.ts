/** @file tidy and keep: optional help with memory. A loop that uses neither stays flat too. */

import { isTensor, type TensorBase, useNode } from "./runtime/handles.ts";
import { pin } from "./runtime/pending.ts";
import { refusePromise, scopes } from "./runtime/scope.ts";
import type { Tensor } from "./tensor.ts";
import { flattenTree } from "./tree.ts";

/**
 * Runs a synchronous function and disposes of every tensor made inside, except those it returns.
 *
 * @throws ValueError if the function is asynchronous.
 * @example
 * const y = tidy(() => x.mul(2).add(1)); // the product is gone, the sum stays
 */
export function tidy<T>(body: () => T): T {
  const outer = scopes.tidy;
  const made = new Set<Disposable>();
  scopes.tidy = made;
  try {
    const result = refusePromise("tidy", body());
    for (const leaf of flattenTree(result).leaves) if (isTensor(leaf)) release(leaf, made, outer);
    return result;
  } finally {
    scopes.tidy = outer;
    for (const tensor of made) tensor[Symbol.dispose]();
  }
}

/** A returned tensor belongs to the scope outside. */
function release(tensor: TensorBase, made: Set<Disposable>, outer: Set<Disposable> | null): void {
  if (made.delete(tensor)) outer?.add(tensor);
}

/**
 * Has the value stored when it is computed, whatever its size, so that reading it later gives the bits that the step used.
 *
 * @returns the same tensor.
 */
export function keep(tensor: Tensor): Tensor {
  pin(useNode(tensor));
  return tensor;
}
