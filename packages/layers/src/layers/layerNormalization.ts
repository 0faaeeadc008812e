/** @file LayerNormalization, RMSNormalization and UnitNormalization: norms of each sample by itself. */
import { ops, type Tensor, type Variable } from "@tenrec/tensor";
import { Layer, type LayerOptions, type Shape } from "../layer.ts";
import { addNormWeights, axisOf, checkExtent, type NormOptions } from "./normWeights.ts";

/** One axis or several. */
type AxisOption = number | readonly number[];

const listed = (axis: AxisOption): readonly number[] => (typeof axis === "number" ? [axis] : axis);

/** The axes counted from 0, ascending. */
function axesOf(where: string, axis: AxisOption, rank: number): number[] {
  return listed(axis)
    .map((one) => axisOf(where, one, rank))
    .sort((a, b) => a - b);
}

function checkExtents(where: string, x: Tensor, axes: readonly number[], weight: Variable | null): void {
  for (const [i, axis] of axes.entries()) if (weight) checkExtent(where, x, axis, weight.shape[i] as number);
}

export interface LayerNormalizationOptions extends NormOptions {
  /** Axes over which mean and variance are taken; gamma and beta have their extents. */
  readonly axis?: AxisOption;
  /** Deprecated in Keras, and in its old files: divides by the standard deviation without taking off the mean. */
  readonly rmsScaling?: boolean;
}

/**
 * (x - mean) / sqrt(variance + epsilon) gamma + beta, mean and variance over `axis` of each sample.
 *
 * Weights: `gamma`, `beta` [extents of axis].
 * @example
 * new layers.LayerNormalization({ epsilon: 1e-6 });
 */
export class LayerNormalization extends Layer {
  static override readonly className: string = "LayerNormalization";
  override readonly innerDtype = "float32";
  override supportsMasking = true;
  readonly axis: AxisOption;
  readonly epsilon: number;
  readonly rmsScaling: boolean;
  gamma: Variable | null = null;
  beta: Variable | null = null;
  readonly #options: LayerNormalizationOptions;

  constructor(options: LayerNormalizationOptions = {}) {
    super(options);
    this.axis = options.axis ?? -1;
    this.epsilon = options.epsilon ?? 1e-3;
    this.rmsScaling = options.rmsScaling ?? false;
    this.#options = options;
  }

  override build(inputShape: Shape): void {
    const axes = axesOf(this.name, this.axis, inputShape.length);
    const shape = axes.map((axis) => inputShape[axis] as number);
    const options = this.rmsScaling ? { ...this.#options, scale: true, center: false } : this.#options;
    Object.assign(this, addNormWeights(this, shape, options));
  }

  override call(inputs: Tensor): Tensor {
    const { gamma, beta, epsilon } = this;
    const axis = axesOf(this.name, this.axis, inputs.ndim);
    checkExtents(this.name, inputs, axis, gamma ?? beta);
    if (!this.rmsScaling) return ops.layerNormalization(inputs, { gamma, beta, axis, epsilon });
    const [, variance] = ops.moments(inputs, axis, { keepdims: true });
    const shape = inputs.shape.map((extent, i) => (axis.includes(i) ? extent : 1));
    const rate = ops.rsqrt(ops.add(variance, epsilon));
    return ops.multiply(ops.multiply(inputs, rate), ops.reshape(gamma as Variable, shape));
  }

  override getConfig(): Record<string, unknown> {
    const { axis, epsilon, rmsScaling } = this;
    const { center = true, scale = true } = this.#options;
    return { ...super.getConfig(), axis, epsilon, center, scale, rmsScaling };
  }
}

export interface RMSNormalizationOptions extends LayerOptions {
  readonly axis?: AxisOption;
  /** Added to the mean square. */
  readonly epsilon?: number;
}

/**
 * x / sqrt(mean of x^2 + epsilon) scale, the mean over `axis`.
 *
 * Weights: `scale` [extents of axis].
 * @example
 * new layers.RMSNormalization();
 */
export class RMSNormalization extends Layer {
  static override readonly className: string = "RMSNormalization";
  override readonly innerDtype = "float32";
  readonly axis: AxisOption;
  readonly epsilon: number;
  scale: Variable | null = null;

  constructor({ axis = -1, epsilon = 1e-6, ...options }: RMSNormalizationOptions = {}) {
    super(options);
    this.axis = axis;
    this.epsilon = epsilon;
  }

  override build(inputShape: Shape): void {
    const axes = axesOf(this.name, this.axis, inputShape.length);
    const shape = axes.map((axis) => inputShape[axis] as number);
    this.scale = this.addWeight({ name: "scale", shape, initializer: "ones" });
  }

  override call(inputs: Tensor): Tensor {
    const { scale, epsilon } = this;
    const axis = axesOf(this.name, this.axis, inputs.ndim);
    checkExtents(this.name, inputs, axis, scale);
    return ops.rmsNormalization(inputs, { scale, axis, epsilon });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: this.axis, epsilon: this.epsilon };
  }
}

/**
 * x divided by its Euclidean length along `axis`.
 * @example
 * new layers.UnitNormalization().apply([[3, 4]]); // [[0.6, 0.8]]
 */
export class UnitNormalization extends Layer {
  static override readonly className: string = "UnitNormalization";
  override readonly innerDtype = "float32";
  override supportsMasking = true;
  readonly axis: AxisOption;

  constructor({ axis = -1, ...options }: LayerOptions & { readonly axis?: AxisOption } = {}) {
    super(options);
    this.axis = axis;
  }

  override call(inputs: Tensor): Tensor {
    return ops.normalize(inputs, { axis: axesOf(this.name, this.axis, inputs.ndim), epsilon: 1e-12 });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: this.axis };
  }
}
