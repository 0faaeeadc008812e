/** @file Masks of attention: which positions a query attends to, from the masks of its inputs and the call's options. */
import { ops, type Tensor } from "@tenrec/tensor";
import type { Mask } from "../masks.ts";

/** Options of a call of an attention layer. Masks are true where a position counts. */
export interface AttentionCallOptions {
  /** [batch, time, source] or [batch, heads, time, source]. */
  readonly attentionMask?: Tensor | null;
  /** [batch, time]. By default the masks that the inputs carry. */
  readonly queryMask?: Tensor | null;
  /** [batch, source]. */
  readonly valueMask?: Tensor | null;
  /** [batch, source]. */
  readonly keyMask?: Tensor | null;
  /** Step t attends to steps up to t. */
  readonly useCausalMask?: boolean;
  /** Gives [output, scores] instead of the output; the scores are the probabilities before dropout. */
  readonly returnAttentionScores?: boolean;
}

/** The mask of input `i`, out of those that the inputs carry. */
export function inputMask(mask: Mask | null | undefined, i: number): Tensor | null {
  if (!mask) return null;
  return Array.isArray(mask)
    ? ((mask as readonly (Tensor | null)[])[i] ?? null)
    : i === 0
      ? (mask as Tensor)
      : null;
}

const truth = (mask: Tensor): Tensor => ops.cast(mask, "bool");

/** All of these masks at once, [batch, time, source] or what broadcasts to it; null where there are none. */
export function combineMasks(
  options: AttentionCallOptions,
  carried: Mask | null | undefined,
  window: Tensor | null,
): Tensor | null {
  const { queryMask, valueMask, keyMask, attentionMask } = options;
  const query = queryMask ?? inputMask(carried, 0);
  const value = valueMask ?? inputMask(carried, 1);
  const key = keyMask ?? inputMask(carried, 2);
  const parts = [
    query && ops.expandDims(truth(query), -1),
    value && ops.expandDims(truth(value), -2),
    key && ops.expandDims(truth(key), -2),
    window,
    attentionMask && truth(attentionMask),
  ].filter((part) => part !== null && part !== undefined);
  return parts.length === 0 ? null : parts.reduce((a, b) => ops.logicalAnd(...sameRank(a, b)));
}

/** A mask without an axis of heads gets one. */
function sameRank(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const lift = (mask: Tensor, other: Tensor) =>
    mask.ndim === 3 && other.ndim === 4 ? ops.expandDims(mask, 1) : mask;
  return [lift(a, b), lift(b, a)];
}

/** True where time and source are less than `width` steps apart. */
export function windowMask(time: number, source: number, width: number | null): Tensor | null {
  if (width === null) return null;
  const [rows, columns] = [
    ops.reshape(ops.arange(time), [1, time, 1]),
    ops.reshape(ops.arange(source), [1, 1, source]),
  ];
  return ops.less(ops.abs(ops.subtract(rows, columns)), width);
}

/** True where source is not after time. */
export function causalMask(time: number, source: number): Tensor {
  const rows = ops.reshape(ops.arange(time), [1, time, 1]);
  return ops.greaterEqual(rows, ops.reshape(ops.arange(source), [1, 1, source]));
}

/** Score of a masked position, as in Keras. */
const maskedScore = -1e9;

/** Softmax over the positions that count; 0 at the others, also where none counts. */
export function maskedSoftmax(scores: Tensor, mask: Tensor | null, axis: number | readonly number[]): Tensor {
  if (!mask) return ops.softmax(scores, { axis });
  const kept = truth(mask);
  return ops.where(kept, ops.softmax(ops.where(kept, scores, maskedScore), { axis }), 0);
}
