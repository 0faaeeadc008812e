/** @file Clipping of gradients by value, by their own norm, or by the norm of all together. */
import { ops, type Tensor } from "@tenrec/tensor";

export interface ClipOptions {
  /** Largest norm of each variable's gradient by itself. */
  readonly clipnorm?: number | null;
  /** Largest size of each element. */
  readonly clipvalue?: number | null;
  /** Largest norm of all gradients together. */
  readonly globalClipnorm?: number | null;
}

const squares = (x: Tensor): Tensor => ops.sum(ops.square(x));

export function clipGradients(
  gradients: readonly Tensor[],
  { clipnorm, clipvalue, globalClipnorm }: ClipOptions,
): readonly Tensor[] {
  if (clipvalue) return gradients.map((gradient) => ops.clip(gradient, -clipvalue, clipvalue));
  if (clipnorm) return gradients.map((gradient) => shorten(gradient, squares(gradient), clipnorm));
  if (!globalClipnorm) return gradients;
  const total = gradients.map(squares).reduce((a, b) => ops.add(a, b));
  return gradients.map((gradient) => shorten(gradient, total, globalClipnorm));
}

/** x * limit / max(norm, limit). */
const shorten = (x: Tensor, squared: Tensor, limit: number): Tensor =>
  ops.multiply(x, ops.divide(limit, ops.maximum(ops.sqrt(squared), limit)));
