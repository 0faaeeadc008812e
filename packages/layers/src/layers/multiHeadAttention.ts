/** @file MultiHeadAttention and GroupQueryAttention. */
import { ValueError } from "@tenrec/tensor";
import type { Shape } from "../layer.ts";
import { checkPositiveInteger } from "./checks.ts";
import { type Heads, ProjectedAttention, type ProjectedAttentionOptions } from "./projectedAttention.ts";

export interface MultiHeadAttentionOptions extends ProjectedAttentionOptions {
  /** Features of a head's value; keyDim by default. */
  readonly valueDim?: number | null;
  /** Extents of the result's last axes; the query's features by default. */
  readonly outputShape?: number | Shape | null;
  /** Axes attended over, for queries with several; all but batch and features by default. */
  readonly attentionAxes?: number | readonly number[] | null;
}

/**
 * Attention of several heads: apply([query, value]) or apply([query, value, key]), each [batch, steps, features]; the call's options are
 * those of `AttentionCallOptions`.
 *
 * Weights: `query/kernel` [features, heads, keyDim], `query/bias` [heads, keyDim], the same for `key` and `value`, `attention_output/kernel`
 * [heads, valueDim, features], `attention_output/bias` [features].
 * @example
 * new layers.MultiHeadAttention(4, 32).apply([x, x], { useCausalMask: true });
 */
export class MultiHeadAttention extends ProjectedAttention {
  static override readonly className: string = "MultiHeadAttention";
  readonly numHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  readonly #extents: Shape | null;
  readonly #axes: readonly number[] | null;

  constructor(numHeads: number, keyDim: number, options: MultiHeadAttentionOptions = {}) {
    super(options);
    this.numHeads = checkPositiveInteger(this.name, "numHeads", numHeads);
    this.keyDim = checkPositiveInteger(this.name, "keyDim", keyDim);
    this.valueDim = checkPositiveInteger(this.name, "valueDim", options.valueDim ?? keyDim);
    const { outputShape = null, attentionAxes = null } = options;
    this.#extents = typeof outputShape === "number" ? [outputShape] : outputShape;
    this.#axes = typeof attentionAxes === "number" ? [attentionAxes] : attentionAxes;
  }

  protected override get heads(): Heads {
    const { numHeads, keyDim, valueDim } = this;
    return { query: numHeads, keyValue: numHeads, keyDim, valueDim };
  }
  protected override get outputExtents(): Shape | null {
    return this.#extents;
  }
  protected override attentionAxes(rank: number): readonly number[] {
    // Negative axes count from the end of the query, which has one axis less.
    return this.#axes?.map((axis) => (axis < 0 ? axis + rank - 1 : axis)) ?? super.attentionAxes(rank);
  }

  override getConfig(): Record<string, unknown> {
    const { numHeads, keyDim, valueDim } = this;
    const own = { numHeads, keyDim, valueDim, outputShape: this.#extents, attentionAxes: this.#axes };
    return { ...super.getConfig(), ...own };
  }
}

/**
 * Attention whose query heads share key and value heads in groups: apply([query, value]) or apply([query, value, key]).
 *
 * Weights as in MultiHeadAttention, with `numKeyValueHeads` heads in `key` and `value`.
 * @example
 * new layers.GroupQueryAttention(32, 8, 2).apply([x, x], { useCausalMask: true });
 */
export class GroupQueryAttention extends ProjectedAttention {
  static override readonly className: string = "GroupedQueryAttention";
  readonly headDim: number;
  readonly numQueryHeads: number;
  readonly numKeyValueHeads: number;

  constructor(
    headDim: number,
    numQueryHeads: number,
    numKeyValueHeads: number,
    options: ProjectedAttentionOptions = {},
  ) {
    super(options);
    this.headDim = checkPositiveInteger(this.name, "headDim", headDim);
    this.numQueryHeads = checkPositiveInteger(this.name, "numQueryHeads", numQueryHeads);
    this.numKeyValueHeads = checkPositiveInteger(this.name, "numKeyValueHeads", numKeyValueHeads);
    if (numQueryHeads % numKeyValueHeads !== 0) throw notDividing(this.name, numQueryHeads, numKeyValueHeads);
  }

  protected override get heads(): Heads {
    const { headDim, numQueryHeads, numKeyValueHeads } = this;
    return { query: numQueryHeads, keyValue: numKeyValueHeads, keyDim: headDim, valueDim: headDim };
  }

  override getConfig(): Record<string, unknown> {
    const { headDim, numQueryHeads, numKeyValueHeads } = this;
    return { ...super.getConfig(), headDim, numQueryHeads, numKeyValueHeads };
  }
}

function notDividing(where: string, query: number, keyValue: number): ValueError {
  return new ValueError(where, "the query heads are no multiple of the key and value heads.", {
    received: `${query} query heads, ${keyValue} key and value heads.`,
    expected: `a divisor of ${query} for the latter.`,
    fix: "change numKeyValueHeads.",
  });
}
