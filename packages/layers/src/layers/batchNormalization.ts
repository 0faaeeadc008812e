/** @file BatchNormalization: each channel with mean 0 and variance 1 over the batch, or over what training has seen. */
import { ops, type Tensor, type Variable } from "@tenrec/tensor";
import type { Identifier } from "../identifiers.ts";
import type { Initializer } from "../initializers/index.ts";
import { Layer, type RunOptions, type Shape } from "../layer.ts";
import { checkRange } from "./checks.ts";
import { addNormWeights, alongAxis, axisOf, checkExtent, type NormOptions } from "./normWeights.ts";

export interface BatchNormalizationOptions extends NormOptions {
  /** Axis of the channels. */
  readonly axis?: number;
  /** Share of the old value that a moving statistic keeps at each step. */
  readonly momentum?: number;
  readonly movingMeanInitializer?: Identifier<Initializer>;
  readonly movingVarianceInitializer?: Identifier<Initializer>;
}

/**
 * In training (x - mean) / sqrt(variance + epsilon) gamma + beta with the batch's mean and variance of each channel, which also move the
 * moving statistics; else with those. With `trainable` false always the latter, as in Keras.
 *
 * Weights: `gamma`, `beta`, `moving_mean`, `moving_variance` [channels].
 * @example
 * new layers.BatchNormalization();
 */
export class BatchNormalization extends Layer {
  static override readonly className: string = "BatchNormalization";
  override readonly innerDtype = "float32";
  override supportsMasking = true;
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  gamma: Variable | null = null;
  beta: Variable | null = null;
  movingMean: Variable | null = null;
  movingVariance: Variable | null = null;
  readonly #options: BatchNormalizationOptions;

  constructor(options: BatchNormalizationOptions = {}) {
    super(options);
    this.axis = options.axis ?? -1;
    this.momentum = checkRange(this.name, "momentum", options.momentum ?? 0.99, 0, 1);
    this.epsilon = options.epsilon ?? 1e-3;
    this.#options = options;
  }

  override build(inputShape: Shape): void {
    const shape = [inputShape[axisOf(this.name, this.axis, inputShape.length)] as number];
    Object.assign(this, addNormWeights(this, shape, this.#options));
    const state = { shape, trainable: false };
    const { movingMeanInitializer = "zeros", movingVarianceInitializer = "ones" } = this.#options;
    this.movingMean = this.addWeight({ ...state, name: "moving_mean", initializer: movingMeanInitializer });
    this.movingVariance = this.addWeight({
      ...state,
      name: "moving_variance",
      initializer: movingVarianceInitializer,
    });
  }

  override call(inputs: Tensor, { training }: RunOptions): Tensor {
    const [mean, variance] = [this.movingMean as Variable, this.movingVariance as Variable];
    const rank = inputs.ndim;
    const axis = axisOf(this.name, this.axis, rank);
    checkExtent(this.name, inputs, axis, mean.shape[0] as number);
    const { gamma, beta, epsilon } = this;
    if (!training || !this.trainable)
      return ops.batchNormalization(inputs, mean, variance, axis, { scale: gamma, offset: beta, epsilon });
    const axes = inputs.shape.map((_, i) => i).filter((i) => i !== axis);
    const [center, spread] = ops.moments(inputs, axes, { keepdims: true });
    this.#move(mean, center);
    this.#move(variance, spread);
    return ops.layerNormalization(inputs, {
      gamma: alongAxis(gamma, axis, rank),
      beta: alongAxis(beta, axis, rank),
      axis: axes,
      epsilon,
    });
  }

  #move(average: Variable, value: Tensor): void {
    const { momentum } = this;
    const added = ops.multiply(ops.reshape(value, average.shape), 1 - momentum);
    average.assign(ops.add(ops.multiply(average, momentum), added));
  }

  override getConfig(): Record<string, unknown> {
    const { axis, momentum, epsilon } = this;
    const { center = true, scale = true } = this.#options;
    return { ...super.getConfig(), axis, momentum, epsilon, center, scale };
  }
}
