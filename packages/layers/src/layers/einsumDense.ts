/** @file EinsumDense: a linear map whose axes an equation names. */
import { type Dtype, ops, type Tensor, type TensorLike, ValueError, type Variable } from "@tenrec/tensor";
import { type Activation, activationName, getActivation } from "../activations/get.ts";
import type { Identifier } from "../identifiers.ts";
import { getInitializer, Initializer, VarianceScaling } from "../initializers/index.ts";
import { Layer, type LayerOptions, type OpenShape, type Shape } from "../layer.ts";
import type { KernelBiasOptions } from "./weightOptions.ts";

export interface EinsumDenseOptions extends LayerOptions, KernelBiasOptions {
  readonly activation?: Identifier<Activation>;
  /** Letters of the result that the bias has; no bias by default. */
  readonly biasAxes?: string | null;
}

/** Letters of input, kernel and result; the ellipsis is left out. */
interface Equation {
  readonly input: string;
  readonly kernel: string;
  readonly output: string;
  readonly dots: "left" | "right" | null;
}

/** Kernels are scaled by their numbers of inputs and outputs, whatever axes those are spread over. */
class Flattened extends Initializer {
  static override readonly className: string = "Flattened";
  readonly #inner: Initializer;
  readonly #fans: readonly [number, number];
  constructor(inner: Initializer, fans: readonly [number, number]) {
    super();
    this.#inner = inner;
    this.#fans = fans;
  }
  override value(shape: Shape, dtype: Dtype): TensorLike {
    return ops.reshape(this.#inner.value(this.#fans, dtype), shape);
  }
  override getConfig(): Record<string, unknown> {
    return this.#inner.getConfig();
  }
}

/**
 * activation(einsum(equation, x, kernel) + bias).
 *
 * Weights: `kernel` and, with `biasAxes`, `bias`, of the extents their letters have.
 * @param equation - "ab,bc->ac", "...b,bc->...c" or "ab...,bc->ac...".
 * @param outputShape - Extents of the result without the batch axis; null where the input gives them.
 * @example
 * new layers.EinsumDense("abc,cd->abd", [null, 64], { biasAxes: "d" });
 */
export class EinsumDense extends Layer {
  static override readonly className: string = "EinsumDense";
  readonly equation: string;
  readonly partialOutputShape: OpenShape;
  readonly activation: Activation;
  readonly biasAxes: string | null;
  kernel: Variable | null = null;
  bias: Variable | null = null;
  readonly #options: EinsumDenseOptions;
  readonly #letters: Equation;

  constructor(equation: string, outputShape: number | OpenShape, options: EinsumDenseOptions = {}) {
    super(options);
    this.equation = equation;
    this.#letters = parse(this.name, equation);
    this.partialOutputShape = typeof outputShape === "number" ? [outputShape] : outputShape;
    this.activation = getActivation(options.activation);
    this.biasAxes = options.biasAxes ?? null;
    this.#options = options;
  }

  override build(inputShape: Shape): void {
    const options = this.#options;
    const { kernel } = this.#letters;
    const extents = this.#extents(inputShape);
    this.kernel = this.addWeight({
      name: "kernel",
      shape: [...kernel].map((letter) => extents.get(letter) as number),
      initializer: this.#kernelInitializer(extents),
      regularizer: options.kernelRegularizer,
      constraint: options.kernelConstraint,
    });
    if (this.biasAxes === null) return;
    this.bias = this.addWeight({
      name: "bias",
      shape: this.#biasShape(extents, this.biasAxes, inputShape.length),
      initializer: options.biasInitializer ?? "zeros",
      regularizer: options.biasRegularizer,
      constraint: options.biasConstraint,
    });
  }

  #kernelInitializer(extents: ReadonlyMap<string, number>): Initializer {
    const initializer = getInitializer(this.#options.kernelInitializer ?? "glorot_uniform");
    if (!(initializer instanceof VarianceScaling)) return initializer;
    const { kernel, output } = this.#letters;
    const sizeOf = (isOutput: boolean) =>
      [...kernel]
        .filter((letter) => output.includes(letter) === isOutput)
        .reduce((size, letter) => size * (extents.get(letter) as number), 1);
    return new Flattened(initializer, [sizeOf(false), sizeOf(true)]);
  }

