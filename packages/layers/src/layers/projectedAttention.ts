/** @file What multi-head and grouped-query attention share: projections, masks, dropout and the attention itself. */
import { ops, random, ShapeError, type Tensor, ValueError } from "@tenrec/tensor";
import { Layer, type LayerOptions, type OpenShape, type RunOptions, type Shape } from "../layer.ts";
import type { Mask } from "../masks.ts";
import {
  type AttentionCallOptions,
  causalMask,
  combineMasks,
  inputMask,
  maskedSoftmax,
  windowMask,
} from "./attentionMasks.ts";
import { checkRange } from "./checks.ts";
import { EinsumDense } from "./einsumDense.ts";
import type { KernelBiasOptions } from "./weightOptions.ts";

export interface ProjectedAttentionOptions extends LayerOptions, KernelBiasOptions {
  /** Share of the probabilities set to 0 in training. */
  readonly dropout?: number;
  readonly useBias?: boolean;
  /** Positions further apart than this (exclusive) do not attend to each other. */
  readonly slidingWindow?: number | null;
  /** Multiplies the heads' outputs by a sigmoid of the query. */
  readonly useGate?: boolean;
  readonly seed?: number | null;
}

/** Heads of the projections. */
export interface Heads {
  readonly query: number;
  readonly keyValue: number;
  readonly keyDim: number;
  readonly valueDim: number;
}

type Inputs = readonly [query: Tensor, value: Tensor, key: Tensor];

const letters = (first: number, count: number): string =>
  "abcdefghijklmnopqrstuvwxyz".slice(first, first + count);

/** Projections of query, key and value to heads, attention of each head, and a projection of the heads' outputs. */
export abstract class ProjectedAttention extends Layer {
  override supportsMasking = true;
  readonly dropout: number;
  readonly useBias: boolean;
  readonly useGate: boolean;
  readonly slidingWindow: number | null;
  readonly seed: number | null;
  readonly seedGenerator: random.SeedGenerator;
  queryDense: EinsumDense | null = null;
  keyDense: EinsumDense | null = null;
  gateDense: EinsumDense | null = null;
  valueDense: EinsumDense | null = null;
  outputDense: EinsumDense | null = null;
  readonly #options: ProjectedAttentionOptions;

  constructor({ activityRegularizer, ...options }: ProjectedAttentionOptions) {
    super(options);
    this.#options = { ...options, activityRegularizer };
    this.dropout = checkRange(this.name, "dropout", options.dropout ?? 0, 0, 1);
    this.useBias = options.useBias ?? true;
    this.useGate = options.useGate ?? false;
    this.slidingWindow = checkedWindow(this.name, options.slidingWindow ?? null);
    this.seed = options.seed ?? null;
    this.seedGenerator = new random.SeedGenerator(this.seed);
  }

  protected abstract get heads(): Heads;
  /** Extents of the result's last axes; those of the query by default. */
  protected get outputExtents(): Shape | null {
    return null;
  }

  /** With the shapes of [query, value] or [query, value, key]. */
  override build(inputShape: Shape): void {
    const [query, value, key = value] = this.#shapes(inputShape);
    const { query: heads, keyValue, keyDim, valueDim } = this.heads;
    this.queryDense = this.#toHeads("query", query, [heads, keyDim]);
    this.keyDense = this.#toHeads("key", key, [keyValue, keyDim]);
    this.gateDense = this.useGate ? this.#toHeads("gate", query, [heads, valueDim], "sigmoid") : null;
    this.valueDense = this.#toHeads("value", value, [keyValue, valueDim]);
    this.outputDense = this.#fromHeads(query, [heads, valueDim]);
  }

