/** @file Conv1D, Conv2D, Conv3D and their transposes. */
import { ops, ShapeError, type Tensor, ValueError, type Variable } from "@tenrec/tensor";
import type { Constraint } from "../constraints.ts";
import type { Identifier } from "../identifiers.ts";
import type { Initializer } from "../initializers/index.ts";
import type { Shape } from "../layer.ts";
import type { Regularizer } from "../regularizers.ts";
import { checkPositiveInteger } from "./checks.ts";
import { KernelLayer, type PerAxis, perAxis, type WindowOptions } from "./convShared.ts";

export interface KernelOptions extends WindowOptions {
  readonly kernelInitializer?: Identifier<Initializer>;
  readonly kernelRegularizer?: Identifier<Regularizer>;
  readonly kernelConstraint?: Identifier<Constraint>;
}

const rulesOf = (options: KernelOptions) => ({
  initializer: options.kernelInitializer,
  regularizer: options.kernelRegularizer,
  constraint: options.kernelConstraint,
});

export interface ConvOptions extends KernelOptions {
  /** The channels and the filters in so many parts, each part seeing only its own channels. */
  readonly groups?: number;
}

export interface Conv1DOptions extends Omit<ConvOptions, "padding"> {
  /** "causal": no output sees a later input. */
  readonly padding?: "valid" | "same" | "causal";
}

abstract class Conv extends KernelLayer {
  readonly filters: number;
  readonly groups: number;
  kernel: Variable | null = null;
  readonly #options: KernelOptions;

  constructor(rank: number, filters: number, kernelSize: PerAxis, options: ConvOptions | Conv1DOptions) {
    super(rank, kernelSize, options, rank === 1 ? ["valid", "same", "causal"] : undefined);
    this.filters = checkPositiveInteger(this.name, "filters", filters);
    this.groups = checkPositiveInteger(this.name, "groups", options.groups ?? 1);
    this.checkDilation();
    if (this.filters % this.groups !== 0)
      throw new ValueError(this.name, "the filters do not divide into the groups.", {
        received: `filters = ${filters}, groups = ${this.groups}`,
        expected: "filters a multiple of groups.",
        fix: "change one of them.",
      });
    this.#options = options as KernelOptions;
  }

  override build(inputShape: Shape): void {
    const { filters, groups, kernelSize } = this;
    this.channels = this.channelsOf(inputShape);
    if (this.channels % groups !== 0)
      throw new ShapeError(this.name, "the channels do not divide into the groups.", {
        received: `an input of shape [${inputShape.join()}] with ${this.channels} channels, groups = ${groups}.`,
        expected: "channels a multiple of groups.",
        fix: "change groups, or the filters of the layer before.",
      });
    const shape = [...kernelSize, this.channels / groups, filters];
    this.kernel = this.addKernel("kernel", shape, rulesOf(this.#options));
    this.addBias(filters);
  }

  override call(inputs: Tensor): Tensor {
    this.checkChannels(inputs);
    return this.finish(ops.conv(inputs, this.kernel as Variable, this.windowOptions));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), filters: this.filters, groups: this.groups };
  }
}

/**
 * Convolution over time: [batch, steps, channels] to [batch, new steps, filters].
 *
 * Weights: `kernel` [size, channels / groups, filters], `bias` [filters].
 * @example
 * new layers.Conv1D(32, 5, { padding: "causal", activation: "relu" });
 */
export class Conv1D extends Conv {
  static override readonly className: string = "Conv1D";
  constructor(filters: number, kernelSize: PerAxis, options: Conv1DOptions = {}) {
    super(1, filters, kernelSize, options);
  }
}

/**
 * Convolution over images: [batch, height, width, channels] to [batch, new height, new width, filters].
 *
 * Weights: `kernel` [height, width, channels / groups, filters], `bias` [filters].
 * @example
 * new layers.Conv2D(32, 3, { padding: "same", activation: "relu" });
 */
export class Conv2D extends Conv {
  static override readonly className: string = "Conv2D";
  constructor(filters: number, kernelSize: PerAxis, options: ConvOptions = {}) {
    super(2, filters, kernelSize, options);
  }
}

