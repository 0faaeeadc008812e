/** @file Adagrad. */
import { ops, type Tensor } from "@tenrec/tensor";
import { Optimizer, type OptimizerOptions, type Scalars, type Update } from "./optimizer.ts";

export interface AdagradOptions extends OptimizerOptions {
  readonly initialAccumulatorValue?: number;
  readonly epsilon?: number;
}

/**
 * a += g^2; w -= rate g / sqrt(a + epsilon).
 * @example
 * new optimizers.Adagrad({ learningRate: 0.05 });
 */
export class Adagrad extends Optimizer {
  static override readonly className: string = "Adagrad";
  readonly initialAccumulatorValue: number;
  readonly epsilon: number;

  constructor(options: AdagradOptions = {}) {
    super(options, 0.001);
    this.initialAccumulatorValue = options.initialAccumulatorValue ?? 0.1;
    this.epsilon = options.epsilon ?? 1e-7;
  }

  override get slotNames(): readonly string[] {
    return ["accumulator"];
  }
  protected override get slotStart(): number {
    return this.initialAccumulatorValue;
  }

  protected override update(
    value: Tensor,
    gradient: Tensor,
    [old]: readonly Tensor[],
    { rate }: Scalars,
  ): Update {
    const sum = ops.add(old as Tensor, ops.square(gradient));
    const change = ops.divide(ops.multiply(rate as Tensor, gradient), ops.sqrt(ops.add(sum, this.epsilon)));
    return { value: ops.subtract(value, change), slots: [sum] };
  }

  override getConfig(): Record<string, unknown> {
    const { initialAccumulatorValue, epsilon } = this;
    return { ...super.getConfig(), initialAccumulatorValue, epsilon };
  }
}
