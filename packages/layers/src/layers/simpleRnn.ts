/** @file SimpleRNN and its cell. */
import { ops, type Tensor } from "@tenrec/tensor";
import { type SimpleRNNCellOptions, WeightedCell } from "./recurrentCell.ts";
import { cellOptions, RNN, type RNNOptions } from "./rnn.ts";

/**
 * One step of a simple recurrent layer: h' = activation(x kernel + h recurrentKernel + bias).
 *
 * Weights: `kernel` [features, units], `recurrent_kernel` [units, units], `bias` [units].
 * @example
 * new layers.RNN(new layers.SimpleRNNCell(32));
 */
export class SimpleRNNCell extends WeightedCell {
  static override readonly className: string = "SimpleRNNCell";
  protected readonly numGates = 1;

  constructor(units: number, options: SimpleRNNCellOptions = {}) {
    super(units, options);
  }

  get stateSize(): number {
    return this.units;
  }
  protected override sequence(x: Tensor, options: ops.RecurrentOptions): ops.RecurrentResult {
    const { kernel, recurrentKernel, bias } = this.weighted;
    return ops.simpleRnn(x, kernel, recurrentKernel, bias, options);
  }
  override copy(): SimpleRNNCell {
    return new SimpleRNNCell(this.units, this.options);
  }
}

export interface SimpleRNNOptions extends RNNOptions, Omit<SimpleRNNCellOptions, keyof RNNOptions> {}

/**
 * The simplest recurrent layer over [batch, steps, features]: its output goes into the next step.
 *
 * Weights: those of SimpleRNNCell.
 * @throws ValueError for units or rates out of range; ShapeError for inputs that are no sequences or do not fit the weights.
 * @example
 * new layers.SimpleRNN(32, { returnSequences: true }).apply(ops.ones([8, 10, 4])); // [8, 10, 32]
 */
export class SimpleRNN extends RNN {
  static override readonly className: string = "SimpleRNN";
  readonly #options: SimpleRNNOptions;

  constructor(units: number, options: SimpleRNNOptions = {}) {
    super(new SimpleRNNCell(units, cellOptions(options, "simple_rnn_cell")), options);
    this.#options = options;
  }

  get units(): number {
    return (this.cell as SimpleRNNCell).units;
  }
  override copy(changes: RNNOptions): SimpleRNN {
    return new SimpleRNN(this.units, { ...this.#options, ...changes });
  }
  protected override get cellConfig(): Record<string, unknown> {
    return (this.cell as SimpleRNNCell).settings;
  }
}
