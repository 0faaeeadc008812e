/** @file GRU and its cell. */
import { ops, type Tensor } from "@tenrec/tensor";
import { type Activation, activationName } from "../activations/get.ts";
import type { Shape } from "../layer.ts";
import { type GatedCellOptions, gateActivation, WeightedCell } from "./recurrentCell.ts";
import { cellOptions, RNN, type RNNOptions } from "./rnn.ts";

export interface GRUCellOptions extends GatedCellOptions {
  /** Whether the reset gate multiplies the recurrent product, which then has a bias of its own, or the state before it. */
  readonly resetAfter?: boolean;
}

/**
 * One step of a GRU: gates z, r = recurrentActivation(x kernel + h recurrentKernel + bias), candidate g = activation(x kernel +
 * r (h recurrentKernel)), or (r h) recurrentKernel with resetAfter false; h' = z h + (1 - z) g.
 *
 * Weights: `kernel` [features, 3 units] with gates z, r, g, `recurrent_kernel` [units, 3 units], `bias` [2, 3 units] for the products with
 * x and with h, or [3 units] with resetAfter false.
 * @example
 * new layers.RNN(new layers.GRUCell(32));
 */
export class GRUCell extends WeightedCell {
  static override readonly className: string = "GRUCell";
  protected readonly numGates = 3;
  readonly recurrentActivation: Activation;
  readonly resetAfter: boolean;

  constructor(units: number, options: GRUCellOptions = {}) {
    super(units, options);
    this.recurrentActivation = gateActivation(options);
    this.resetAfter = options.resetAfter ?? true;
  }

  get stateSize(): number {
    return this.units;
  }
  protected override get biasShape(): Shape {
    return this.resetAfter ? [2, 3 * this.units] : [3 * this.units];
  }
  protected override sequence(x: Tensor, options: ops.RecurrentOptions): ops.RecurrentResult {
    const { kernel, recurrentKernel, bias } = this.weighted;
    const { recurrentActivation, resetAfter } = this;
    return ops.gru(x, kernel, recurrentKernel, bias, { ...options, recurrentActivation, resetAfter });
  }
  override copy(): GRUCell {
    return new GRUCell(this.units, this.options);
  }
  override get settings(): Record<string, unknown> {
    const recurrentActivation = activationName(this.recurrentActivation);
    return { ...super.settings, recurrentActivation, resetAfter: this.resetAfter };
  }
}

export interface GRUOptions extends RNNOptions, Omit<GRUCellOptions, keyof RNNOptions> {}

/**
 * Gated recurrent units over [batch, steps, features]: a gate mixes the state with a candidate for it.
 *
 * With tanh, sigmoid, resetAfter and no recurrent dropout a whole sequence is one kernel each way, above 256 units one kernel for each step
 * (if units are a multiple of 4); else a loop of small kernels. Weights: those of GRUCell.
 * @throws ValueError for units or rates out of range; ShapeError for inputs that are no sequences or do not fit the weights.
 * @example
 * new layers.GRU(64, { returnSequences: true }).apply(ops.ones([8, 10, 4])); // [8, 10, 64]
 */
export class GRU extends RNN {
  static override readonly className: string = "GRU";
  readonly #options: GRUOptions;

  constructor(units: number, options: GRUOptions = {}) {
    super(new GRUCell(units, cellOptions(options, "gru_cell")), options);
    this.#options = options;
  }

  get units(): number {
    return (this.cell as GRUCell).units;
  }
  override copy(changes: RNNOptions): GRU {
    return new GRU(this.units, { ...this.#options, ...changes });
  }
  protected override get cellConfig(): Record<string, unknown> {
    return (this.cell as GRUCell).settings;
  }
}
