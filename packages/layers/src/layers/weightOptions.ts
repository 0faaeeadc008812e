/** @file Options of layers with one kernel and one bias. */
import type { Constraint } from "../constraints.ts";
import type { Identifier } from "../identifiers.ts";
import type { Initializer } from "../initializers/index.ts";
import type { Regularizer } from "../regularizers.ts";

/** How kernel and bias begin, and what holds them back; Keras's names. */
export interface KernelBiasOptions {
  readonly kernelInitializer?: Identifier<Initializer>;
  readonly biasInitializer?: Identifier<Initializer>;
  readonly kernelRegularizer?: Identifier<Regularizer>;
  readonly biasRegularizer?: Identifier<Regularizer>;
  readonly kernelConstraint?: Identifier<Constraint>;
  readonly biasConstraint?: Identifier<Constraint>;
}
