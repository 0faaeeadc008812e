/** @file Attention and AdditiveAttention: one head, no projections. */
import { ops, random, ShapeError, type Tensor, ValueError, type Variable } from "@tenrec/tensor";
import { Layer, type LayerOptions, type RunOptions, type Shape } from "../layer.ts";
import type { Mask } from "../masks.ts";
import { type AttentionCallOptions, causalMask, inputMask } from "./attentionMasks.ts";
import { checkRange } from "./checks.ts";

export interface AdditiveAttentionOptions extends LayerOptions {
  /** Whether scores have a trained factor. */
  readonly useScale?: boolean;
  /** Share of the probabilities set to 0 in training. */
  readonly dropout?: number;
  readonly seed?: number | null;
}

export interface AttentionOptions extends AdditiveAttentionOptions {
  /** "dot": query times key; "concat": the sum of tanh(query + key). */
  readonly scoreMode?: "dot" | "concat";
}

type CallOptions = RunOptions & Pick<AttentionCallOptions, "useCausalMask" | "returnAttentionScores">;

/** What is subtracted from masked scores, as in Keras. */
const maskedBy = 1e9;

/**
 * softmax(query key) value of [query, value] or [query, value, key], each [batch, steps, features].
 *
 * Weights: `scale` [] with `useScale`, `concat_score_weight` [] with scoreMode "concat".
 * @example
 * new layers.Attention().apply([query, value], { useCausalMask: true });
 */
export class Attention extends Layer {
  static override readonly className: string = "Attention";
  override supportsMasking = true;
  readonly useScale: boolean;
  readonly scoreMode: "dot" | "concat";
  readonly dropout: number;
  readonly seed: number | null;
  readonly seedGenerator: random.SeedGenerator;
  scale: Variable | null = null;
  concatScoreWeight: Variable | null = null;

  constructor({
    useScale = false,
    scoreMode = "dot",
    dropout = 0,
    seed = null,
    ...options
  }: AttentionOptions = {}) {
    super(options);
    this.useScale = useScale;
    this.scoreMode = checkedMode(this.name, scoreMode);
    this.dropout = checkRange(this.name, "dropout", dropout, 0, 1);
    this.seed = seed;
    this.seedGenerator = new random.SeedGenerator(seed);
  }

  override build(inputShape: Shape): void {
    this.checkInputs(inputShape);
    this.scale = this.useScale ? this.addWeight({ name: "scale", initializer: "ones" }) : null;
    this.concatScoreWeight =
      this.scoreMode === "concat"
        ? this.addWeight({ name: "concat_score_weight", initializer: "ones" })
        : null;
  }

  /** The shapes of two or three inputs. */
  protected checkInputs(shape: unknown): readonly Shape[] {
    const shapes = shape as readonly Shape[];
    if ([2, 3].includes(shapes.length) && shapes.every((one) => Array.isArray(one) && one.length === 3))
      return shapes;
    throw new ShapeError(this.name, "attention takes two or three inputs.", {
      received: `shapes ${JSON.stringify(shapes)}.`,
      expected: "[query, value] or [query, value, key], each [batch, steps, features].",
      fix: "call apply([query, value]).",
    });
  }

  override call(inputs: readonly Tensor[], options: CallOptions): Tensor | readonly Tensor[] {
    const [query, value, key = value] = inputs as unknown as readonly [Tensor, Tensor, Tensor?];
    const { returnAttentionScores = false, training } = options;
    const [queryMask, valueMask] = [inputMask(options.mask, 0), inputMask(options.mask, 1)];
    const mask = this.#mask(query, key, valueMask, options.useCausalMask ?? false);
    const isFused = this.scoreMode === "dot" && !returnAttentionScores && this.isDot;
    const [output, scores] = isFused
      ? [this.#fused(query, key, value, mask, training), null]
      : this.#explicit(query, key, value, mask, training);
    const result = queryMask ? ops.where(ops.expandDims(ops.cast(queryMask, "bool"), -1), output, 0) : output;
    return scores && returnAttentionScores ? [result, scores] : result;
  }

  /** Whether scores are products. */
  protected get isDot(): boolean {
    return true;
  }

  #mask(query: Tensor, key: Tensor, valueMask: Tensor | null, isCausal: boolean): Tensor | null {
    const kept = valueMask && ops.expandDims(ops.cast(valueMask, "bool"), -2);
    if (!isCausal) return kept;
    const order = causalMask(query.shape[1] as number, key.shape[1] as number);
    return kept ? ops.logicalAnd(kept, order) : order;
  }

