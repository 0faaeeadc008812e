/** @file Gradient descent, plain or with momentum. */
import { ops, type Tensor } from "@tenrec/tensor";
import { Optimizer, type OptimizerOptions, type Scalars, type Update } from "./optimizer.ts";

export interface SGDOptions extends OptimizerOptions {
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/**
 * w -= rate g; with momentum m = momentum m - rate g and w += m (Nesterov: w += momentum m - rate g).
 * @example
 * new optimizers.SGD({ learningRate: 0.01, momentum: 0.9, nesterov: true });
 */
export class SGD extends Optimizer {
  static override readonly className: string = "SGD";
  readonly momentum: number;
  readonly nesterov: boolean;

  constructor(options: SGDOptions = {}) {
    super(options, 0.01);
    this.momentum = options.momentum ?? 0;
    this.nesterov = options.nesterov ?? false;
  }

  override get slotNames(): readonly string[] {
    return this.momentum === 0 ? [] : ["momentum"];
  }

  protected override update(
    value: Tensor,
    gradient: Tensor,
    [m]: readonly Tensor[],
    { rate }: Scalars,
  ): Update {
    const change = ops.multiply(gradient, rate as Tensor);
    if (!m) return { value: ops.subtract(value, change), slots: [] };
    const moved = ops.subtract(ops.multiply(m, this.momentum), change);
    const ahead = this.nesterov ? ops.subtract(ops.multiply(moved, this.momentum), change) : moved;
    return { value: ops.add(value, ahead), slots: [moved] };
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), momentum: this.momentum, nesterov: this.nesterov };
  }
}
