/** @file PReLU: a rectifier with trained slopes. */
import { ops, type Tensor, type Variable } from "@tenrec/tensor";
import type { Constraint } from "../constraints.ts";
import type { Identifier } from "../identifiers.ts";
import type { Initializer } from "../initializers/index.ts";
import { Layer, type LayerOptions, type Shape } from "../layer.ts";
import type { Regularizer } from "../regularizers.ts";

export interface PReLUOptions extends LayerOptions {
  readonly alphaInitializer?: Identifier<Initializer>;
  readonly alphaRegularizer?: Identifier<Regularizer>;
  readonly alphaConstraint?: Identifier<Constraint>;
  /** Axes (the first after the batch is 1) along which the slope is the same. */
  readonly sharedAxes?: number | readonly number[] | null;
}

/**
 * x, or alpha x below 0.
 *
 * Weights: `alpha` [extents of a sample], 1 along shared axes.
 * @example
 * new layers.PReLU({ sharedAxes: [1, 2] });
 */
export class PReLU extends Layer {
  static override readonly className: string = "PReLU";
  override supportsMasking = true;
  readonly sharedAxes: readonly number[] | null;
  alpha: Variable | null = null;
  readonly #options: PReLUOptions;

  constructor(options: PReLUOptions = {}) {
    super(options);
    const { sharedAxes = null } = options;
    this.sharedAxes = typeof sharedAxes === "number" ? [sharedAxes] : sharedAxes;
    this.#options = options;
  }

  override build(inputShape: Shape): void {
    this.alpha = this.addWeight({
      name: "alpha",
      shape: inputShape.slice(1).map((extent, i) => (this.sharedAxes?.includes(i + 1) ? 1 : extent)),
      initializer: this.#options.alphaInitializer ?? "zeros",
      regularizer: this.#options.alphaRegularizer,
      constraint: this.#options.alphaConstraint,
    });
  }

  override call(inputs: Tensor): Tensor {
    const below = ops.multiply(this.alpha as Variable, ops.relu(ops.negative(inputs)));
    return ops.subtract(ops.relu(inputs), below);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), sharedAxes: this.sharedAxes };
  }
}