  #fused(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | null, training: boolean): Tensor {
    const scaled = this.scale ? ops.multiply(query, this.scale) : query;
    const dropped = this.#drops(training) ? { dropoutRate: this.dropout, seed: this.seedGenerator } : {};
    const [q, k, v] = [scaled, key, value].map((x) => ops.expandDims(x, 2)) as [Tensor, Tensor, Tensor];
    const lifted = mask && ops.expandDims(mask, 1);
    return ops.squeeze(ops.dotProductAttention(q, k, v, { scale: 1, mask: lifted, ...dropped }), { axis: 2 });
  }

  #explicit(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | null,
    training: boolean,
  ): [Tensor, Tensor] {
    const scores = this.scores(query, key);
    const masked = mask ? ops.where(mask, scores, ops.subtract(scores, maskedBy)) : scores;
    const probabilities = ops.softmax(masked);
    const dropped = this.#drops(training) ? this.#drop(probabilities) : probabilities;
    return [ops.matmul(dropped, value), dropped];
  }

  #drops(training: boolean): boolean {
    return training && this.dropout > 0;
  }
  #drop(x: Tensor): Tensor {
    return random.dropout(x, this.dropout, { seed: this.seedGenerator });
  }

  /** [batch, time, source]. */
  protected scores(query: Tensor, key: Tensor): Tensor {
    const { scale, concatScoreWeight } = this;
    if (!concatScoreWeight) {
      const product = ops.matmul(query, ops.swapaxes(key, -2, -1));
      return scale ? ops.multiply(product, scale) : product;
    }
    const sum = pairSums(query, key);
    const bent = ops.tanh(scale ? ops.multiply(scale, sum) : sum);
    return ops.multiply(concatScoreWeight, ops.sum(bent, { axis: -1 }));
  }

  override computeMask(_inputs: readonly Tensor[], previous: Mask | null): Mask | null {
    const query = inputMask(previous, 0);
    return query && [query];
  }

  override getConfig(): Record<string, unknown> {
    const { useScale, scoreMode, dropout, seed } = this;
    return { ...super.getConfig(), useScale, scoreMode, dropout, seed };
  }
}

/**
 * softmax(sum of scale tanh(query + key)) value of [query, value] or [query, value, key], each [batch, steps, features].
 *
 * Weights: `scale` [features] with `useScale`.
 * @example
 * new layers.AdditiveAttention().apply([query, value]);
 */
export class AdditiveAttention extends Attention {
  static override readonly className: string = "AdditiveAttention";

  constructor({ useScale = true, ...options }: AdditiveAttentionOptions = {}) {
    super({ ...options, useScale });
  }

  override build(inputShape: Shape): void {
    const features = this.checkInputs(inputShape)[0]?.[2] as number;
    this.scale = this.useScale
      ? this.addWeight({ name: "scale", shape: [features], initializer: "glorot_uniform" })
      : null;
  }

  protected override get isDot(): boolean {
    return false;
  }

  protected override scores(query: Tensor, key: Tensor): Tensor {
    const bent = ops.tanh(pairSums(query, key));
    return ops.sum(this.scale ? ops.multiply(this.scale, bent) : bent, { axis: -1 });
  }

  override getConfig(): Record<string, unknown> {
    const { scoreMode: _, ...config } = super.getConfig();
    return config;
  }
}

/** query + key for each pair of steps: [batch, time, source, features]. */
const pairSums = (query: Tensor, key: Tensor): Tensor =>
  ops.add(ops.expandDims(query, -2), ops.expandDims(key, -3));

function checkedMode(where: string, mode: "dot" | "concat"): "dot" | "concat" {
  if (mode === "dot" || mode === "concat") return mode;
  throw new ValueError(where, "unknown scoreMode.", {
    received: `scoreMode = ${JSON.stringify(mode)}`,
    expected: '"dot" or "concat".',
    fix: "use one of these.",
  });
}
