/** @file Embedding and Masking: where sequences and their masks begin. */
import { ops, type Tensor, type Variable } from "@tenrec/tensor";
import type { Constraint } from "../constraints.ts";
import type { Identifier } from "../identifiers.ts";
import type { Initializer } from "../initializers/index.ts";
import { Layer, type LayerOptions } from "../layer.ts";
import type { Regularizer } from "../regularizers.ts";
import { checkPositiveInteger } from "./checks.ts";

export interface EmbeddingOptions extends LayerOptions {
  readonly embeddingsInitializer?: Identifier<Initializer>;
  readonly embeddingsRegularizer?: Identifier<Regularizer>;
  readonly embeddingsConstraint?: Identifier<Constraint>;
  /** Whether 0 stands for padding: the layers after get a mask that is false there. */
  readonly maskZero?: boolean;
}

/**
 * A trained vector for each integer 0 <= i < inputDim: [...] to [..., outputDim].
 *
 * Weights: `embeddings` [inputDim, outputDim].
 * @example
 * new layers.Embedding(1000, 64).apply([[3, 1, 4]]); // [1, 3, 64]
 */
export class Embedding extends Layer {
  static override readonly className: string = "Embedding";
  override readonly autocast = false;
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero: boolean;
  embeddings: Variable | null = null;
  readonly #options: EmbeddingOptions;

  constructor(inputDim: number, outputDim: number, options: EmbeddingOptions = {}) {
    super(options);
    this.inputDim = checkPositiveInteger(this.name, "inputDim", inputDim);
    this.outputDim = checkPositiveInteger(this.name, "outputDim", outputDim);
    this.maskZero = options.maskZero ?? false;
    this.supportsMasking = this.maskZero;
    this.#options = options;
  }

  override build(): void {
    this.embeddings = this.addWeight({
      name: "embeddings",
      shape: [this.inputDim, this.outputDim],
      initializer: this.#options.embeddingsInitializer ?? "uniform",
      regularizer: this.#options.embeddingsRegularizer,
      constraint: this.#options.embeddingsConstraint,
    });
  }

  override call(inputs: Tensor): Tensor {
    return ops.take(this.embeddings as Variable, ops.cast(inputs, "int32"), { axis: 0 });
  }

  override computeMask(inputs: Tensor): Tensor | null {
    return this.maskZero ? ops.notEqual(inputs, 0) : null;
  }

  override getConfig(): Record<string, unknown> {
    const { inputDim, outputDim, maskZero } = this;
    return { ...super.getConfig(), inputDim, outputDim, maskZero };
  }
}

export interface MaskingOptions extends LayerOptions {
  /** A step all of whose features equal it does not count. */
  readonly maskValue?: number;
}

/**
 * Masks the steps of [batch, steps, features] whose features all equal `maskValue`: 0 in the output, skipped by the layers after that know
 * masks.
 * @example
 * new layers.Masking().apply([[[1, 2], [0, 0]]]); // the second step is masked
 */
export class Masking extends Layer {
  static override readonly className: string = "Masking";
  override supportsMasking = true;
  readonly maskValue: number;

  constructor({ maskValue = 0, ...options }: MaskingOptions = {}) {
    super(options);
    this.maskValue = maskValue;
  }

  override call(inputs: Tensor): Tensor {
    const counts = ops.any(ops.notEqual(inputs, this.maskValue), { axis: -1, keepdims: true });
    return ops.multiply(inputs, ops.cast(counts, inputs.dtype));
  }

  override computeMask(inputs: Tensor): Tensor {
    return ops.any(ops.notEqual(inputs, this.maskValue), { axis: -1 });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), maskValue: this.maskValue };
  }
}
