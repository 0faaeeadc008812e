/** @file Constraints: what weights are set to after each update. */
import { ops, type Tensor } from "@tenrec/tensor";
import { type Identifier, resolve } from "./identifiers.ts";

/** A projection of a weight. */
export interface Constraint {
  apply(weight: Tensor): Tensor;
  getConfig(): Record<string, unknown>;
}

type Axes = number | readonly number[];
/** Keras's epsilon: keeps all-zero vectors from dividing by 0. */
const epsilon = 1e-7;

const normOf = (weight: Tensor, axis: Axes): Tensor =>
  ops.sqrt(ops.sum(ops.square(weight), { axis, keepdims: true }));

const scaled = (weight: Tensor, wanted: Tensor, norm: Tensor): Tensor =>
  ops.multiply(weight, ops.divide(wanted, ops.add(norm, epsilon)));

/** Shortens vectors along `axis` that are longer than `maxValue`. */
export class MaxNorm implements Constraint {
  static readonly className: string = "MaxNorm";
  readonly maxValue: number;
  readonly axis: Axes;

  constructor({ maxValue = 2, axis = 0 }: { readonly maxValue?: number; readonly axis?: Axes } = {}) {
    this.maxValue = maxValue;
    this.axis = axis;
  }

  apply(weight: Tensor): Tensor {
    const norm = normOf(weight, this.axis);
    return scaled(weight, ops.clip(norm, 0, this.maxValue), norm);
  }

  getConfig(): Record<string, unknown> {
    return { maxValue: this.maxValue, axis: this.axis };
  }
}

/** Sets negative weights to 0. */
export class NonNeg implements Constraint {
  static readonly className: string = "NonNeg";
  apply(weight: Tensor): Tensor {
    return ops.maximum(weight, 0);
  }
  getConfig(): Record<string, unknown> {
    return {};
  }
}

/** Scales vectors along `axis` to length 1. */
export class UnitNorm implements Constraint {
  static readonly className: string = "UnitNorm";
  readonly axis: Axes;

  constructor({ axis = 0 }: { readonly axis?: Axes } = {}) {
    this.axis = axis;
  }

  apply(weight: Tensor): Tensor {
    return ops.divide(weight, ops.add(normOf(weight, this.axis), epsilon));
  }

  getConfig(): Record<string, unknown> {
    return { axis: this.axis };
  }
}

export interface MinMaxNormOptions {
  readonly minValue?: number;
  readonly maxValue?: number;
  /** 1 enforces the range at once, less moves towards it step by step. */
  readonly rate?: number;
  readonly axis?: Axes;
}

/** Brings the lengths of vectors along `axis` into [minValue, maxValue]. */
export class MinMaxNorm implements Constraint {
  static readonly className: string = "MinMaxNorm";
  readonly options: Required<MinMaxNormOptions>;

  constructor({ minValue = 0, maxValue = 1, rate = 1, axis = 0 }: MinMaxNormOptions = {}) {
    this.options = { minValue, maxValue, rate, axis };
  }

  apply(weight: Tensor): Tensor {
    const { minValue, maxValue, rate, axis } = this.options;
    const norm = normOf(weight, axis);
    const wanted = ops.add(
      ops.multiply(ops.clip(norm, minValue, maxValue), rate),
      ops.multiply(norm, 1 - rate),
    );
    return scaled(weight, wanted, norm);
  }

  getConfig(): Record<string, unknown> {
    return { ...this.options };
  }
}

const byName = {
  max_norm: () => new MaxNorm(),
  non_neg: () => new NonNeg(),
  unit_norm: () => new UnitNorm(),
  min_max_norm: () => new MinMaxNorm(),
};

export function getConstraint(identifier: Identifier<Constraint>): Constraint | null {
  return resolve("constraint", "constraint", identifier, byName);
}