  #shapes(shape: unknown): readonly [Shape, Shape, Shape?] {
    const shapes = shape as readonly Shape[];
    const isOk =
      shapes.length >= 2 &&
      shapes.length <= 3 &&
      shapes.every((one) => Array.isArray(one) && one.length >= 3);
    if (isOk) return shapes as unknown as readonly [Shape, Shape, Shape?];
    throw wrongInputs(this.name, shapes);
  }

  #dense(
    name: string,
    equation: string,
    input: Shape,
    output: OpenShape,
    bias: string,
    activation: string | null,
  ) {
    const { kernelInitializer, biasInitializer, kernelRegularizer, biasRegularizer } = this.#options;
    const { kernelConstraint, biasConstraint, activityRegularizer } = this.#options;
    const dense = new EinsumDense(equation, output, {
      name,
      activation,
      biasAxes: this.useBias ? bias : null,
      kernelInitializer,
      biasInitializer,
      kernelRegularizer,
      biasRegularizer,
      kernelConstraint,
      biasConstraint,
      activityRegularizer,
      trainable: this.trainable,
      dtype: this.dtypePolicy,
    });
    dense.build(input);
    dense.built = true;
    return dense;
  }

  /** [..., features] to [..., heads, depth]. */
  #toHeads(name: string, input: Shape, heads: Shape, activation: string | null = null): EinsumDense {
    const free = letters(0, input.length - 1);
    const [inner, outer] = [letters(free.length, 1), letters(free.length + 1, 2)];
    const output = [...input.slice(1, -1).map(() => null), ...heads];
    return this.#dense(
      name,
      `${free}${inner},${inner}${outer}->${free}${outer}`,
      input,
      output,
      outer,
      activation,
    );
  }

  /** [..., heads, depth] to [..., features]. */
  #fromHeads(query: Shape, heads: Shape): EinsumDense {
    const extents = this.outputExtents ?? query.slice(-1);
    const free = letters(0, query.length - 1);
    const [inner, outer] = [letters(free.length, 2), letters(free.length + 2, extents.length)];
    const output = [...query.slice(1, -1).map(() => null), ...extents];
    const equation = `${free}${inner},${inner}${outer}->${free}${outer}`;
    return this.#dense("attention_output", equation, [...query.slice(0, -1), ...heads], output, outer, null);
  }

  override call(
    inputs: readonly Tensor[],
    options: RunOptions & AttentionCallOptions,
  ): Tensor | readonly Tensor[] {
    const [query, value, key = value] = inputs as unknown as readonly [Tensor, Tensor, Tensor?];
    const { useCausalMask = false, returnAttentionScores = false, training } = options;
    const window = windowMask(query.shape[1] as number, value.shape[1] as number, this.slidingWindow);
    const mask = combineMasks(options, options.mask, window);
    const gate = this.gateDense?.apply(query) ?? null;
    const heads: Inputs = [
      (this.queryDense as EinsumDense).apply(query),
      (this.valueDense as EinsumDense).apply(value),
      (this.keyDense as EinsumDense).apply(key),
    ];
    const isPlain = query.ndim === 3 && !returnAttentionScores;
    const [attended, scores] = isPlain
      ? [this.#fused(heads, mask, useCausalMask, training), null]
      : this.withScores(heads, mask, useCausalMask, training);
    const output = (this.outputDense as EinsumDense).apply(gate ? ops.multiply(attended, gate) : attended);
    return returnAttentionScores && scores ? [output, scores] : output;
  }

  /** Factor of query times key. */
  protected get scale(): number {
    return 1 / Math.sqrt(this.heads.keyDim);
  }

  #fused([q, v, k]: Inputs, mask: Tensor | null, isCausal: boolean, training: boolean): Tensor {
    // Keras's layers with dropout give 0 where no position counts, those without the mean of all.
    const emptyRows = this.dropout > 0 ? "zero" : "mean";
    const dropped = training ? { dropoutRate: this.dropout, seed: this.seedGenerator } : {};
    const lifted = mask && (mask.ndim === 3 ? ops.expandDims(mask, 1) : mask);
    const options = { mask: lifted, isCausal, scale: this.scale, emptyRows, ...dropped } as const;
    return ops.dotProductAttention(q, k, v, options);
  }

  protected drop(x: Tensor): Tensor {
    return random.dropout(x, this.dropout, { seed: this.seedGenerator });
  }

  /** Attention with its probabilities, [batch, heads, time, source], as a second result. */
  protected withScores(
    [query, value, key]: Inputs,
    mask: Tensor | null,
    isCausal: boolean,
    training: boolean,
  ): readonly [Tensor, Tensor] {
    const axes = this.attentionAxes(query.ndim);
    const { product, combine } = equationsOf(query.ndim, axes);
    const [q, v, k] = [ops.multiply(query, this.scale), ...this.repeated(value, key)];
    const scores = ops.einsum(product, k, q);
    const order = isCausal ? causalMask(query.shape[1] as number, key.shape[1] as number) : null;
    const all =
      order && mask
        ? ops.logicalAnd(mask, mask.ndim === 4 ? ops.expandDims(order, 1) : order)
        : (order ?? mask);
    const inner = Array.from({ length: axes.length }, (_, i) => scores.ndim - axes.length + i);
    const probabilities = maskedSoftmax(scores, all && lift(all, scores.ndim, axes.length), inner);
    const dropped = this.dropout > 0 && training ? this.drop(probabilities) : probabilities;
    return [ops.einsum(combine, dropped, v), probabilities];
  }

  /** Value and key with as many heads as the query. */
  protected repeated(value: Tensor, key: Tensor): [Tensor, Tensor] {
    const { query, keyValue } = this.heads;
    if (query === keyValue) return [value, key];
    const repeat = (x: Tensor) => ops.repeat(x, query / keyValue, { axis: 2 });
    return [repeat(value), repeat(key)];
  }

  /** Axes of the projected query (batch, ..., heads, depth) that attention runs over. */
  protected attentionAxes(rank: number): readonly number[] {
    return Array.from({ length: rank - 3 }, (_, i) => i + 1);
  }

  override computeMask(_inputs: readonly Tensor[], previous: Mask | null): Mask | null {
    const query = inputMask(previous, 0);
    return query && [query];
  }

  override getConfig(): Record<string, unknown> {
    const { dropout, useBias, useGate, slidingWindow, seed } = this;
    return { ...super.getConfig(), dropout, useBias, useGate, slidingWindow, seed };
  }
}

