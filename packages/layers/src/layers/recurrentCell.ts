/** @file What RNN asks of a cell, and what SimpleRNNCell, LSTMCell and GRUCell share: weights and dropout. */
import { ops, random, type Tensor, ValueError, type Variable } from "@tenrec/tensor";
import { type Activation, activationName, getActivation } from "../activations/get.ts";
import type { Constraint } from "../constraints.ts";
import type { Identifier } from "../identifiers.ts";
import { getInitializer, type Initializer, Orthogonal } from "../initializers/index.ts";
import { type CallOptions, Layer, type LayerOptions, type RunOptions, type Shape } from "../layer.ts";
import type { Regularizer } from "../regularizers.ts";
import { checkPositiveInteger, checkRange, lastExtent } from "./checks.ts";
import type { KernelBiasOptions } from "./weightOptions.ts";

/** Options of a cell's call. */
export interface CellCallOptions extends CallOptions {
  /** States before the step, [batch, size] each; zeros by default. */
  readonly states?: readonly Tensor[];
}
/** What a cell's `call` gets from the layer that runs it. */
export interface CellRunOptions extends RunOptions {
  readonly states: readonly Tensor[];
}

/** How a cell runs through a sequence. */
export interface SequenceOptions {
  readonly states: readonly Tensor[];
  /** [batch, steps]: false where a step changes nothing. */
  readonly mask: Tensor | null;
  readonly unroll: boolean;
  readonly training: boolean;
}

export interface SequenceResult {
  /** Output of every step, [batch, steps, size]. */
  readonly outputs: Tensor;
  readonly lastOutput: Tensor;
  /** States after the last step. */
  readonly states: readonly Tensor[];
}

/**
 * A layer that computes one step: `call(x, { states })` with x [batch, features] gives `[output, ...new states]`.
 * @example
 * class Decay extends Layer {
 *   stateSize = 8;
 *   call(x: Tensor, { states: [h] }: layers.CellRunOptions) {
 *     const next = ops.add(ops.multiply(h as Tensor, 0.9), x);
 *     return [next, next];
 *   }
 * }
 * new layers.RNN(new Decay()).apply(ops.ones([2, 5, 8]));
 */
export interface RecurrentCell extends Layer {
  /** Size of the state, or of each of several. */
  readonly stateSize: number | readonly number[];
  /** Size of the output, if it is not that of the first state. */
  readonly outputSize?: number;
  /** States for a first step, if they are not zeros. */
  getInitialState?(batchSize: number): readonly Tensor[];
  /** All steps in one go, for cells that know better than step by step. */
  runSequence?(x: Tensor, options: SequenceOptions): SequenceResult;
  /** A cell with the same settings and weights of its own. */
  copy?(): RecurrentCell;
}

export const stateSizesOf = ({ stateSize }: RecurrentCell): readonly number[] =>
  typeof stateSize === "number" ? [stateSize] : stateSize;

export const outputSizeOf = (cell: RecurrentCell): number =>
  cell.outputSize ?? (stateSizesOf(cell)[0] as number);

/** The cell's states for a first step. */
export function firstStates(cell: RecurrentCell, batchSize: number): readonly Tensor[] {
  return cell.getInitialState?.(batchSize) ?? stateSizesOf(cell).map((size) => ops.zeros([batchSize, size]));
}

/** A cell with the same settings. @throws ValueError if the cell cannot be copied. */
export function copyCell(where: string, cell: RecurrentCell): RecurrentCell {
  const copied = cell.copy?.();
  if (copied) return copied;
  throw new ValueError(where, "the cell cannot be copied.", {
    received: `a ${cell.className} without a copy method.`,
    expected: "copy(), which makes a cell with the same settings.",
    fix: "add it to the cell, or give Bidirectional a backwardLayer.",
  });
}

export interface SimpleRNNCellOptions extends LayerOptions, KernelBiasOptions {
  readonly activation?: Identifier<Activation>;
  readonly useBias?: boolean;
  readonly recurrentInitializer?: Identifier<Initializer>;
  readonly recurrentRegularizer?: Identifier<Regularizer>;
  readonly recurrentConstraint?: Identifier<Constraint>;
  /** Share of the inputs that training drops, the same ones at all steps. */
  readonly dropout?: number;
  /** Share of the state that training drops where it meets recurrent weights, likewise. */
  readonly recurrentDropout?: number;
  /** Equal seeds give the masks of Keras on JAX. */
  readonly seed?: number | null;
}

export interface GatedCellOptions extends SimpleRNNCellOptions {
  /** Of the gates. */
  readonly recurrentActivation?: Identifier<Activation>;
}

const givenOr = (activation: Identifier<Activation>, byDefault: string): Activation =>
  getActivation(activation === undefined ? byDefault : activation);

/** The activation of the gates: sigmoid by default. */
export const gateActivation = ({ recurrentActivation }: GatedCellOptions): Activation =>
  givenOr(recurrentActivation, "sigmoid");

