/** One model and its data, built from a Project through the public API of tenrec: steps, pictures, checkpoints. */

import type { Sequential } from "tenrec";
import type { Project } from "../project/project.ts";
import { loadData, type Split, take } from "./data.ts";
import { compile, makeModel, makeOptimizer, summarise } from "./model.ts";
import type { Built, Checkpoint, PlaneWindow, Snapshot, StepRecord } from "./protocol.ts";
import { permutation } from "./random.ts";
import { score, softmaxRows } from "./scores.ts";

/** Grid points on a side of the decision picture: 4,096 rows cost about as much as ten training batches. */
const gridSize = 64;

const same = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right);

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

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export class Engine {
  #project: Project;
  #split: Split;
  #model: Sequential;
  #order: Int32Array = new Int32Array(0);
  #cursor = 0;
  #epoch = 0;
  #step = 0;

  private constructor(project: Project, split: Split) {
    this.#project = project;
    this.#split = split;
    this.#model = makeModel(project, split.classes);
  }

  /** Data loaded or drawn, model built with fresh weights. */
  static async create(project: Project): Promise<Engine> {
    return new Engine(project, await loadData(project.data));
  }

  get step(): number {
    return this.#step;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get built(): Built {
    const { train, validation, classes, window } = this.#split;
    const layers = summarise(this.#project, classes);
    const params = layers.reduce((sum, layer) => sum + layer.params, 0);
    return { set: this.#project.data.set, classes, train, validation, window, layers, params };
  }

  /** Takes over what can change while training; false where the data or the stack differ and a new engine is due. */
  tune(project: Project): boolean {
    const before = this.#project;
    if (!same(before.data, project.data) || !same(before.model, project.model)) return false;
    this.#project = project;
    const { optimizer, learningRate } = project.train;
    if (optimizer !== before.train.optimizer) compile(this.#model, makeOptimizer(project.train));
    else if (this.#model.optimizer) this.#model.optimizer.learningRate = learningRate;
    return true;
  }

  /** Fresh weights and moments from the same seed, on the data at hand. */
  reset(): void {
    this.#model = makeModel(this.#project, this.#split.classes);
    this.#rewind(0, 0);
  }

  /** Rows of every step: as many as one program is compiled for. */
  get #batchRows(): number {
    return Math.min(this.#project.train.batchSize, this.#split.train.y.length);
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

  /** Compiles the training step on a twin that is thrown away, so that the first step after Play waits for nothing. */
  async warmUp(): Promise<void> {
    const first = Int32Array.from({ length: this.#batchRows }, (_, row) => row);
    await this.#trainOn(makeModel(this.#project, this.#split.classes), first);
  }

  /** One training step; the promise settles when its figures have come back from the device. */
  async train(): Promise<StepRecord> {
    const rows = Int32Array.from({ length: this.#batchRows }, () => this.#nextRow());
    const step = ++this.#step;
    const epoch = this.#epoch;
    return { step, epoch, ...(await this.#trainOn(this.#model, rows)) };
  }

  async #trainOn(model: Sequential, rows: Int32Array) {
    const { train, width } = this.#split;
    const { x, y } = take(train, width, rows);
    const { loss, accuracy } = await model.trainOnBatch(
      { data: x, shape: [y.length, width] },
      { data: y, shape: [y.length] },
    );
    return { loss: loss ?? Number.NaN, accuracy: accuracy ?? Number.NaN };
  }

  /** Predicts validation rows, the grid and the probe in one call, and reads the figures from it. */
  async snapshot(probe: Float32Array | null): Promise<Snapshot> {
    const { validation, classes, width, window } = this.#split;
    const points = this.#project.task === "points";
    const step = this.#step;
    const parts = [validation.x];
    if (points) parts.push(gridInputs(gridSize, window));
    if (!points && probe !== null) parts.push(probe);
    const rows = validation.y.length + (points ? gridSize * gridSize : probe === null ? 0 : 1);
    const shape = [rows, width];
    const output = await this.#model.predict({ data: joined(parts), shape }, { batchSize: rows });
    const probabilities = softmaxRows(Float32Array.from(await output.data()), classes);
    const known = validation.y.length * classes;
    const scores = score(probabilities.subarray(0, known), validation.y, classes);
    const rest = probabilities.slice(known);
    const picture = points ? { boundary: { size: gridSize, classes, probabilities: rest } } : {};
    const probed = !points && probe !== null ? { probe: rest } : {};
    return { step, ...scores, ...picture, ...probed };
  }

  /** The weights now, or undefined where one of them is not finite. */
  async checkpoint(): Promise<Checkpoint | undefined> {
    const step = this.#step;
    const epoch = this.#epoch;
    const weights = await this.#model.getWeights();
    const finite = weights.every((values) => values.every(Number.isFinite));
    return finite ? { project: this.#project, step, epoch, weights } : undefined;
  }

  /** Goes on from a checkpoint; moments start afresh. False, and nothing done, where it is of another model or data. */
  restore(checkpoint: Checkpoint): boolean {
    const { data, model } = checkpoint.project;
    if (!same(data, this.#project.data) || !same(model, this.#project.model)) return false;
    this.#model.setWeights(checkpoint.weights);
    compile(this.#model, makeOptimizer(this.#project.train));
    this.#rewind(checkpoint.step, checkpoint.epoch);
    return true;
  }

  #rewind(step: number, epoch: number): void {
    this.#step = step;
    this.#epoch = epoch;
    this.#order = new Int32Array(0);
    this.#cursor = 0;
  }
}