/** Axes of extent 1 before the last 2 * count ones, up to the rank of the scores. */
function lift(mask: Tensor, rank: number, count: number): Tensor {
  const cut = mask.ndim - 2 * count;
  const ones = Array.from({ length: rank - mask.ndim }, () => 1);
  return ops.reshape(mask, [...mask.shape.slice(0, cut), ...ones, ...mask.shape.slice(cut)]);
}

/** Equations of scores from key and query, and of the output from scores and value, as Keras builds them. */
function equationsOf(rank: number, axes: readonly number[]): { product: string; combine: string } {
  const target = letters(0, rank);
  const batch = [...target].filter((_, i) => i < rank - 1 && !axes.includes(i));
  let next = rank;
  const source = [...target].map((letter, i) => (axes.includes(i) ? letters(next++, 1) : letter));
  const pick = (from: ArrayLike<string>) => axes.map((axis) => from[axis] as string);
  const scores = [...batch, ...pick(target), ...pick(source)].join("");
  const sourceText = source.join("");
  return { product: `${sourceText},${target}->${scores}`, combine: `${scores},${sourceText}->${target}` };
}

function checkedWindow(where: string, width: number | null): number | null {
  if (width === null || (Number.isInteger(width) && width > 0)) return width;
  throw new ValueError(where, "slidingWindow is not a width.", {
    received: `slidingWindow = ${String(width)}`,
    expected: "1, 2, 3, ... steps, or null.",
    fix: "leave it out to attend to everything.",
  });
}

function wrongInputs(where: string, shapes: readonly unknown[]): ShapeError {
  return new ShapeError(where, "attention takes two or three inputs.", {
    received: `shapes ${JSON.stringify(shapes)}.`,
    expected: "[query, value] or [query, value, key], each [batch, steps, features].",
    fix: "call apply([query, value]); for self-attention apply([x, x]).",
  });
}