  /** Extent of each letter: the result's as far as they are given, else the input's. */
  #extents(inputShape: Shape): Map<string, number> {
    const { input, kernel, output, dots } = this.#letters;
    const extents = new Map<string, number>();
    const elided = inputShape.length - input.length;
    if (elided < 0 || (elided > 0 && !dots)) throw rankDiffers(this.name, this.equation, inputShape);
    const skip = dots === "left" ? elided : 0;
    [...input].forEach((letter, i) => {
      extents.set(letter, inputShape[i + skip] as number);
    });
    const given = this.partialOutputShape;
    [...output].forEach((letter, i) => {
      const extent = given[i - (output.length - given.length)] ?? null;
      const known = extents.get(letter);
      if (known === undefined && extent !== null) extents.set(letter, extent);
      // A letter of the input may be open there, never different.
      else if (known !== undefined && extent !== null && known !== null && known !== extent)
        throw extentDiffers(this.name, letter, known, extent);
    });
    const open = [...kernel].find((letter) => typeof extents.get(letter) !== "number");
    if (open !== undefined) throw openLetter(this.name, this.equation, open);
    return extents;
  }

  /** From the first of its letters on, 1 for those of the result that the bias does not have. */
  #biasShape(extents: ReadonlyMap<string, number>, axes: string, rank: number): number[] {
    const { input, output, dots } = this.#letters;
    const wrong = [...axes].find((letter) => !output.includes(letter));
    if (wrong !== undefined) throw openLetter(this.name, this.equation, wrong);
    const first = Math.min(...[...axes].map((letter) => output.indexOf(letter)));
    const own = [...output.slice(first)].map((letter) =>
      axes.includes(letter) ? (extents.get(letter) as number) : 1,
    );
    return [...own, ...Array.from({ length: dots === "right" ? rank - input.length : 0 }, () => 1)];
  }

  override call(inputs: Tensor): Tensor {
    const product = ops.einsum(this.equation, inputs, this.kernel as Variable);
    return this.activation(this.bias ? ops.add(product, this.bias) : product);
  }

  override getConfig(): Record<string, unknown> {
    const { equation, biasAxes } = this;
    const activation = activationName(this.activation);
    return { ...super.getConfig(), equation, outputShape: this.partialOutputShape, activation, biasAxes };
  }
}

function parse(where: string, equation: string): Equation {
  const found =
    /^(\.\.\.)?([A-Za-z]+)(\.\.\.)?,([A-Za-z]+)->(\.\.\.)?([A-Za-z]+)(\.\.\.)?$/.exec(equation) ?? [];
  const [whole, left, input = "", right, kernel = "", outLeft, output = "", outRight] = found;
  const isOk = whole !== undefined && left === outLeft && right === outRight && !(left && right);
  if (isOk) return { input, kernel, output, dots: left ? "left" : right ? "right" : null };
  throw new ValueError(where, "the equation is not one of a linear map.", {
    received: JSON.stringify(equation),
    expected: '"ab,bc->ac", "...b,bc->...c" or "ab...,bc->ac...", a letter for each axis.',
    fix: "name the axes of input, kernel and result.",
  });
}

function rankDiffers(where: string, equation: string, shape: Shape): ValueError {
  return new ValueError(where, "the input has another number of axes than the equation.", {
    received: `an input of shape [${shape.join()}], equation ${JSON.stringify(equation)}.`,
    expected: "a letter for each axis, batch included.",
    fix: 'write "..." for axes that stay as they are.',
  });
}

function extentDiffers(where: string, letter: string, known: number, extent: number): ValueError {
  return new ValueError(where, `axis "${letter}" of input and result differ.`, {
    received: `${known} in the input, ${extent} in outputShape.`,
    expected: "equal extents, or null in outputShape.",
    fix: "check the order of outputShape, which has no batch axis.",
  });
}

function openLetter(where: string, equation: string, letter: string): ValueError {
  return new ValueError(where, `axis "${letter}" has no extent.`, {
    received: `equation ${JSON.stringify(equation)}.`,
    expected:
      "each letter of the kernel in the input or with an extent in outputShape, those of the bias in the result.",
    fix: "give its extent in outputShape.",
  });
}
