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
  | { readonly type: "probe"; readonly pixels: Float32Array | null }
  /** Write a text after the Project's prompt; text only. */
  | { readonly type: "write" };

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

/** Numbers of any rank, row by row. */
export interface Stack {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A look inside one card of a convolutional stack. */
export interface InsideLayer {
  /** Which card. */
  readonly place: number;
  /** Weights [side, side, channels, filters] of a convolution. */
  readonly filters?: Stack;
  /** What the card makes of the probed digit: [1, height, width, maps]. */
  readonly maps?: Stack;
}

/** A text that the model writes, as far as it has come. */
export interface Written {
  readonly id: number;
  /** Training steps before its first character. */
  readonly step: number;
  /** Asked for by the reader, not written by the way. */
  readonly asked: boolean;
  readonly prompt: string;
  readonly text: string;
  readonly done: boolean;
}

/** What the model does at one step: figures on the validation rows and the picture for the task. */
export interface Snapshot {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
  /** Rows are true classes, columns are predicted ones; empty for text. */
  readonly confusion: readonly (readonly number[])[];
  /** Class probabilities on a square grid, row by row from the top left; points only. */
  readonly boundary?: {
    readonly size: number;
    readonly classes: number;
    readonly probabilities: Float32Array;
  };
  /** Probabilities of the probed digit. */
  readonly probe?: Float32Array;
  /** Convolutions and pooling, in the order of the stack; pictures only. */
  readonly inside?: readonly InsideLayer[];
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
  /** Rows, or characters of a text, to train on and held out. */
  readonly counts: { readonly train: number; readonly validation: number };
  /** The rows themselves; none for text. */
  readonly train: Rows;
  readonly validation: Rows;
  /** The square that holds every point; points only. */
  readonly window: PlaneWindow;
  /** The characters that the model knows; text only. */
  readonly letters?: readonly string[];
  /** One entry for each editable layer and a last one for the output. */
  readonly layers: readonly LayerSummary[];
  readonly params: number;
}

export type FromWorker =
  | { readonly type: "ready"; readonly info: BackendInfo }
  | { readonly type: "built"; readonly built: Built }
  | { readonly type: "progress"; readonly records: readonly StepRecord[]; readonly stepsPerSecond: number }
  | { readonly type: "snapshot"; readonly snapshot: Snapshot }
  | { readonly type: "written"; readonly written: Written }
  | { readonly type: "running"; readonly running: boolean }
  /** Steps taken now: after a reset, a restore or a rebuild. */
  | { readonly type: "rewound"; readonly step: number; readonly epoch: number }
  | { readonly type: "checkpoint"; readonly checkpoint: Checkpoint }
  | { readonly type: "problem"; readonly problem: Problem };
