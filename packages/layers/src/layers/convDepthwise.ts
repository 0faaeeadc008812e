/** @file Depthwise convolutions, alone and followed by a mixing of the channels. */
import { ops, type Tensor, type Variable } from "@tenrec/tensor";
import type { Constraint } from "../constraints.ts";
import type { Identifier } from "../identifiers.ts";
import type { Initializer } from "../initializers/index.ts";
import type { Shape } from "../layer.ts";
import type { Regularizer } from "../regularizers.ts";
import { checkPositiveInteger } from "./checks.ts";
import { KernelLayer, type PerAxis, type WindowOptions } from "./convShared.ts";

export interface DepthwiseConvOptions extends WindowOptions {
  /** Outputs per channel. */
  readonly depthMultiplier?: number;
  readonly depthwiseInitializer?: Identifier<Initializer>;
  readonly depthwiseRegularizer?: Identifier<Regularizer>;
  readonly depthwiseConstraint?: Identifier<Constraint>;
}

const depthwiseRules = (options: DepthwiseConvOptions) => ({
  initializer: options.depthwiseInitializer,
  regularizer: options.depthwiseRegularizer,
  constraint: options.depthwiseConstraint,
});

abstract class DepthwiseConv extends KernelLayer {
  readonly depthMultiplier: number;
  kernel: Variable | null = null;
  readonly #options: DepthwiseConvOptions;

  constructor(rank: number, kernelSize: PerAxis, options: DepthwiseConvOptions) {
    super(rank, kernelSize, options);
    this.depthMultiplier = checkPositiveInteger(this.name, "depthMultiplier", options.depthMultiplier ?? 1);
    this.#options = options;
  }

  override build(inputShape: Shape): void {
    this.channels = this.channelsOf(inputShape);
    const shape = [...this.kernelSize, this.channels, this.depthMultiplier];
    this.kernel = this.addKernel("kernel", shape, depthwiseRules(this.#options));
    this.addBias(this.channels * this.depthMultiplier);
  }

  override call(inputs: Tensor): Tensor {
    this.checkChannels(inputs);
    return this.finish(ops.depthwiseConv(inputs, this.kernel as Variable, this.windowOptions));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), depthMultiplier: this.depthMultiplier };
  }
}

/**
 * Convolution over time of each channel by itself.
 *
 * Weights: `kernel` [size, channels, depthMultiplier], `bias` [channels * depthMultiplier].
 * @example
 * new layers.DepthwiseConv1D(3, { padding: "same" });
 */
export class DepthwiseConv1D extends DepthwiseConv {
  static override readonly className: string = "DepthwiseConv1D";
  constructor(kernelSize: PerAxis, options: DepthwiseConvOptions = {}) {
    super(1, kernelSize, options);
  }
}

/**
 * Convolution over images of each channel by itself.
 *
 * Weights: `kernel` [height, width, channels, depthMultiplier], `bias` [channels * depthMultiplier].
 * @example
 * new layers.DepthwiseConv2D(3, { padding: "same", activation: "relu" });
 */
export class DepthwiseConv2D extends DepthwiseConv {
  static override readonly className: string = "DepthwiseConv2D";
  constructor(kernelSize: PerAxis, options: DepthwiseConvOptions = {}) {
    super(2, kernelSize, options);
  }
}

export interface SeparableConvOptions extends DepthwiseConvOptions {
  readonly pointwiseInitializer?: Identifier<Initializer>;
  readonly pointwiseRegularizer?: Identifier<Regularizer>;
  readonly pointwiseConstraint?: Identifier<Constraint>;
}

abstract class SeparableConv extends KernelLayer {
  readonly filters: number;
  readonly depthMultiplier: number;
  depthwiseKernel: Variable | null = null;
  pointwiseKernel: Variable | null = null;
  readonly #options: SeparableConvOptions;

  constructor(rank: number, filters: number, kernelSize: PerAxis, options: SeparableConvOptions) {
    super(rank, kernelSize, options);
    this.filters = checkPositiveInteger(this.name, "filters", filters);
    this.depthMultiplier = checkPositiveInteger(this.name, "depthMultiplier", options.depthMultiplier ?? 1);
    this.#options = options;
  }

  override build(inputShape: Shape): void {
    const { kernelSize, depthMultiplier, filters } = this;
    const options = this.#options;
    this.channels = this.channelsOf(inputShape);
    const each = [...kernelSize, this.channels, depthMultiplier];
    this.depthwiseKernel = this.addKernel("depthwise_kernel", each, depthwiseRules(options));
    const mixing = [...kernelSize.map(() => 1), this.channels * depthMultiplier, filters];
    this.pointwiseKernel = this.addKernel("pointwise_kernel", mixing, {
      initializer: options.pointwiseInitializer,
      regularizer: options.pointwiseRegularizer,
      constraint: options.pointwiseConstraint,
    });
    this.addBias(filters);
  }

  override call(inputs: Tensor): Tensor {
    this.checkChannels(inputs);
    const [each, mixing] = [this.depthwiseKernel as Variable, this.pointwiseKernel as Variable];
    return this.finish(ops.separableConv(inputs, each, mixing, this.windowOptions));
  }

  override getConfig(): Record<string, unknown> {
    const { filters, depthMultiplier } = this;
    return { ...super.getConfig(), filters, depthMultiplier };
  }
}

/**
 * A depthwise convolution over time, then a mixing of the channels at each step.
 *
 * Weights: `depthwise_kernel` [size, channels, depthMultiplier], `pointwise_kernel` [1, channels * depthMultiplier, filters], `bias` [filters].
 * @example
 * new layers.SeparableConv1D(32, 3, { padding: "same" });
 */
export class SeparableConv1D extends SeparableConv {
  static override readonly className: string = "SeparableConv1D";
  constructor(filters: number, kernelSize: PerAxis, options: SeparableConvOptions = {}) {
    super(1, filters, kernelSize, options);
  }
}

/**
 * A depthwise convolution over images, then a mixing of the channels at each pixel.
 *
 * Weights: `depthwise_kernel` [height, width, channels, depthMultiplier], `pointwise_kernel` [1, 1, channels * depthMultiplier, filters],
 * `bias` [filters].
 * @example
 * new layers.SeparableConv2D(32, 3, { padding: "same", activation: "relu" });
 */
export class SeparableConv2D extends SeparableConv {
  static override readonly className: string = "SeparableConv2D";
  constructor(filters: number, kernelSize: PerAxis, options: SeparableConvOptions = {}) {
    super(2, filters, kernelSize, options);
  }
}
