/** The messages between the page and the engine worker, which owns the library; all plain data, big arrays transferred. */

import type { HostData } from "tenrec";
import type { DataSet, Project } from "../project/project.ts";

export type BackendChoice = "auto" | "webgpu" | "cpu";

export interface BackendInfo {
  readonly backend: "webgpu" | "cpu";
  readonly adapter: {
    readonly vendor: string;
    readonly architecture: string;
    readonly description: string;
    readonly software: boolean;
  } | null;
  /** Why the backend is not the one wished for. */
  readonly notice?: string;
}

/** Weights to go on from, in the order of `model.weights`. */
export interface Checkpoint {
  /** The project they were trained for: they fit no other stack and mean nothing on other data. */
  readonly project: Project;
  readonly step: number;
  readonly epoch: number;
  readonly weights: readonly HostData[];
}

export type ToWorker =
  | {
      readonly type: "open";
      readonly backend: BackendChoice;
      readonly project: Project;
      readonly checkpoint?: Checkpoint;
    }
  | { readonly type: "project"; readonly project: Project }
  | { readonly type: "play" | "pause" | "step" | "reset" | "restore" }
  /** A digit to look at, 64 values in [0, 1], or null for none. */
  | { readonly type: "probe"; readonly pixels: Float32Array | null };

/** Rows of a data set: inputs row by row and one label a row. */
export interface Rows {
  readonly x: Float32Array;
  readonly y: Int32Array;
}

export interface LayerSummary {
  readonly shape: readonly number[];
  readonly params: number;
}

/** A square of the plane: its middle and half its side. */
export interface PlaneWindow {
  readonly x: number;
  readonly y: number;
  readonly half: number;
}

/** One training step's figures, on its batch. */
export interface StepRecord {
  readonly step: number;
  /** Whole passes over the training rows finished before this step. */
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** What the model does at one step: figures on the validation rows and the picture for the task. */
export interface Snapshot {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
  /** Rows are true classes, columns are predicted ones. */
  readonly confusion: readonly (readonly number[])[];
  /** Class probabilities on a square grid, row by row from the top left; points only. */
  readonly boundary?: {
    readonly size: number;
    readonly classes: number;
    readonly probabilities: Float32Array;
  };
  /** Probabilities of the probed digit. */
  readonly probe?: Float32Array;
}

export type ProblemKind = "nonFinite" | "deviceLost" | "outOfMemory" | "settings" | "link" | "crash";

export interface Problem {
  readonly kind: ProblemKind;
  readonly step: number;
  /** The library's own words, in English. */
  readonly message: string;
}

/** What the page needs to show the data and the stack of a freshly built model. */
export interface Built {
  /** Which data set this is: the page may have moved on to another by the time the message arrives. */
  readonly set: DataSet;
  readonly classes: number;
  readonly train: Rows;
  readonly validation: Rows;
  /** The square that holds every point; points only. */
  readonly window: PlaneWindow;
  /** One entry for each editable layer and a last one for the output. */
  readonly layers: readonly LayerSummary[];
  readonly params: number;
}

export type FromWorker =
  | { readonly type: "ready"; readonly info: BackendInfo }
  | { readonly type: "built"; readonly built: Built }
  | { readonly type: "progress"; readonly records: readonly StepRecord[]; readonly stepsPerSecond: number }
  | { readonly type: "snapshot"; readonly snapshot: Snapshot }
  | { readonly type: "running"; readonly running: boolean }
  /** Steps taken now: after a reset, a restore or a rebuild. */
  | { readonly type: "rewound"; readonly step: number; readonly epoch: number }
  | { readonly type: "checkpoint"; readonly checkpoint: Checkpoint }
  | { readonly type: "problem"; readonly problem: Problem };
