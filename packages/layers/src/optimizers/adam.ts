/** @file Adam and AdamW. */
import { ops, type Tensor } from "@tenrec/tensor";
import { Optimizer, type OptimizerOptions, type Scalars, type Update } from "./optimizer.ts";

export interface AdamOptions extends OptimizerOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly amsgrad?: boolean;
}

/**
 * m += (g - m)(1 - beta1); v += (g^2 - v)(1 - beta2); w -= m alpha / (sqrt(v) + epsilon), alpha = rate sqrt(1 - beta2^t) / (1 - beta1^t).
 *
 * Source: Kingma and Ba, 2014, https://arxiv.org/abs/1412.6980.
 * @example
 * new optimizers.Adam({ learningRate: 1e-3 });
 */
export class Adam extends Optimizer {
  static override readonly className: string = "Adam";
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly amsgrad: boolean;

  constructor(options: AdamOptions = {}) {
    super(options, 0.001);
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.999;
    this.epsilon = options.epsilon ?? 1e-7;
    this.amsgrad = options.amsgrad ?? false;
  }

  override get slotNames(): readonly string[] {
    return this.amsgrad ? ["momentum", "velocity", "velocity_hat"] : ["momentum", "velocity"];
  }

  protected override scalars(rate: Tensor, step: Tensor): Scalars {
    const [first, second] = [powerComplement(this.beta1, step), powerComplement(this.beta2, step)];
    return { alpha: ops.divide(ops.multiply(rate, ops.sqrt(second)), first) };
  }

  protected override update(
    value: Tensor,
    gradient: Tensor,
    slots: readonly Tensor[],
    scalars: Scalars,
  ): Update {
    const [m, v, largest] = slots as [Tensor, Tensor, Tensor | undefined];
    const momentum = ops.add(m, ops.multiply(ops.subtract(gradient, m), 1 - this.beta1));
    const velocity = ops.add(v, ops.multiply(ops.subtract(ops.square(gradient), v), 1 - this.beta2));
    const used = largest ? ops.maximum(largest, velocity) : velocity;
    const change = ops.divide(
      ops.multiply(momentum, scalars.alpha as Tensor),
      ops.add(ops.sqrt(used), this.epsilon),
    );
    return {
      value: ops.subtract(value, change),
      slots: largest ? [momentum, velocity, used] : [momentum, velocity],
    };
  }

  override getConfig(): Record<string, unknown> {
    const { beta1, beta2, epsilon, amsgrad } = this;
    return { ...super.getConfig(), beta1, beta2, epsilon, amsgrad };
  }
}

/** 1 - beta^t = -expm1(t log beta): exact where beta^t is near 1 (pow loses 4 digits at beta 0.999, t = 1). */
function powerComplement(beta: number, step: Tensor): Tensor {
  return ops.negative(ops.expm1(ops.multiply(step, Math.log(Math.fround(beta)))));
}

/**
 * Adam with weight decay apart from the gradient.
 *
 * Source: Loshchilov and Hutter, 2019, https://arxiv.org/abs/1711.05101.
 */
export class AdamW extends Adam {
  static override readonly className: string = "AdamW";
  constructor(options: AdamOptions = {}) {
    super({ ...options, weightDecay: options.weightDecay ?? 0.004 });
  }
}