/**
 * Convolution over volumes: [batch, depth, height, width, channels] to [batch, ..., filters].
 *
 * Weights: `kernel` [depth, height, width, channels / groups, filters], `bias` [filters].
 * @example
 * new layers.Conv3D(8, 3, { activation: "relu" });
 */
export class Conv3D extends Conv {
  static override readonly className: string = "Conv3D";
  constructor(filters: number, kernelSize: PerAxis, options: ConvOptions = {}) {
    super(3, filters, kernelSize, options);
  }
}

export interface ConvTransposeOptions extends KernelOptions {
  /** Elements added at the end of the smallest output, less than the stride; by default as many as make "same" outputs inputs times stride. */
  readonly outputPadding?: PerAxis | null;
}

abstract class ConvTranspose extends KernelLayer {
  readonly filters: number;
  readonly outputPadding: Shape | null;
  kernel: Variable | null = null;
  readonly #options: KernelOptions;

  constructor(rank: number, filters: number, kernelSize: PerAxis, options: ConvTransposeOptions) {
    super(rank, kernelSize, options);
    this.filters = checkPositiveInteger(this.name, "filters", filters);
    const { outputPadding = null } = options;
    this.outputPadding =
      outputPadding === null ? null : perAxis(this.name, "outputPadding", outputPadding, rank, 0);
    this.checkDilation();
    if (this.outputPadding?.some((width, i) => width >= (this.strides[i] as number)))
      throw new ValueError(this.name, "outputPadding is not below the strides.", {
        received: `outputPadding = [${this.outputPadding.join()}], strides = [${this.strides.join()}]`,
        expected: "outputPadding < strides along every axis.",
        fix: "leave outputPadding out, or make it smaller.",
      });
    this.#options = options;
  }

  override build(inputShape: Shape): void {
    this.channels = this.channelsOf(inputShape);
    const shape = [...this.kernelSize, this.filters, this.channels];
    this.kernel = this.addKernel("kernel", shape, rulesOf(this.#options));
    this.addBias(this.filters);
  }

  override call(inputs: Tensor): Tensor {
    this.checkChannels(inputs);
    const { outputPadding, windowOptions } = this;
    const options = { ...windowOptions, padding: this.padding as "valid" | "same", outputPadding };
    return this.finish(ops.convTranspose(inputs, this.kernel as Variable, options));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), filters: this.filters, outputPadding: this.outputPadding };
  }
}

/**
 * Transposed convolution over time, which enlarges by the stride.
 *
 * Weights: `kernel` [size, filters, channels], `bias` [filters].
 * @example
 * new layers.Conv1DTranspose(16, 4, { strides: 2, padding: "same" });
 */
export class Conv1DTranspose extends ConvTranspose {
  static override readonly className: string = "Conv1DTranspose";
  constructor(filters: number, kernelSize: PerAxis, options: ConvTransposeOptions = {}) {
    super(1, filters, kernelSize, options);
  }
}

/**
 * Transposed convolution over images, which enlarges by the stride.
 *
 * Weights: `kernel` [height, width, filters, channels], `bias` [filters].
 * @example
 * new layers.Conv2DTranspose(16, 3, { strides: 2, padding: "same" });
 */
export class Conv2DTranspose extends ConvTranspose {
  static override readonly className: string = "Conv2DTranspose";
  constructor(filters: number, kernelSize: PerAxis, options: ConvTransposeOptions = {}) {
    super(2, filters, kernelSize, options);
  }
}

/**
 * Transposed convolution over volumes, which enlarges by the stride.
 *
 * Weights: `kernel` [depth, height, width, filters, channels], `bias` [filters].
 * @example
 * new layers.Conv3DTranspose(4, 3, { strides: 2 });
 */
export class Conv3DTranspose extends ConvTranspose {
  static override readonly className: string = "Conv3DTranspose";
  constructor(filters: number, kernelSize: PerAxis, options: ConvTransposeOptions = {}) {
    super(3, filters, kernelSize, options);
  }
}