/** A cell with `kernel` [features, gates * units], `recurrent_kernel` [units, gates * units] and `bias`. */
export abstract class WeightedCell extends Layer implements RecurrentCell {
  override readonly innerDtype = "float32";
  override readonly autocast = false;
  abstract readonly stateSize: number | readonly number[];
  readonly units: number;
  readonly activation: Activation;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly seedGenerator: random.SeedGenerator;
  kernel: Variable | null = null;
  recurrentKernel: Variable | null = null;
  bias: Variable | null = null;
  readonly #options: SimpleRNNCellOptions;

  constructor(units: number, options: SimpleRNNCellOptions) {
    super(options);
    this.units = checkPositiveInteger(this.name, "units", units);
    this.activation = givenOr(options.activation, "tanh");
    this.useBias = options.useBias ?? true;
    this.dropout = checkRange(this.name, "dropout", options.dropout ?? 0, 0, 1);
    const { recurrentDropout = 0, seed = null } = options;
    this.recurrentDropout = checkRange(this.name, "recurrentDropout", recurrentDropout, 0, 1);
    this.seedGenerator = new random.SeedGenerator(seed);
    this.#options = options;
  }

  protected abstract readonly numGates: number;
  abstract copy(): RecurrentCell;
  protected abstract sequence(x: Tensor, options: ops.RecurrentOptions): ops.RecurrentResult;
  /** Masks that gates have of their own where both kinds of dropout or the recurrent one are on. */
  protected get masksPerGate(): number {
    return this.numGates;
  }
  protected get biasShape(): Shape {
    return [this.numGates * this.units];
  }
  protected biasInitializer(): Initializer {
    return getInitializer(this.#options.biasInitializer ?? "zeros");
  }

  override build(inputShape: Shape): void {
    const options = this.#options;
    const width = this.numGates * this.units;
    this.kernel = this.addWeight({
      name: "kernel",
      shape: [lastExtent(this.name, inputShape), width],
      initializer: options.kernelInitializer ?? "glorot_uniform",
      regularizer: options.kernelRegularizer,
      constraint: options.kernelConstraint,
    });
    this.recurrentKernel = this.addWeight({
      name: "recurrent_kernel",
      shape: [this.units, width],
      initializer: recurrentInitializer(options.recurrentInitializer),
      regularizer: options.recurrentRegularizer,
      constraint: options.recurrentConstraint,
    });
    if (!this.useBias) return;
    this.bias = this.addWeight({
      name: "bias",
      shape: this.biasShape,
      initializer: this.biasInitializer(),
      regularizer: options.biasRegularizer,
      constraint: options.biasConstraint,
    });
  }

  override call(inputs: Tensor, { states, training }: CellCallOptions & RunOptions): Tensor[] {
    const [batch = 0, features = 0] = inputs.shape;
    const step = ops.reshape(inputs, [batch, 1, features]);
    const given = { states: states ?? firstStates(this, batch), mask: null, unroll: true, training };
    const found = this.runSequence(step, given);
    return [found.lastOutput, ...found.states];
  }

  runSequence(x: Tensor, { states, mask, unroll, training }: SequenceOptions): SequenceResult {
    const factors = training ? this.#dropoutFactors(x) : {};
    const { activation } = this;
    const found = this.sequence(x, { activation, initialState: states, mask, unroll, ...factors });
    return { ...found, lastOutput: found.states[0] as Tensor };
  }

  /** Keras's draws in Keras's order: a mask for all gates, or one for each if there is recurrent dropout. */
  #dropoutFactors(x: Tensor): Pick<ops.RecurrentOptions, "inputFactors" | "stateFactors"> {
    const [batch = 0, , features = 0] = x.shape;
    const count = this.recurrentDropout > 0 ? this.masksPerGate : 1;
    const draw = (rate: number, extent: number): Tensor[] =>
      Array.from({ length: rate > 0 ? count : 0 }, () =>
        random.dropout(ops.ones([batch, extent]), rate, { seed: this.seedGenerator }),
      );
    const inputFactors = draw(this.dropout, features);
    return { inputFactors, stateFactors: draw(this.recurrentDropout, this.units) };
  }

  protected get options(): SimpleRNNCellOptions {
    return this.#options;
  }
  /** The weights, which exist in a call. */
  protected get weighted(): { kernel: Variable; recurrentKernel: Variable; bias: Variable | null } {
    const { kernel, recurrentKernel, bias } = this;
    return { kernel: kernel as Variable, recurrentKernel: recurrentKernel as Variable, bias };
  }

  /** Settings besides the name and such, under Keras's keys. */
  get settings(): Record<string, unknown> {
    const { units, useBias, dropout, recurrentDropout } = this;
    const activation = activationName(this.activation);
    return { units, activation, useBias, dropout, recurrentDropout, seed: this.#options.seed ?? null };
  }
  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), ...this.settings };
  }
}

/** Orthogonal by default; its name is known here, since these layers bring its code along anyway. */
function recurrentInitializer(identifier: Identifier<Initializer>): Identifier<Initializer> {
  const isOrthogonal = typeof identifier === "string" && identifier.toLowerCase() === "orthogonal";
  return identifier === undefined || identifier === null || isOrthogonal ? new Orthogonal() : identifier;
}
