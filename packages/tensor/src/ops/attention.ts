/** @file Scaled dot-product attention. */
import type { Node } from "../graph/node.ts";
import { attention } from "../primitives/attention.ts";
import { cast } from "../primitives/logic.ts";
import { promoteFloats } from "../runtime/promote.ts";
import { floatOperand, type Tensor, type TensorLike, toNode, wrap } from "./arguments.ts";

export interface DotProductAttentionOptions {
  /** Added to the scores; broadcasts to [batch, heads, time, source]. */
  readonly bias?: TensorLike | null;
  /** True (or not 0) where a position is attended; broadcasts likewise. A row without any attends to all alike. */
  readonly mask?: TensorLike | null;
  /** Factor of the scores; 1 / sqrt(depth) by default. */
  readonly scale?: number | null;
  /** Position t attends to positions up to t. */
  readonly isCausal?: boolean;
  /** Factors of the probabilities, constant to gradients: dropout's 0 and 1 / (1 - rate). Broadcasts likewise; not in Keras. */
  readonly dropoutMask?: TensorLike | null;
}

/**
 * softmax(query key scale + bias) value for each head. Heads of key and value may be fewer: groups of query heads share them.
 * @param query - [batch, time, heads, depth].
 * @param key - [batch, source, kvHeads, depth], kvHeads a divisor of heads.
 * @param value - [batch, source, kvHeads, any].
 * @returns [batch, time, heads, any].
 * @throws ShapeError if the shapes do not fit.
 * @example
 * dotProductAttention(tensor([[[[1]]]]), tensor([[[[0]], [[0]]]]), tensor([[[[2]], [[4]]]])); // [[[[3]]]]
 */
export function dotProductAttention(
  query: TensorLike,
  key: TensorLike,
  value: TensorLike,
  options: DotProductAttentionOptions = {},
): Tensor {
  const { bias = null, mask = null, isCausal = false, dropoutMask = null } = options;
  const [q, k, v] = promoteFloats([query, key, value]) as [Node, Node, Node];
  const inputs = {
    q,
    k,
    v,
    bias: bias === null ? null : floatOperand(bias),
    mask: mask === null ? null : cast(toNode(mask), "bool"),
    factor: dropoutMask === null ? null : floatOperand(dropoutMask),
  };
  const scale = options.scale ?? 1 / Math.sqrt(Math.max(1, q.shape.at(-1) ?? 1));
  return wrap(attention(inputs, { scale, causal: isCausal }));
}
