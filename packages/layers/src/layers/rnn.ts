/** @file RNN: a cell run over the steps of a sequence, and what all recurrent layers share. */
import { ops, ShapeError, StateError, Tensor, ValueError, Variable } from "@tenrec/tensor";
import { constantData } from "../initializers/initializer.ts";
import {
  type CallOptions,
  Layer,
  type LayerOptions,
  type RunOptions,
  type Shape,
  type Values,
} from "../layer.ts";
import type { Mask } from "../masks.ts";
import { isShapesOnly } from "../shapesOnly.ts";
import { runCell } from "./cellSequence.ts";
import { copyCell, firstStates, type RecurrentCell, stateSizesOf } from "./recurrentCell.ts";
import { StackedRNNCells } from "./stackedRnnCells.ts";

export interface RNNOptions extends LayerOptions {
  /** Whether the output is that of every step, [batch, steps, units], not the last one alone. */
  readonly returnSequences?: boolean;
  /** Whether the last states follow the output: an array comes back. */
  readonly returnState?: boolean;
  /** From the last step to the first; the outputs come in this order. */
  readonly goBackwards?: boolean;
  /** Whether a batch goes on from the states in which the batch before (of the same size) ended. See `resetStates`. */
  readonly stateful?: boolean;
  /** The steps one after another in the graph instead of a loop: for short sequences. */
  readonly unroll?: boolean;
  /** Whether outputs of masked steps are 0, not that of the step before; with returnSequences. */
  readonly zeroOutputForMask?: boolean;
}

/** Options of a recurrent layer's call. */
export interface RecurrentCallOptions extends CallOptions {
  /** States before the first step, [batch, size] each; zeros by default. */
  readonly initialState?: Tensor | readonly Tensor[] | null;
}
export type RecurrentRunOptions = RecurrentCallOptions & RunOptions;

/**
 * Runs a cell over the steps of [batch, steps, features]. A list of cells is a stack of them. The cell's own weights are the layer's.
 *
 * With `returnState` the result is `[output, ...states]`; the states of stacked cells follow each other. A mask [batch, steps] (given, or by
 * the layer before) leaves states as they are where it is false, and passes on with `returnSequences`.
 * @example
 * new layers.RNN([new layers.LSTMCell(32), new layers.LSTMCell(16)], { returnSequences: true });
 */
export class RNN extends Layer {
  static override readonly className: string = "RNN";
  override readonly innerDtype = "float32";
  override supportsMasking = true;
  readonly cell: RecurrentCell;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  readonly unroll: boolean;
  zeroOutputForMask: boolean;
  /** By batch size; no weights. */
  readonly #states = new Map<number, readonly Variable[]>();
  readonly #options: RNNOptions;

  constructor(cell: RecurrentCell | readonly RecurrentCell[], options: RNNOptions = {}) {
    super(options);
    this.cell = cellOf(cell);
    this.returnSequences = options.returnSequences ?? false;
    this.returnState = options.returnState ?? false;
    this.goBackwards = options.goBackwards ?? false;
    this.stateful = options.stateful ?? false;
    this.unroll = options.unroll ?? false;
    this.zeroOutputForMask = options.zeroOutputForMask ?? false;
    this.#options = options;
  }

  override build(inputShape: Shape): void {
    if (inputShape.length < 3) throw noSteps(this.name, inputShape);
    const [batch = 0, , ...rest] = inputShape;
    this.cell.buildFor([batch, ...rest]);
    if (this.stateful) this.#statesOf(batch);
  }

  override call(inputs: Tensor, options: RecurrentRunOptions): Values {
    if (inputs.ndim < 3) throw noSteps(this.name, inputs.shape);
    const batch = inputs.shape[0] as number;
    const inOrder = (x: Tensor): Tensor => (this.goBackwards ? ops.flip(x, { axis: 1 }) : x);
    const given = singleMask(options.mask);
    const mask = given && inOrder(given);
    const { unroll } = this;
    const { training } = options;
    const states = this.#startOf(batch, options.initialState);
    const found = runCell(this.cell, inOrder(inputs), { states, mask, unroll, training });
    if (this.stateful && !isShapesOnly())
      this.#statesOf(batch).forEach((state, i) => state.assign(found.states[i] as Tensor));
    const output = this.returnSequences ? this.#masked(found.outputs, mask) : found.lastOutput;
    return this.returnState ? [output, ...found.states] : output;
  }

