// The shapes of the two tables of the benchmark: workloads, and how each library runs each of them.
import type { Backend } from "./backend.ts";

export type LibraryName = "tenrec" | "tfjs" | "jaxjs";

/** What a pass over a workload's data ends with. */
export interface EpochResult {
  /** Mean of the batch losses. */
  loss: number;
  /** Fraction of samples classified rightly, where the workload counts it. */
  accuracy?: number;
}

/** Collects the page-thread time of single steps, in milliseconds. */
export interface StepClock {
  time(step: () => void): void;
}

/** One way of running a workload in one library, set up with the workload's own initial state. */
export interface Run {
  /** One training step on the first batch, finished when the promise resolves; gives its loss. */
  firstStep(): Promise<number>;
  /** Passes over the data in their order; `clock` times what a page pays for each hand-written step. */
  train(epochs: number, clock: StepClock): Promise<EpochResult[]>;
  /** Kernels of a step as text, where the library can tell. */
  explain?(): Promise<string>;
}

export interface Variant<Problem> {
  name: string;
  library: LibraryName;
  /** How the step is written, for the report. */
  description: string;
  /** Threads that it computes in, where that is not the library's own choice. */
  threads?: number;
  /** Where the variant exists; on every backend, if nothing is said. */
  backends?: readonly Backend[];
  /** Why the library cannot run it on a backend; there it is left out, and the report says so. */
  unable?: Partial<Record<Backend, string>>;
  /** Loads the library's side of the workload, and with it the library. */
  load(): Promise<{ start(problem: Problem): Promise<Run> }>;
}

export interface Workload<Problem = unknown> {
  name: string;
  title: string;
  stepsPerEpoch: number;
  /** What our side is held to; on a backend that has no entry, the workload only runs where it is named. */
  targets: Partial<Record<Backend, Targets>>;
  /** Whether the first step on a fresh page is worth several pages per variant. */
  measuresColdStart?: boolean;
  /** Arithmetic of a step and the least bytes it moves, where a figure per second says something. */
  work?: Work;
  /** Data and initial weights, equal on every call. */
  problem(): Problem;
  variants: readonly Variant<Problem>[];
}

export interface Work {
  flops?: number;
  bytes?: number;
  /** Samples of a step, where an epoch of a known data set says something. */
  samples?: number;
}

/** The bars of a workload on one backend; the report says which are met. */
export interface Targets {
  /** Greatest time of a step over that of the other library. */
  ratios: Partial<Record<LibraryName, number>>;
  /** Greatest time of a step, in milliseconds. */
  stepMs?: number;
  /** Most dispatches of a step. */
  dispatches?: number;
  /** Most pipelines built for the first step. */
  firstPipelines?: number;
  /** Greatest page-thread time of a hand-written step, in milliseconds. */
  stepScriptMs?: number;
  /** Greatest time of a step outside of kernels, in milliseconds, by variant. */
  outsideMs?: Record<string, number>;
}

/** Running totals of what a page asked of its backend, and the errors that it met. */
export interface PageCounters {
  read(): Record<string, number>;
  readonly errors: readonly string[];
}

/** A library under comparison. */
export interface Library {
  name: LibraryName;
  title: string;
  /** The npm package whose version the report prints. */
  packageName: string;
}

/** What a page reports of one round. */
export interface RoundReport {
  steps: number;
  wallMs: number;
  /** Median page-thread time of a hand-written step; null where the library owns the loop. */
  stepScriptMs: number | null;
  /** Its 10 % quantile: what the step costs where nothing else holds the processor. */
  stepScriptQuickMs: number | null;
  epochs: EpochResult[];
  /** What was counted, by step. */
  counts: Record<string, number>;
  /** What was counted since the page was opened. */
  totals: Record<string, number>;
  errors: readonly string[];
}

/** What a fresh page reports of its first training step. */
export interface ColdStartReport {
  /** From navigation to the loss of the first step in script. */
  milliseconds: number;
  loss: number;
  totals: Record<string, number>;
  /** Paths of the files with script or WebAssembly that the library's side of the workload loaded. */
  scripts: string[];
  /** Of the GPU; null where the backend needs none. */
  adapter: string | null;
  errors: readonly string[];
}
