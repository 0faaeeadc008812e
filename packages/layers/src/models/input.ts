/** @file Input: where the description of a functional model starts. */
import type { Dtype } from "@tenrec/tensor";
import type { OpenShape } from "../layer.ts";
import { InputLayer } from "../layers/inputLayer.ts";
import type { KerasTensor } from "./kerasTensor.ts";

export interface InputOptions {
  /** Shape of one sample; null for extents that may vary. */
  readonly shape?: OpenShape;
  /** Number of samples of a batch, where it is fixed. */
  readonly batchSize?: number | null;
  /** The whole shape, batch first; instead of `shape` and `batchSize`. */
  readonly batchShape?: OpenShape;
  readonly dtype?: Dtype;
  /** Name of the input, by which data are given in a record. */
  readonly name?: string;
}

/**
 * A symbolic tensor that stands for a model's input.
 *
 * @example
 * const x = Input({ shape: [784] });
 * const y = new layers.Dense(10, { activation: "softmax" }).apply(x);
 * const model = new Model({ inputs: x, outputs: y });
 */
export function Input(options: InputOptions): KerasTensor {
  return new InputLayer(options).output;
}
