// The shapes of the two tables of the benchmark: workloads, and how each library runs each of them.
import type { GpuCounts } from "./gpuCounters.ts";

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
  /** Loads the library's side of the workload, and with it the library. */
  load(): Promise<{ start(problem: Problem): Promise<Run> }>;
}

export interface Workload<Problem = unknown> {
  name: string;
  title: string;
  stepsPerEpoch: number;
  targets?: Targets;
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
}

/** What our side is held to; the report says whether it is met. */
export interface Targets {
  /** Greatest time of a step over that of the other library. */
  ratios: Partial<Record<LibraryName, number>>;
  /** Most dispatches of a step. */
  dispatches?: number;
  /** Most pipelines built for the first step. */
  firstPipelines?: number;
  /** Greatest page-thread time of a hand-written step, in milliseconds. */
  stepScriptMs?: number;
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
  counts: GpuCounts;
  pipelines: number;
  liveBytes: number;
  peakBytes: number;
  errors: readonly string[];
}

/** What a fresh page reports of its first training step. */
export interface ColdStartReport {
  /** From navigation to the loss of the first step in script. */
  milliseconds: number;
  loss: number;
  pipelines: number;
  /** Paths of the script files that the library's side of the workload loaded. */
  scripts: string[];
  adapter: string;
  errors: readonly string[];
}
