/** Points and digits: shuffled rows in batches, validation figures, the decision picture or the look inside a network. */

import type { Project } from "../project/project.ts";
import { type ArrayData, joined } from "./arrays.ts";
import { loadData, type Split, take } from "./data.ts";
import type { Batch, BuiltData, Feed } from "./feed.ts";
import { Inside } from "./inside.ts";
import { digitSide, type Net } from "./model.ts";
import type { PlaneWindow, Snapshot } from "./protocol.ts";
import { permutation } from "./random.ts";
import { score, softmaxRows } from "./scores.ts";

/** Grid points on a side of the decision picture: 4,096 rows cost about as much as ten training batches. */
const gridSize = 64;

/** Inputs of a size x size grid over the window, from the top left. */
function gridInputs(size: number, { x, y, half }: PlaneWindow): Float32Array {
  const inputs = new Float32Array(size * size * 2);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const at = (row * size + column) * 2;
      inputs[at] = x + ((2 * column + 1) / size - 1) * half;
      inputs[at + 1] = y + (1 - (2 * row + 1) / size) * half;
    }
  }
  return inputs;
}

export class RowsFeed implements Feed {
  readonly #project: Project;
  readonly #split: Split;
  #order: Int32Array = new Int32Array(0);
  #cursor = 0;
  #epoch = 0;
  #inside: Inside | undefined;

  private constructor(project: Project, split: Split) {
    this.#project = project;
    this.#split = split;
  }

  static async create(project: Project): Promise<RowsFeed> {
    return new RowsFeed(project, await loadData(project.data));
  }

  get built(): BuiltData {
    const { train, validation, classes, window } = this.#split;
    const counts = { train: train.y.length, validation: validation.y.length };
    return { classes, train, validation, counts, window };
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Rows of every step: as many as one program is compiled for. */
  #rows(batchSize: number): number {
    return Math.min(batchSize, this.#split.train.y.length);
  }

  /** The next row of one shuffle of the rows after another; a batch may reach into the next epoch. */
  #nextRow(): number {
    if (this.#cursor === this.#order.length) {
      const seed = this.#project.data.seed * 7919 + this.#epoch;
      this.#order = permutation(this.#split.train.y.length, seed);
      this.#cursor = 0;
    }
    const row = this.#order[this.#cursor++] as number;
    if (this.#cursor === this.#order.length) this.#epoch++;
    return row;
  }

  next(batchSize: number): Batch {
    return this.#batch(Int32Array.from({ length: this.#rows(batchSize) }, () => this.#nextRow()));
  }

  first(batchSize: number): Batch {
    return this.#batch(Int32Array.from({ length: this.#rows(batchSize) }, (_, row) => row));
  }

  #batch(rows: Int32Array): Batch {
    const { x, y } = take(this.#split.train, this.#split.width, rows);
    return { x: this.#inputs(x), y: { data: y, shape: [y.length] } };
  }

  /** Rows of numbers in the shape that the model's input has. */
  #inputs(data: Float32Array): ArrayData {
    const count = data.length / this.#split.width;
    const pictures = this.#project.data.set === "pictures";
    return { data, shape: pictures ? [count, digitSide, digitSide, 1] : [count, this.#split.width] };
  }

  rewind(_step: number, epoch: number): void {
    this.#epoch = epoch;
    this.#order = new Int32Array(0);
    this.#cursor = 0;
  }

  /** Predicts validation rows, the grid and the probe in one call, and reads the figures from it. */
  async snapshot(net: Net, probe: Float32Array | null): Promise<Omit<Snapshot, "step">> {
    const { validation, classes, window } = this.#split;
    const extra = this.#project.task === "points" ? gridInputs(gridSize, window) : probe;
    const x = this.#inputs(joined(extra === null ? [validation.x] : [validation.x, extra]));
    const output = await net.model.predict(x, { batchSize: x.shape[0] as number });
    const probabilities = softmaxRows(Float32Array.from(await output.data()), classes);
    const known = validation.y.length * classes;
    const scores = score(probabilities.subarray(0, known), validation.y, classes);
    return { ...scores, ...(await this.#picture(net, probe, probabilities.slice(known))) };
  }

  async #picture(net: Net, probe: Float32Array | null, rest: Float32Array): Promise<Partial<Snapshot>> {
    const { task, data, model } = this.#project;
    if (task === "points") {
      return { boundary: { size: gridSize, classes: this.#split.classes, probabilities: rest } };
    }
    const seen = probe === null ? {} : { probe: rest };
    if (data.set !== "pictures") return seen;
    if (this.#inside?.net !== net) this.#inside = new Inside(net, model.layers);
    return { ...seen, inside: await this.#inside.look(probe === null ? null : this.#inputs(probe)) };
  }
}
