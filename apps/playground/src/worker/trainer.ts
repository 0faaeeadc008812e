/** The loop of the worker: orders from the page, bursts of steps paced to the display, snapshots in between. */

import type { Project } from "../project/project.ts";
import { Desk } from "./desk.ts";
import { Engine } from "./engine.ts";
import { problemFrom, StepError } from "./problems.ts";
import type { Checkpoint, FromWorker, Problem, StepRecord, ToWorker } from "./protocol.ts";

/** A burst's length in ms: short enough that Pause is felt at once, long enough that messages cost little. */
const burstTime = 80;
/** Snapshots keep at least this distance, and never take more than a third of the time. */
const snapshotGap = 100;
const checkpointGap = 1000;
/** Idle time after which the training step is compiled ahead: sliders being dragged rebuild the model sooner. */
const warmUpGap = 300;

type Order = Exclude<ToWorker, { type: "open" }>;
type Send = (message: FromWorker, transfer?: Transferable[]) => void;

/** Lets messages in: a task, where awaiting a settled promise is only a microtask. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

export class Trainer {
  readonly #send: Send;
  readonly #desk: Desk;
  #project: Project;
  #engine: Engine | undefined;
  #orders: Order[] = [];
  #wake: (() => void) | undefined;
  #running = false;
  #probe: Float32Array | null = null;
  #good: Checkpoint | undefined;
  #lastSnapshot = 0;
  #snapshotCost = 0;
  #lastCheckpoint = 0;
  /** The training step of the present model and data is compiled. */
  #warm = false;

  constructor(project: Project, checkpoint: Checkpoint | undefined, send: Send) {
    this.#project = project;
    this.#good = checkpoint;
    this.#send = send;
    this.#desk = new Desk(send);
  }

  /** Hands an order to the loop; it is obeyed between two bursts. */
  order(order: Order): void {
    this.#orders.push(order);
    this.#wake?.();
  }

  /** Builds the model and obeys orders for ever. */
  async run(): Promise<never> {
    await this.#guard(() => this.#build(this.#good));
    for (;;) {
      const order = this.#orders.shift();
      if (order !== undefined) await this.#guard(() => this.#obey(order));
      else if (this.#running) await this.#guard(() => this.#advance());
      else if (!this.#warm) await this.#guard(() => this.#warmUp());
      else if (this.#desk.busy) await this.#guard(() => this.#write());
      else await this.#pause();
    }
  }

  async #warmUp(): Promise<void> {
    await this.#pause(warmUpGap);
    if (this.#orders.length > 0) return;
    this.#warm = true;
    await this.#engine?.warmUp();
  }

  /** Waits for an order, at most `time` ms. */
  #pause(time?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = time === undefined ? undefined : setTimeout(() => this.#wake?.(), time);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const problem = problemFrom(error, this.#engine?.step ?? 0);
      this.#stop(problem);
      if (problem.kind === "nonFinite") await this.#recover();
    }
  }

  /** Goes back to the last finite weights; what fails here is told, not tried again. */
  async #recover(): Promise<void> {
    try {
      await this.#restore();
    } catch (error) {
      this.#stop(problemFrom(error, this.#engine?.step ?? 0));
    }
  }

  async #obey(order: Order): Promise<void> {
    switch (order.type) {
      case "project":
        return this.#adopt(order.project);
      case "play":
        return this.#setRunning(true);
      case "pause":
        this.#setRunning(false);
        return this.#picture();
      case "step":
        this.#setRunning(false);
        await this.#steps(0);
        return this.#picture();
      case "reset":
        this.#setRunning(false);
        return this.#reset();
      case "restore":
        return this.#restore();
      case "probe":
        this.#probe = order.pixels;
        return this.#running ? undefined : this.#picture();
      case "write":
        return this.#engine && this.#desk.begin(this.#engine, this.#project.view, true);
    }
  }

  #setRunning(running: boolean): void {
    if (running && this.#engine === undefined) return;
    this.#running = running;
    this.#send({ type: "running", running });
  }

  #stop(problem: Problem): void {
    this.#running = false;
    this.#desk.clear();
    this.#send({ type: "running", running: false });
    this.#send({ type: "problem", problem });
  }

  async #adopt(project: Project): Promise<void> {
    this.#project = project;
    if (this.#engine?.tune(project)) return;
    this.#good = undefined;
    await this.#build(undefined);
  }

  async #build(checkpoint: Checkpoint | undefined): Promise<void> {
    this.#engine = undefined;
    this.#desk.clear();
    const engine = await Engine.create(this.#project);
    if (checkpoint !== undefined) engine.restore(checkpoint);
    this.#engine = engine;
    this.#warm = false;
    this.#send({ type: "built", built: engine.built });
    await this.#rewound(engine);
  }

  async #reset(): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined) return this.#build(undefined);
    engine.reset();
    this.#good = undefined;
    await this.#rewound(engine);
  }

  async #restore(): Promise<void> {
    if (this.#engine === undefined || this.#good === undefined) return this.#reset();
    this.#engine.restore(this.#good);
    await this.#rewound(this.#engine);
  }

  /** Tells where the run stands now, with its picture and, for text, what the model writes there. */
  async #rewound(engine: Engine): Promise<void> {
    this.#desk.clear();
    this.#send({ type: "rewound", step: engine.step, epoch: engine.epoch });
    await this.#picture();
    this.#desk.begin(engine, this.#project.view, false);
  }

  async #advance(): Promise<void> {
    const { speed } = this.#project.train;
    const started = performance.now();
    await this.#steps(speed === 0 ? burstTime : 0);
    if (this.#engine !== undefined) this.#desk.beginWhenDue(this.#engine, this.#project.view);
    if (speed === 0) await this.#write();
    else await this.#waitUntil(started + 1000 / speed);
    if (this.#orders.length === 0) await this.#pictureWhenDue();
  }

  /** Trains for `time` ms, one step at least, and reports the steps up to the first that failed. */
  async #steps(time: number): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined) return;
    this.#warm = true;
    const started = performance.now();
    const records: StepRecord[] = [];
    let elapsed = 0;
    try {
      do {
        records.push(await engine.train());
        elapsed = performance.now() - started;
      } while (elapsed < time);
    } catch (error) {
      throw new StepError(engine.step, error);
    } finally {
      this.#send({
        type: "progress",
        records,
        stepsPerSecond: (1000 * records.length) / Math.max(elapsed, 0.1),
      });
    }
  }

  /** Writes for a moment, if there is a text to write, and lets orders in. */
  async #write(): Promise<void> {
    await this.#desk.write(this.#project.view);
    await nextTask();
  }

  /** Spends the time before the next step with writing; an order ends the wait. */
  async #waitUntil(time: number): Promise<void> {
    const left = () => (this.#orders.length > 0 ? 0 : Math.max(0, time - performance.now()));
    while (this.#desk.busy && left() > 0) await this.#write();
    if (left() > 0) await this.#pause(left());
  }

  async #pictureWhenDue(): Promise<void> {
    const since = performance.now() - this.#lastSnapshot;
    if (since >= Math.max(snapshotGap, 2 * this.#snapshotCost)) await this.#picture();
  }

  async #picture(): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined) return;
    const started = performance.now();
    const snapshot = await engine.snapshot(this.#probe);
    this.#lastSnapshot = performance.now();
    this.#snapshotCost = this.#lastSnapshot - started;
    const pixels = snapshot.boundary?.probabilities.buffer;
    this.#send({ type: "snapshot", snapshot }, pixels ? [pixels as ArrayBuffer] : []);
    await this.#checkpointWhenDue(engine, Number.isFinite(snapshot.loss));
  }

  async #checkpointWhenDue(engine: Engine, finite: boolean): Promise<void> {
    const now = performance.now();
    if (!finite || (this.#good !== undefined && now - this.#lastCheckpoint < checkpointGap)) return;
    const checkpoint = await engine.checkpoint();
    if (checkpoint === undefined) return;
    this.#lastCheckpoint = now;
    this.#good = checkpoint;
    this.#send({ type: "checkpoint", checkpoint });
  }
}
