/** @file Dense: a fully connected layer. */
import { ops, type Tensor, type Variable } from "@tenrec/tensor";
import { type Activation, activationName, getActivation } from "../activations/get.ts";
import type { Identifier } from "../identifiers.ts";
import { Layer, type LayerOptions, type Shape } from "../layer.ts";
import { checkFeatures, checkPositiveInteger, lastExtent } from "./checks.ts";
import type { KernelBiasOptions } from "./weightOptions.ts";

export interface DenseOptions extends LayerOptions, KernelBiasOptions {
  readonly activation?: Identifier<Activation>;
  readonly useBias?: boolean;
}

/**
 * activation(x kernel + bias) over the last axis: [..., features] to [..., units].
 *
 * Weights: `kernel` [features, units], `bias` [units].
 * @example
 * new layers.Dense(128, { activation: "relu" });
 */
export class Dense extends Layer {
  static override readonly className: string = "Dense";
  override supportsMasking = true;
  readonly units: number;
  readonly useBias: boolean;
  readonly activation: Activation;
  kernel: Variable | null = null;
  bias: Variable | null = null;
  readonly #options: DenseOptions;

  constructor(units: number, options: DenseOptions = {}) {
    super(options);
    this.units = checkPositiveInteger("Dense", "units", units);
    this.useBias = options.useBias ?? true;
    this.activation = getActivation(options.activation);
    this.#options = options;
  }

  override build(inputShape: Shape): void {
    const features = lastExtent(this.name, inputShape);
    const options = this.#options;
    this.kernel = this.addWeight({
      name: "kernel",
      shape: [features, this.units],
      initializer: options.kernelInitializer ?? "glorot_uniform",
      regularizer: options.kernelRegularizer,
      constraint: options.kernelConstraint,
    });
    if (!this.useBias) return;
    this.bias = this.addWeight({
      name: "bias",
      shape: [this.units],
      initializer: options.biasInitializer ?? "zeros",
      regularizer: options.biasRegularizer,
      constraint: options.biasConstraint,
    });
  }

  override call(inputs: Tensor): Tensor {
    const kernel = this.kernel as Variable;
    checkFeatures(this.name, inputs, kernel.shape[0] as number);
    const product = ops.matmul(inputs, kernel);
    return this.activation(this.bias ? ops.add(product, this.bias) : product);
  }

  override getConfig(): Record<string, unknown> {
    const { units, useBias } = this;
    return { ...super.getConfig(), units, activation: activationName(this.activation), useBias };
  }
}
