/** @file What the library knows about a variable that a layer made. */
import type { Variable } from "@tenrec/tensor";
import type { Constraint } from "./constraints.ts";
import type { Regularizer } from "./regularizers.ts";

export interface WeightInfo {
  /** `dense/kernel`: where it is. */
  readonly path: string;
  /** Whether it was meant to be trained, apart from its layer's `trainable`. */
  readonly wanted: boolean;
  readonly regularizer: Regularizer | null;
  readonly constraint: Constraint | null;
}

// Beside the variable, not on it: tensor knows nothing of regularizers.
const infos = new WeakMap<Variable, WeightInfo>();

export function describeWeight(variable: Variable, info: WeightInfo): void {
  infos.set(variable, info);
}

export function weightOf(variable: Variable): WeightInfo | undefined {
  return infos.get(variable);
}
