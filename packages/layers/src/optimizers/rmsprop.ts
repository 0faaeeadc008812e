/** @file RMSprop. */
import { ops, type Tensor } from "@tenrec/tensor";
import { Optimizer, type OptimizerOptions, type Scalars, type Update } from "./optimizer.ts";

export interface RMSpropOptions extends OptimizerOptions {
  readonly rho?: number;
  readonly momentum?: number;
  readonly epsilon?: number;
  readonly centered?: boolean;
}

/**
 * v = rho v + (1 - rho) g^2; w -= rate g / sqrt(v + epsilon), with the variance of g in place of v if `centered`.
 * @example
 * new optimizers.RMSprop({ learningRate: 1e-3 });
 */
export class RMSprop extends Optimizer {
  static override readonly className: string = "RMSprop";
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;

  constructor(options: RMSpropOptions = {}) {
    super(options, 0.001);
    this.rho = options.rho ?? 0.9;
    this.momentum = options.momentum ?? 0;
    this.epsilon = options.epsilon ?? 1e-7;
    this.centered = options.centered ?? false;
  }

  override get slotNames(): readonly string[] {
    return [
      "velocity",
      ...(this.momentum > 0 ? ["momentum"] : []),
      ...(this.centered ? ["average_gradient"] : []),
    ];
  }

  protected override update(
    value: Tensor,
    gradient: Tensor,
    slots: readonly Tensor[],
    { rate }: Scalars,
  ): Update {
    const velocity = this.average(slots[0] as Tensor, ops.square(gradient));
    const average = this.centered ? this.average(slots.at(-1) as Tensor, gradient) : null;
    const spread = average ? ops.subtract(velocity, ops.square(average)) : velocity;
    const change = ops.divide(
      ops.multiply(rate as Tensor, gradient),
      ops.sqrt(ops.add(spread, this.epsilon)),
    );
    const tail = average ? [average] : [];
    if (this.momentum === 0) return { value: ops.subtract(value, change), slots: [velocity, ...tail] };
    const moved = ops.add(ops.multiply(slots[1] as Tensor, this.momentum), change);
    return { value: ops.subtract(value, moved), slots: [velocity, moved, ...tail] };
  }

  private average(old: Tensor, value: Tensor): Tensor {
    return ops.add(ops.multiply(old, this.rho), ops.multiply(value, 1 - this.rho));
  }

  override getConfig(): Record<string, unknown> {
    const { rho, momentum, epsilon, centered } = this;
    return { ...super.getConfig(), rho, momentum, epsilon, centered };
  }
}
