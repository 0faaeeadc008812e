/** @file LSTM and its cell. */
import { type Dtype, type HostArray, ops, Tensor, type TensorLike } from "@tenrec/tensor";
import { type Activation, activationName } from "../activations/get.ts";
import { constantData, Initializer } from "../initializers/initializer.ts";
import { type GatedCellOptions, gateActivation, WeightedCell } from "./recurrentCell.ts";
import { cellOptions, RNN, type RNNOptions } from "./rnn.ts";

export interface LSTMCellOptions extends GatedCellOptions {
  /** Whether the forget gate's bias starts at 1. */
  readonly unitForgetBias?: boolean;
}

const isHost = (value: TensorLike): value is HostArray =>
  typeof value === "object" && "data" in value && !(value instanceof Tensor);

/** Another initializer's numbers, with 1 for the forget gate, the second of four. */
class ForgetBias extends Initializer {
  readonly #other: Initializer;
  constructor(other: Initializer) {
    super();
    this.#other = other;
  }
  override value(shape: readonly number[], dtype: Dtype): TensorLike {
    const units = (shape[0] as number) / 4;
    const [before, ones, after] = [
      this.#other.value([units], dtype),
      constantData([units], 1, dtype),
      this.#other.value([2 * units], dtype),
    ];
    // Host data becomes the variable's memory without a kernel.
    if (isHost(before) && isHost(after)) {
      const data = new Float32Array(4 * units);
      [before, ones, after].forEach((part, i) => data.set(part.data, i * units));
      return { data, shape };
    }
    return ops.concatenate([before, ones, after]);
  }
  override getConfig(): Record<string, unknown> {
    return this.#other.getConfig();
  }
}

/**
 * One step of an LSTM: gates i, f, o = recurrentActivation(x kernel + h recurrentKernel + bias), candidate g with `activation` instead;
 * c' = f c + i g; h' = o activation(c'). States h and c.
 *
 * Weights: `kernel` [features, 4 units] with gates i, f, g, o, `recurrent_kernel` [units, 4 units], `bias` [4 units].
 * @example
 * new layers.RNN(new layers.LSTMCell(32));
 */
export class LSTMCell extends WeightedCell {
  static override readonly className: string = "LSTMCell";
  protected readonly numGates = 4;
  readonly recurrentActivation: Activation;
  readonly unitForgetBias: boolean;

  constructor(units: number, options: LSTMCellOptions = {}) {
    super(units, options);
    this.recurrentActivation = gateActivation(options);
    this.unitForgetBias = options.unitForgetBias ?? true;
  }

  get stateSize(): readonly number[] {
    return [this.units, this.units];
  }
  protected override biasInitializer(): Initializer {
    const given = super.biasInitializer();
    return this.unitForgetBias ? new ForgetBias(given) : given;
  }
  protected override sequence(x: Tensor, options: ops.RecurrentOptions): ops.RecurrentResult {
    const { kernel, recurrentKernel, bias } = this.weighted;
    const { recurrentActivation } = this;
    return ops.lstm(x, kernel, recurrentKernel, bias, { ...options, recurrentActivation });
  }
  override copy(): LSTMCell {
    return new LSTMCell(this.units, this.options);
  }
  override get settings(): Record<string, unknown> {
    const recurrentActivation = activationName(this.recurrentActivation);
    return { ...super.settings, recurrentActivation, unitForgetBias: this.unitForgetBias };
  }
}

export interface LSTMOptions extends RNNOptions, Omit<LSTMCellOptions, keyof RNNOptions> {}

/**
 * Long short-term memory over [batch, steps, features]: what a step adds to the cell state c and takes from it is up to gates.
 *
 * With tanh and sigmoid and no recurrent dropout a whole sequence is one kernel each way, above 256 units one kernel for each step (if units
 * are a multiple of 4); else a loop of small kernels.
 * Weights: those of LSTMCell.
 * @throws ValueError for units or rates out of range; ShapeError for inputs that are no sequences or do not fit the weights.
 * @example
 * const [output, h, c] = new layers.LSTM(64, { returnState: true }).apply<Tensor[]>(x);
 */
export class LSTM extends RNN {
  static override readonly className: string = "LSTM";
  readonly #options: LSTMOptions;

  constructor(units: number, options: LSTMOptions = {}) {
    super(new LSTMCell(units, cellOptions(options, "lstm_cell")), options);
    this.#options = options;
  }

  get units(): number {
    return (this.cell as LSTMCell).units;
  }
  override copy(changes: RNNOptions): LSTM {
    return new LSTM(this.units, { ...this.#options, ...changes });
  }
  protected override get cellConfig(): Record<string, unknown> {
    return (this.cell as LSTMCell).settings;
  }
}
