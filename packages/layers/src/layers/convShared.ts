/** @file What convolution, pooling and padding layers share: sizes per axis, the channel axis, kernel and bias weights. */
import { ops, ShapeError, type Tensor, ValueError, type Variable } from "@tenrec/tensor";
import { type Activation, activationName, getActivation } from "../activations/get.ts";
import type { Constraint } from "../constraints.ts";
import { findName, type Identifier } from "../identifiers.ts";
import type { Initializer } from "../initializers/index.ts";
import { Layer, type LayerOptions, type Shape } from "../layer.ts";
import type { Regularizer } from "../regularizers.ts";
import type { DataFormat } from "./flatten.ts";

/** One integer for all spatial axes, or one per axis. */
export type PerAxis = number | readonly number[];

/** Integers of at least `least`, one per spatial axis. */
export function perAxis(where: string, argument: string, value: PerAxis, rank: number, least = 1): Shape {
  const all = typeof value === "number" ? Array.from({ length: rank }, () => value) : value;
  const isRight =
    Array.isArray(all) && all.length === rank && all.every((one) => Number.isInteger(one) && one >= least);
  if (isRight) return [...all];
  throw new ValueError(where, `${argument} does not fit the layer.`, {
    received: `${argument} = ${JSON.stringify(value)}`,
    expected: `an integer of at least ${least}${rank > 1 ? `, or ${rank} of them` : ""}.`,
    fix: `write ${argument}: ${rank > 1 ? "3 or one number per axis" : "3"}.`,
  });
}

export const findFormat = (where: string, format: string | undefined): DataFormat =>
  findName(where, "dataFormat", format ?? "channels_last", ["channels_last", "channels_first"]) as DataFormat;

/** Throws unless the shape is that of a batch with `rank` spatial axes. */
export function checkRank(where: string, shape: Shape, rank: number, format: DataFormat): void {
  if (shape.length === rank + 2) return;
  const axes = ["steps", "height, width", "depth, height, width"][rank - 1];
  throw new ShapeError(where, "the input has another number of axes.", {
    received: `an input of shape [${shape.join()}].`,
    expected: format === "channels_last" ? `[batch, ${axes}, channels].` : `[batch, channels, ${axes}].`,
    fix: "images without a channel axis get one with new Reshape([height, width, 1]).",
  });
}

/** Axes of a batch that are space. */
export const spatialAxes = (rank: number, format: DataFormat): number[] =>
  Array.from({ length: rank }, (_, i) => i + (format === "channels_last" ? 1 : 2));

/** A layer over 1 to 3 spatial axes. */
export abstract class SpatialLayer extends Layer {
  readonly rank: number;
  readonly dataFormat: DataFormat;

  constructor(rank: number, options: LayerOptions & { readonly dataFormat?: DataFormat }) {
    super(options);
    this.rank = rank;
    this.dataFormat = findFormat(this.name, options.dataFormat);
  }

  /** Channels of an input of this shape. @throws ShapeError for another number of axes. */
  protected channelsOf(shape: Shape): number {
    checkRank(this.name, shape, this.rank, this.dataFormat);
    return shape[this.dataFormat === "channels_last" ? this.rank + 1 : 1] as number;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), dataFormat: this.dataFormat };
  }
}

export interface BiasOptions {
  readonly activation?: Identifier<Activation>;
  readonly useBias?: boolean;
  readonly biasInitializer?: Identifier<Initializer>;
  readonly biasRegularizer?: Identifier<Regularizer>;
  readonly biasConstraint?: Identifier<Constraint>;
}

export interface WindowOptions extends LayerOptions, BiasOptions {
  readonly strides?: PerAxis;
  /** "same": as many outputs as inputs divided by the stride, rounded up. "valid": only windows inside the input. */
  readonly padding?: "valid" | "same";
  readonly dataFormat?: DataFormat;
  readonly dilationRate?: PerAxis;
}

