/** One model and its data, built from a Project through the public API of tenrec: steps, pictures, checkpoints. */

import type { Project } from "../project/project.ts";
import type { Batch, Feed } from "./feed.ts";
import { compile, makeNet, makeOptimizer, type Net, summarise } from "./model.ts";
import type { Built, Checkpoint, Snapshot, StepRecord } from "./protocol.ts";
import { RowsFeed } from "./rowsFeed.ts";
import { TextFeed } from "./textFeed.ts";
import { Writer } from "./writer.ts";

const same = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right);

export class Engine {
  #project: Project;
  readonly #feed: Feed;
  #net: Net;
  #step = 0;

  private constructor(project: Project, feed: Feed) {
    this.#project = project;
    this.#feed = feed;
    this.#net = this.#fresh();
  }

  /** Data loaded or drawn, model built with fresh weights. */
  static async create(project: Project): Promise<Engine> {
    const feed = project.task === "text" ? TextFeed : RowsFeed;
    return new Engine(project, await feed.create(project));
  }

  #fresh(): Net {
    return makeNet(this.#project, this.#feed.built.classes);
  }

  get step(): number {
    return this.#step;
  }

  get epoch(): number {
    return this.#feed.epoch;
  }

  get built(): Built {
    const layers = summarise(this.#net);
    const params = layers.reduce((sum, layer) => sum + layer.params, 0);
    return { set: this.#project.data.set, ...this.#feed.built, layers, params };
  }

  /** Takes over what can change while training; false where the data or the stack differ and a new engine is due. */
  tune(project: Project): boolean {
    const before = this.#project;
    if (!same(before.data, project.data) || !same(before.model, project.model)) return false;
    this.#project = project;
    const { model } = this.#net;
    const { optimizer, learningRate } = project.train;
    if (optimizer !== before.train.optimizer) compile(model, makeOptimizer(project.train));
    else if (model.optimizer) model.optimizer.learningRate = learningRate;
    return true;
  }

  /** Fresh weights and moments from the same seed, on the data at hand. */
  reset(): void {
    this.#net = this.#fresh();
    this.#rewind(0, 0);
  }

  /** Compiles the training step on a twin that is thrown away, so that the first step after Play waits for nothing. */
  async warmUp(): Promise<void> {
    await this.#trainOn(this.#fresh(), this.#feed.first(this.#project.train.batchSize));
  }

  /** One training step; the promise settles when its figures have come back from the device. */
  async train(): Promise<StepRecord> {
    const batch = this.#feed.next(this.#project.train.batchSize);
    const step = ++this.#step;
    const epoch = this.epoch;
    return { step, epoch, ...(await this.#trainOn(this.#net, batch)) };
  }

  async #trainOn({ model }: Net, { x, y }: Batch) {
    const { loss, accuracy } = await model.trainOnBatch(x, y);
    return { loss: loss ?? Number.NaN, accuracy: accuracy ?? Number.NaN };
  }

  async snapshot(probe: Float32Array | null): Promise<Snapshot> {
    return { step: this.#step, ...(await this.#feed.snapshot(this.#net, probe)) };
  }

  /** Goes on writing after `prompt` with the weights of each moment; undefined where the data are no text. */
  writer(prompt: string, seed: number): Writer | undefined {
    if (!(this.#feed instanceof TextFeed)) return undefined;
    return new Writer(this.#net, this.#feed.alphabet, this.#project.data.window, prompt, seed);
  }

  /** The weights now, or undefined where one of them is not finite. */
  async checkpoint(): Promise<Checkpoint | undefined> {
    const step = this.#step;
    const epoch = this.epoch;
    const weights = await this.#net.model.getWeights();
    const finite = weights.every((values) => values.every(Number.isFinite));
    return finite ? { project: this.#project, step, epoch, weights } : undefined;
  }

  /** Goes on from a checkpoint; moments start afresh. False, and nothing done, where it is of another model or data. */
  restore(checkpoint: Checkpoint): boolean {
    const { data, model } = checkpoint.project;
    if (!same(data, this.#project.data) || !same(model, this.#project.model)) return false;
    this.#net.model.setWeights(checkpoint.weights);
    compile(this.#net.model, makeOptimizer(this.#project.train));
    this.#rewind(checkpoint.step, checkpoint.epoch);
    return true;
  }

  #rewind(step: number, epoch: number): void {
    this.#step = step;
    this.#feed.rewind(step, epoch);
  }
}
