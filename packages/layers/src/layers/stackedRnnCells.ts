/** @file StackedRNNCells: cells on top of each other, as one cell. */
import type { Tensor } from "@tenrec/tensor";
import { Layer, type LayerOptions, type RunOptions, type Shape } from "../layer.ts";
import { runCell } from "./cellSequence.ts";
import {
  type CellCallOptions,
  copyCell,
  firstStates,
  outputSizeOf,
  type RecurrentCell,
  type SequenceOptions,
  type SequenceResult,
  stateSizesOf,
} from "./recurrentCell.ts";

/**
 * Each cell takes the output of the one before. Its states are those of all cells, one after another.
 * @example
 * new layers.RNN(new layers.StackedRNNCells([new layers.GRUCell(32), new layers.GRUCell(16)]));
 */
export class StackedRNNCells extends Layer implements RecurrentCell {
  static override readonly className: string = "StackedRNNCells";
  override readonly innerDtype = "float32";
  override readonly autocast = false;
  readonly cells: readonly RecurrentCell[];

  constructor(cells: readonly RecurrentCell[], options: LayerOptions = {}) {
    super(options);
    this.cells = cells;
  }

  get stateSize(): readonly number[] {
    return this.cells.flatMap(stateSizesOf);
  }

  get outputSize(): number {
    return outputSizeOf(this.cells.at(-1) as RecurrentCell);
  }

  getInitialState(batchSize: number): readonly Tensor[] {
    return this.cells.flatMap((cell) => firstStates(cell, batchSize));
  }

  override build(inputShape: Shape): void {
    const [batch = 0] = inputShape;
    let shape = inputShape;
    for (const cell of this.cells) {
      cell.buildFor(shape);
      shape = [batch, outputSizeOf(cell)];
    }
  }

  override call(inputs: Tensor, options: CellCallOptions & RunOptions): Tensor[] {
    const before = options.states ?? this.getInitialState(inputs.shape[0] as number);
    let x = inputs;
    const after = this.#share(before).flatMap((states, i) => {
      const given = { ...options, states };
      const [output, ...next] = (this.cells[i] as RecurrentCell).apply<readonly Tensor[]>(x, given);
      x = output as Tensor;
      return next;
    });
    return [x, ...after];
  }

  /** Cell by cell: a masked step changes nothing in any of them, so their order does not matter. */
  runSequence(x: Tensor, options: SequenceOptions): SequenceResult {
    let [outputs, lastOutput] = [x, x];
    const after = this.#share(options.states).flatMap((states, i) => {
      const found = runCell(this.cells[i] as RecurrentCell, outputs, { ...options, states });
      ({ outputs, lastOutput } = found);
      return found.states;
    });
    return { outputs, lastOutput, states: after };
  }

  /** The states of each cell. */
  #share(states: readonly Tensor[]): readonly (readonly Tensor[])[] {
    let from = 0;
    return this.cells.map((cell) => {
      const count = stateSizesOf(cell).length;
      from += count;
      return states.slice(from - count, from);
    });
  }

  copy(): StackedRNNCells {
    return new StackedRNNCells(this.cells.map((cell) => copyCell(this.name, cell)));
  }

  override getConfig(): Record<string, unknown> {
    const cells = this.cells.map((cell) => ({ className: cell.className, config: cell.getConfig() }));
    return { ...super.getConfig(), cells };
  }
}
