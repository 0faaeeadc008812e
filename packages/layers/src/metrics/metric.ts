/** @file Metric: state that batches update and a result computed from it. */
import {
  type Dtype,
  type HostData,
  handleFree,
  type Tensor,
  type TensorLike,
  Variable,
} from "@tenrec/tensor";
import { constantData } from "../initializers/initializer.ts";
import { classNameOf, snakeCase, uniqueName } from "../naming.ts";

export interface MetricOptions {
  readonly name?: string;
}

export interface UpdateOptions {
  /** A weight per sample, or per value. */
  readonly sampleWeight?: TensorLike | null;
}

/** Values to read from the device, and what they mean. */
export interface Reading {
  readonly tensors: readonly Tensor[];
  value(data: readonly HostData[]): number;
}

/**
 * Base of all metrics. State lies in variables, so that a training step updates it on the device.
 *
 * @example
 * const metric = new metrics.Mean();
 * metric.updateState([1, 3]);
 * await metric.result().item(); // 2
 */
export abstract class Metric {
  static readonly className: string = "Metric";
  name: string;
  readonly #variables: Variable[] = [];

  constructor(options: MetricOptions = {}) {
    this.name = options.name ?? uniqueName(snakeCase(classNameOf(this)));
  }

  /** Adds a batch: targets and predictions, or the values of a metric of one value. */
  abstract updateState(...args: readonly unknown[]): void;
  /** The value of everything since the last reset. */
  abstract result(): Tensor;

  /** Makes a state variable of zeros. */
  addVariable(shape: readonly number[], name: string, dtype: Dtype = "float32"): Variable {
    const variable = new Variable(constantData(shape, 0, dtype), {
      name: `${this.name}/${name}`,
      dtype,
      trainable: false,
    });
    this.#variables.push(variable);
    return variable;
  }

  /** Starts from nothing. */
  resetState(): void {
    for (const variable of this.#variables)
      variable.load(constantData(variable.shape, 0, variable.dtype).data);
  }

  get variables(): readonly Variable[] {
    return this.#variables;
  }

  /** What `fit` reads: by default the result itself; metrics whose result is simple arithmetic read their state and save a kernel. */
  reading(): Reading {
    return { tensors: [handleFree(() => this.result())], value: ([data]) => data?.[0] as number };
  }

  getConfig(): Record<string, unknown> {
    return { name: this.name };
  }
}
