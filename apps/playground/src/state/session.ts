/** The session: the Project, the worker that trains it and what is known of the run, as signals; every command of the page. */

import { batch, computed, signal } from "@preact/signals-core";
import { defaultProject } from "../project/defaults.ts";
import { type DataSet, type Project, type ProjectPatch, patched } from "../project/project.ts";
import type {
  BackendChoice,
  BackendInfo,
  Built,
  Checkpoint,
  FromWorker,
  Problem,
  Snapshot,
  ToWorker,
  Written,
} from "../worker/protocol.ts";
import { History } from "./history.ts";

export const project = signal<Project>(defaultProject("spiral"));
export const backendChoice = signal<BackendChoice>("auto");
export const backend = signal<BackendInfo | undefined>(undefined);
export const built = signal<Built | undefined>(undefined);
export const running = signal(false);
export const step = signal(0);
export const epoch = signal(0);
export const stepsPerSecond = signal(0);
export const snapshot = signal<Snapshot | undefined>(undefined);
export const problem = signal<Problem | undefined>(undefined);
export const probe = signal<Float32Array | null>(null);
/** Characters that training reads in a second; text only. */
export const charactersPerSecond = computed(() => {
  const { data, train } = project.value;
  return stepsPerSecond.value * train.batchSize * data.window;
});
/** What the model writes now, and what it wrote before in this run, the latest first. */
export const writing = signal<Written | undefined>(undefined);
export const earlier = signal<readonly Written[]>([]);
/** Counts changes of `history`, which is mutable: thousands of points are not copied on each step. */
export const historyVersion = signal(0);
export const history = new History();

let worker: Worker | undefined;
let checkpoint: Checkpoint | undefined;
let pendingProject: ReturnType<typeof setTimeout> | undefined;
/** The last project of each data set, so that a look at another loses nothing. */
const remembered = new Map<DataSet, Project>();

/** Texts of a run that stay in sight. */
const earlierCount = 6;

/** Slider movements within this many ms make one rebuild. */
const settleTime = 120;

function send(message: ToWorker): void {
  worker?.postMessage(message);
}

/** A message about a model the page has already turned away from. */
function isStale(message: FromWorker): boolean {
  if (message.type === "built") return message.built.set !== project.value.data.set;
  return ["progress", "snapshot", "written"].includes(message.type) && built.value === undefined;
}

function receive(message: FromWorker): void {
  if (isStale(message)) return;
  switch (message.type) {
    case "ready":
      backend.value = message.info;
      break;
    case "built":
      built.value = message.built;
      snapshot.value = undefined;
      break;
    case "progress":
      progressed(message);
      break;
    case "snapshot":
      snapshot.value = message.snapshot;
      history.addValidation(message.snapshot);
      historyVersion.value++;
      break;
    case "running":
      running.value = message.running;
      break;
    case "rewound":
      step.value = message.step;
      epoch.value = message.epoch;
      history.rewind(message.step);
      historyVersion.value++;
      forgetWriting(message.step);
      break;
    case "written":
      written(message.written);
      break;
    case "checkpoint":
      checkpoint = message.checkpoint;
      break;
    case "problem":
      problem.value = message.problem;
      break;
  }
}

function progressed({ records, stepsPerSecond: rate }: Extract<FromWorker, { type: "progress" }>): void {
  const last = records.at(-1);
  if (last === undefined) return;
  step.value = last.step;
  epoch.value = last.epoch;
  stepsPerSecond.value = rate;
  history.add(records);
  historyVersion.value++;
}

/** A new text puts the one before it into the list, if it had come to anything. */
function written(next: Written): void {
  const before = writing.value;
  if (before !== undefined && before.id !== next.id && before.text !== "") {
    earlier.value = [before, ...earlier.value].slice(0, earlierCount);
  }
  writing.value = next;
}

/** Forgets what was written after `step`. */
function forgetWriting(step: number): void {
  writing.value = undefined;
  earlier.value = step === 0 ? [] : earlier.value.filter((text) => text.step <= step);
}

function crashed(message: string): void {
  running.value = false;
  problem.value = { kind: "crash", step: step.value, message };
}

/** Starts the worker afresh; with `keep` it goes on from the last checkpoint it sent. */
export function startWorker(keep = false): void {
  worker?.terminate();
  const fresh = new Worker(new URL("../worker/worker.ts", import.meta.url), {
    type: "module",
    name: "tenrec",
  });
  fresh.onmessage = ({ data }: MessageEvent<FromWorker>) => batch(() => receive(data));
  fresh.onerror = (event) => crashed(event.message || "The worker could not be started.");
  worker = fresh;
  batch(() => {
    running.value = false;
    backend.value = undefined;
    problem.value = undefined;
  });
  const resumed = keep && checkpoint !== undefined ? { checkpoint } : {};
  if (!keep) checkpoint = undefined;
  send({ type: "open", backend: backendChoice.value, project: project.value, ...resumed });
}

export function chooseBackend(choice: BackendChoice): void {
  backendChoice.value = choice;
  startWorker(true);
}

function sendProject(): void {
  clearTimeout(pendingProject);
  pendingProject = undefined;
  send({ type: "project", project: project.value });
}

/** Orders wait for no slider: a project still settling goes first. */
function order(type: "play" | "pause" | "step" | "reset" | "restore" | "write"): void {
  if (pendingProject !== undefined) sendProject();
  send({ type });
}

function setProject(next: Project): void {
  project.value = next;
  clearTimeout(pendingProject);
  pendingProject = setTimeout(sendProject, settleTime);
}

/** Nothing is built anew for a view; the worker must know how to write, though. */
function changeView(next: Project): void {
  project.value = next;
  if (next.task === "text") sendProject();
}

/** Changes fields of the Project; what can be taken over while training is, the rest starts the run again. */
export function change(patch: ProjectPatch): void {
  const next = patched(project.value, patch);
  if (patch.view !== undefined && Object.keys(patch).length === 1) changeView(next);
  else setProject(next);
}

export function chooseDataSet(set: DataSet): void {
  if (set === project.value.data.set) return;
  remembered.set(project.value.data.set, project.value);
  batch(() => {
    showProbe(null);
    built.value = undefined;
    snapshot.value = undefined;
    history.rewind(0);
    forgetWriting(0);
    setProject(remembered.get(set) ?? defaultProject(set));
  });
  sendProject();
}

export function togglePlay(): void {
  problem.value = undefined;
  order(running.value ? "pause" : "play");
}

export function stepOnce(): void {
  problem.value = undefined;
  order("step");
}

export function reset(): void {
  problem.value = undefined;
  order("reset");
}

export function dismissProblem(): void {
  problem.value = undefined;
}

/** A tenth of the learning rate, from the last good weights, training on. */
export function slowDown(): void {
  const { learningRate } = project.value.train;
  change({ train: { learningRate: Number((learningRate / 10).toPrecision(3)) } });
  togglePlay();
}

/** Lets the model write after the Project's prompt. */
export function write(): void {
  order("write");
}

/** Shows the model a digit (64 values in [0, 1]), or none. */
export function showProbe(pixels: Float32Array | null): void {
  probe.value = pixels;
  send({ type: "probe", pixels });
}
