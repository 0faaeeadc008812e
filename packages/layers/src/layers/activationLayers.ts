/** @file Activations that are layers of their own, with settings. */
import { ops, ShapeError, type Tensor } from "@tenrec/tensor";
import { Layer, type LayerOptions, type RunOptions } from "../layer.ts";
import { maskedSoftmax } from "./attentionMasks.ts";
import { checkRange } from "./checks.ts";

export interface ReLUOptions extends LayerOptions {
  /** Largest output; no limit by default. */
  readonly maxValue?: number | null;
  /** Slope below the threshold. */
  readonly negativeSlope?: number;
  /** Inputs below it are damped. */
  readonly threshold?: number;
}

/**
 * max(x, 0): x from `threshold` up (at most `maxValue`), negativeSlope (x - threshold) below.
 * @example
 * new layers.ReLU({ maxValue: 6 }).apply([[-1, 2, 9]]); // [[0, 2, 6]]
 */
export class ReLU extends Layer {
  static override readonly className: string = "ReLU";
  override supportsMasking = true;
  readonly maxValue: number | null;
  readonly negativeSlope: number;
  readonly threshold: number;

  constructor({ maxValue = null, negativeSlope = 0, threshold = 0, ...options }: ReLUOptions = {}) {
    super(options);
    this.maxValue = maxValue === null ? null : checkNotNegative(this.name, "maxValue", maxValue);
    this.negativeSlope = checkNotNegative(this.name, "negativeSlope", negativeSlope);
    this.threshold = checkNotNegative(this.name, "threshold", threshold);
  }

  override call(inputs: Tensor): Tensor {
    const { maxValue, negativeSlope, threshold } = this;
    return ops.relu(inputs, { maxValue, negativeSlope, threshold });
  }

  override getConfig(): Record<string, unknown> {
    const { maxValue, negativeSlope, threshold } = this;
    return { ...super.getConfig(), maxValue, negativeSlope, threshold };
  }
}

export interface LeakyReLUOptions extends LayerOptions {
  readonly negativeSlope?: number;
}

/**
 * x, or negativeSlope x below 0.
 * @example
 * new layers.LeakyReLU().apply([[-1, 2]]); // [[-0.3, 2]]
 */
export class LeakyReLU extends Layer {
  static override readonly className: string = "LeakyReLU";
  override supportsMasking = true;
  readonly negativeSlope: number;

  constructor({ negativeSlope = 0.3, ...options }: LeakyReLUOptions = {}) {
    super(options);
    this.negativeSlope = checkNotNegative(this.name, "negativeSlope", negativeSlope);
  }

  override call(inputs: Tensor): Tensor {
    return ops.leakyRelu(inputs, { negativeSlope: this.negativeSlope });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), negativeSlope: this.negativeSlope };
  }
}

export interface ELUOptions extends LayerOptions {
  readonly alpha?: number;
}

/**
 * x, or alpha (e^x - 1) below 0.
 * @example
 * new layers.ELU().apply([[-1, 2]]); // [[-0.632, 2]]
 */
export class ELU extends Layer {
  static override readonly className: string = "ELU";
  override supportsMasking = true;
  readonly alpha: number;

  constructor({ alpha = 1, ...options }: ELUOptions = {}) {
    super(options);
    this.alpha = alpha;
  }

  override call(inputs: Tensor): Tensor {
    return ops.elu(inputs, { alpha: this.alpha });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), alpha: this.alpha };
  }
}

export interface SoftmaxOptions extends LayerOptions {
  /** Axis or axes over which the outputs sum to 1. */
  readonly axis?: number | readonly number[];
}

/**
 * e^x over its sum along `axis`; with a mask that broadcasts to the inputs, over the elements where it is true, and 0 elsewhere.
 * @example
 * new layers.Softmax().apply([[0, 0]]); // [[0.5, 0.5]]
 */
export class Softmax extends Layer {
  static override readonly className: string = "Softmax";
  override supportsMasking = true;
  readonly axis: number | readonly number[];

  constructor({ axis = -1, ...options }: SoftmaxOptions = {}) {
    super(options);
    this.axis = axis;
  }

  override call(inputs: Tensor, { mask }: RunOptions): Tensor {
    return maskedSoftmax(inputs, mask ? fittingMask(this.name, inputs, mask as Tensor) : null, this.axis);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: this.axis };
  }
}

const checkNotNegative = (where: string, argument: string, value: number): number =>
  checkRange(where, argument, value, 0, Number.POSITIVE_INFINITY);

function fittingMask(where: string, x: Tensor, mask: Tensor): Tensor {
  const skip = x.ndim - mask.ndim;
  const fits = skip >= 0 && mask.shape.every((extent, i) => extent === 1 || extent === x.shape[i + skip]);
  if (fits) return mask;
  throw new ShapeError(where, "the mask does not broadcast to the inputs.", {
    received: `a mask of shape [${mask.shape.join()}], inputs of shape [${x.shape.join()}].`,
    expected: "from the last axis backwards, the inputs' extents or 1.",
    fix: "insert axes with expandDims.",
  });
}
