/** @file Scaled dot-product attention. */
import { ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { attention } from "../primitives/attention.ts";
import { cast } from "../primitives/logic.ts";
import { bitsOf } from "../random/key.ts";
import { drawKey, type Seed } from "../random/seed.ts";
import { promoteFloats } from "../runtime/promote.ts";
import { checkChoice, floatOperand, type Tensor, type TensorLike, toNode, wrap } from "./arguments.ts";

export interface DotProductAttentionOptions {
  /** Added to the scores; broadcasts to [batch, heads, time, source]. */
  readonly bias?: TensorLike | null;
  /** True (or not 0) where a position is attended; broadcasts likewise. */
  readonly mask?: TensorLike | null;
  /** Factor of the scores; 1 / sqrt(depth) by default. */
  readonly scale?: number | null;
  /** Position t attends to positions up to t. */
  readonly isCausal?: boolean;
  /** Factors of the probabilities, constant to gradients: dropout's 0 and 1 / (1 - rate). Broadcasts likewise; not in Keras. */
  readonly dropoutMask?: TensorLike | null;
  /** Share of the probabilities set to 0, while the others are divided by 1 - rate. Not in Keras, like what follows. */
  readonly dropoutRate?: number;
  /** Of the dropout; the numbers are those of `random.dropout` over [batch, heads, time, source]. Integer, SeedGenerator, or absent: the global one's. */
  readonly seed?: Seed;
  /** What a query that no position of the mask serves has: the mean of all values (as in `keras.ops`), or zeros (as in a layer with dropout). */
  readonly emptyRows?: "mean" | "zero";
}

const fractionError = (rate: number): ValueError =>
  new ValueError("dotProductAttention", "dropoutRate is no fraction.", {
    received: `dropoutRate ${rate}.`,
    expected: "a number from 0 to 1: the fraction of probabilities set to 0.",
    fix: "write 0.1 for 10 percent.",
  });

/** Random bits for the probabilities of these queries and keys; null where none or all are dropped. */
function dropoutBits(q: Node, k: Node, rate: number, seed: Seed | undefined): Node | null {
  if (!(rate >= 0 && rate <= 1)) throw fractionError(rate);
  if (rate === 0 || rate === 1) return null;
  const [batch = 1, time = 1, heads = 1] = q.shape;
  return bitsOf(drawKey("dotProductAttention", seed), [batch, heads, time, k.shape[1] ?? 1]);
}

const factorOf = (factor: TensorLike | null): Node | null => (factor === null ? null : floatOperand(factor));

/**
 * softmax(query key scale + bias) value for each head. Heads of key and value may be fewer: groups of query heads share them.
 * @param query - [batch, time, heads, depth].
 * @param key - [batch, source, kvHeads, depth], kvHeads a divisor of heads.
 * @param value - [batch, source, kvHeads, any].
 * @returns [batch, time, heads, any].
 * @throws ShapeError if the shapes do not fit; ValueError if the dropout rate is none.
 * @example
 * dotProductAttention(tensor([[[[1]]]]), tensor([[[[0]], [[0]]]]), tensor([[[[2]], [[4]]]])); // [[[[3]]]]
 */
export function dotProductAttention(
  query: TensorLike,
  key: TensorLike,
  value: TensorLike,
  options: DotProductAttentionOptions = {},
): Tensor {
  const { bias = null, mask = null, isCausal = false, dropoutMask = null, dropoutRate = 0 } = options;
  const { emptyRows = "mean" } = options;
  checkChoice("dotProductAttention", "emptyRows", emptyRows, ["mean", "zero"]);
  const [q, k, v] = promoteFloats([query, key, value]) as [Node, Node, Node];
  const inputs = {
    q,
    k,
    v,
    bias: bias === null ? null : floatOperand(bias),
    mask: mask === null ? null : cast(toNode(mask), "bool"),
    factor: factorOf(dropoutRate === 1 ? 0 : dropoutMask),
    bits: dropoutBits(q, k, dropoutRate, options.seed),
  };
  const scale = options.scale ?? 1 / Math.sqrt(Math.max(1, q.shape.at(-1) ?? 1));
  const emptyZero = emptyRows === "zero";
  // Scores and sums are float32 whatever the operands.
  return wrap(cast(attention(inputs, { scale, causal: isCausal, rate: dropoutRate, emptyZero }), q.dtype));
}
