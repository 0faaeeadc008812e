/** @file Masks: which steps of a sequence count. They travel beside the tensors from layer to layer, as in Keras. */
import { Tensor } from "@tenrec/tensor";

/** True where a step counts; one per input where a layer has several (null: all of it counts). */
export type Mask = Tensor | readonly (Tensor | null)[];

// Beside the tensor, not on it: tensor knows nothing of masks.
const masks = new WeakMap<Tensor, Tensor>();

/** The mask that the layer which made a tensor gave it. */
export function maskOf(tensor: Tensor): Tensor | null {
  return masks.get(tensor) ?? null;
}

/** The masks of a layer's inputs; null where none has one. */
export function masksOf(
  values: Tensor | readonly unknown[] | Readonly<Record<string, unknown>>,
): Mask | null {
  if (values instanceof Tensor) return maskOf(values);
  const all = Object.values(values).map((value) => (value instanceof Tensor ? maskOf(value) : null));
  return all.some((mask) => mask) ? all : null;
}

/** Hands masks on to outputs: one for each, or the one for all. Outputs that have one keep it. */
export function attachMasks(outputs: readonly Tensor[], mask: Mask): void {
  const each = mask instanceof Tensor ? outputs.map(() => mask) : mask;
  outputs.forEach((output, i) => {
    const own = each[i];
    if (own && !masks.has(output)) masks.set(output, own);
  });
}