  #masked(outputs: Tensor, mask: Tensor | null): Tensor {
    return mask && this.zeroOutputForMask ? ops.where(ops.expandDims(mask, -1), outputs, 0) : outputs;
  }

  #startOf(batch: number, given: RecurrentCallOptions["initialState"]): readonly Tensor[] {
    if (!given) return this.stateful ? this.#statesOf(batch) : firstStates(this.cell, batch);
    const states = given instanceof Tensor ? [given] : given;
    const sizes = stateSizesOf(this.cell);
    if (
      states.map(({ shape }) => shape.join()).join(";") === sizes.map((size) => `${batch},${size}`).join(";")
    )
      return states;
    throw wrongStates(this.name, states, batch, sizes);
  }

  #statesOf(batch: number): readonly Variable[] {
    const known = this.#states.get(batch);
    if (known) return known;
    const made = stateSizesOf(this.cell).map((size) => stateVariable(this.name, batch, size));
    this.#states.set(batch, made);
    return made;
  }

  /** States of a stateful layer, for the batch size that was used first; null before that, and for other layers. */
  get states(): readonly Variable[] | null {
    return [...this.#states.values()][0] ?? null;
  }

  /** Lets the next batch of a stateful layer start from zeros. */
  resetStates(): void {
    for (const state of [...this.#states.values()].flat()) state.load(new Float32Array(state.size));
  }
  /** The same as `resetStates`. */
  resetState(): void {
    this.resetStates();
  }

  override computeMask(_inputs: Values, previous: Mask | null): Mask | null {
    const mask = this.returnSequences ? singleMask(previous) : null;
    return this.returnState ? [mask, ...stateSizesOf(this.cell).map(() => null)] : mask;
  }

  /** A layer with the same settings but for `changes`, and weights of its own. */
  copy(changes: RNNOptions): RNN {
    return new RNN(copyCell(this.name, this.cell), { ...this.#options, ...changes });
  }

  override getConfig(): Record<string, unknown> {
    const { returnSequences, returnState, goBackwards, stateful, unroll, zeroOutputForMask } = this;
    const own = { returnSequences, returnState, goBackwards, stateful, unroll, zeroOutputForMask };
    return { ...super.getConfig(), ...own, ...this.cellConfig };
  }
  protected get cellConfig(): Record<string, unknown> {
    return { cell: { className: this.cell.className, config: this.cell.getConfig() } };
  }
}

/** What a recurrent layer's options say of its cell. */
export function cellOptions<T extends RNNOptions>(options: T, name: string): T {
  const { inputShape: _, activityRegularizer: __, ...rest } = options;
  return { ...rest, name } as unknown as T;
}

function cellOf(cell: RecurrentCell | readonly RecurrentCell[]): RecurrentCell {
  const one = Array.isArray(cell) ? new StackedRNNCells(cell) : (cell as RecurrentCell);
  if (one instanceof Layer && one.stateSize !== undefined) return one;
  throw new ValueError("RNN", "not a cell.", {
    received: String(cell),
    expected: "a layer with a stateSize, and a call(x, { states }) that gives [output, ...states].",
    fix: "pass new layers.LSTMCell(32), or give your layer a stateSize.",
  });
}

function stateVariable(name: string, batch: number, size: number): Variable {
  try {
    return new Variable(constantData([batch, size], 0), { name: "rnn_state", trainable: false });
  } catch (error) {
    throw error instanceof StateError ? noBatchSize(name, batch) : error;
  }
}

const singleMask = (mask: Mask | null | undefined): Tensor | null =>
  (mask instanceof Tensor ? mask : mask?.[0]) ?? null;

function noSteps(where: string, shape: Shape): ShapeError {
  return new ShapeError(where, "the input is no batch of sequences.", {
    received: `an input of shape [${shape.join()}].`,
    expected: "[batch, steps, features].",
    fix: "reshape it; a sequence of numbers has one feature: [batch, steps, 1]. Integers go through an Embedding first.",
  });
}

function wrongStates(
  where: string,
  states: readonly Tensor[],
  batch: number,
  sizes: readonly number[],
): ShapeError {
  return new ShapeError(where, "initialState does not fit.", {
    received: `${states.map(({ shape }) => `[${shape.join()}]`).join(", ")}.`,
    expected: `${sizes.map((size) => `[${batch},${size}]`).join(", ")}.`,
    fix: "pass the states that an equal layer with returnState gives.",
  });
}

function noBatchSize(where: string, batch: number): StateError {
  return new StateError(where, "a stateful layer has no states for this batch size.", {
    received: `a batch of ${batch} inside a compiled function.`,
    expected: "a batch size that is known beforehand.",
    fix: `start the model with Input({ batchShape: [${batch}, steps, features] }), and use a batchSize that divides the number of samples.`,
  });
}
