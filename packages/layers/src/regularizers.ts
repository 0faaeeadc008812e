/** @file Regularizers: penalties on weights, added to the loss. */
import { ops, type Tensor } from "@tenrec/tensor";
import { type Identifier, resolve } from "./identifiers.ts";

/** A penalty: `apply` gives a scalar. */
export interface Regularizer {
  apply(weight: Tensor): Tensor;
  getConfig(): Record<string, unknown>;
}

/**
 * l1 * sum |w| + l2 * sum w^2.
 * @example
 * new layers.Dense(4, { kernelRegularizer: new regularizers.L1L2({ l1: 1e-5, l2: 1e-4 }) });
 */
export class L1L2 implements Regularizer {
  static readonly className: string = "L1L2";
  readonly l1: number;
  readonly l2: number;

  constructor({ l1 = 0, l2 = 0 }: { readonly l1?: number; readonly l2?: number } = {}) {
    this.l1 = l1;
    this.l2 = l2;
  }

  apply(weight: Tensor): Tensor {
    const terms = [
      ...(this.l1 === 0 ? [] : [ops.multiply(ops.sum(ops.abs(weight)), this.l1)]),
      ...(this.l2 === 0 ? [] : [ops.multiply(ops.sum(ops.square(weight)), this.l2)]),
    ];
    return terms.reduce((a, b) => ops.add(a, b), ops.zeros([]));
  }

  getConfig(): Record<string, unknown> {
    return { l1: this.l1, l2: this.l2 };
  }
}

/** l1 * sum |w|. */
export class L1 extends L1L2 {
  static override readonly className: string = "L1";
  constructor(l1 = 0.01) {
    super({ l1 });
  }
  override getConfig(): Record<string, unknown> {
    return { l1: this.l1 };
  }
}

/** l2 * sum w^2. */
export class L2 extends L1L2 {
  static override readonly className: string = "L2";
  constructor(l2 = 0.01) {
    super({ l2 });
  }
  override getConfig(): Record<string, unknown> {
    return { l2: this.l2 };
  }
}

const byName = {
  l1: () => new L1(),
  l2: () => new L2(),
  l1_l2: () => new L1L2({ l1: 0.01, l2: 0.01 }),
};

export function getRegularizer(identifier: Identifier<Regularizer>): Regularizer | null {
  return resolve("regularizer", "regularizer", identifier, byName);
}