/** How a kernel starts and what holds it. */
export interface WeightRules {
  readonly initializer: Identifier<Initializer>;
  readonly regularizer: Identifier<Regularizer>;
  readonly constraint: Identifier<Constraint>;
}

type Given<T extends WindowOptions> = Omit<T, "padding"> & { readonly padding?: string };

/** Base of the convolution layers: window arguments, weights, bias and activation. */
export abstract class KernelLayer extends SpatialLayer {
  readonly kernelSize: Shape;
  readonly strides: Shape;
  readonly padding: "valid" | "same" | "causal";
  readonly dilationRate: Shape;
  readonly activation: Activation;
  readonly useBias: boolean;
  bias: Variable | null = null;
  /** Channels that the weights were made for. */
  protected channels = 0;
  readonly #bias: BiasOptions;

  constructor(
    rank: number,
    kernelSize: PerAxis,
    options: Given<WindowOptions>,
    paddings: readonly string[] = ["valid", "same"],
  ) {
    super(rank, options);
    const { strides = 1, dilationRate = 1, padding = "valid" } = options;
    this.kernelSize = perAxis(this.name, "kernelSize", kernelSize, rank);
    this.strides = perAxis(this.name, "strides", strides, rank);
    this.dilationRate = perAxis(this.name, "dilationRate", dilationRate, rank);
    this.padding = findName(this.name, "padding", padding, paddings) as "valid";
    this.activation = getActivation(options.activation);
    this.useBias = options.useBias ?? true;
    this.#bias = options;
  }

  /** Keras refuses the two together in Conv and ConvTranspose. */
  protected checkDilation(): void {
    const { strides, dilationRate } = this;
    if (Math.max(...strides) === 1 || Math.max(...dilationRate) === 1) return;
    throw new ValueError(this.name, "strides and dilationRate are both above 1.", {
      received: `strides = [${strides.join()}], dilationRate = [${dilationRate.join()}]`,
      expected: "one of them 1.",
      fix: "leave one of them out, or use two layers.",
    });
  }

  protected addKernel(name: string, shape: Shape, rules: WeightRules): Variable {
    return this.addWeight({ name, shape, ...rules, initializer: rules.initializer ?? "glorot_uniform" });
  }

  protected addBias(filters: number): void {
    if (!this.useBias) return;
    const { biasInitializer, biasRegularizer, biasConstraint } = this.#bias;
    this.bias = this.addWeight({
      name: "bias",
      shape: [filters],
      initializer: biasInitializer ?? "zeros",
      regularizer: biasRegularizer,
      constraint: biasConstraint,
    });
  }

  /** Throws unless the input has the channels that the weights were made for. */
  protected checkChannels(x: Tensor): void {
    if (this.channelsOf(x.shape) === this.channels) return;
    throw new ShapeError(this.name, "the input does not fit the weights.", {
      received: `an input of shape [${x.shape.join()}], ${this.dataFormat}.`,
      expected: `${this.channels} channels, for which the layer was built.`,
      fix: "check the data and dataFormat, or make a new model.",
    });
  }

  /** Bias and activation. */
  protected finish(y: Tensor): Tensor {
    const { bias } = this;
    if (!bias) return this.activation(y);
    const isLast = this.dataFormat === "channels_last";
    const broad = isLast ? bias : ops.reshape(bias, [bias.size, ...this.kernelSize.map(() => 1)]);
    return this.activation(ops.add(y, broad));
  }

  /** Options of the operation behind the layer. */
  protected get windowOptions() {
    const { strides, padding, dataFormat, dilationRate } = this;
    return { strides, padding, dataFormat, dilationRate };
  }

  override getConfig(): Record<string, unknown> {
    const { kernelSize, strides, padding, dilationRate, useBias } = this;
    const activation = activationName(this.activation);
    return { ...super.getConfig(), kernelSize, strides, padding, dilationRate, activation, useBias };
  }
}
