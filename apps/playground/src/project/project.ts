/** The Project: one serialisable value that says everything a session of the playground is about. */

export const pointSets = ["spiral", "moons", "circles", "xor"] as const;
export const dataSets = [...pointSets, "digits", "pictures", "text"] as const;
export const activations = ["relu", "tanh", "sigmoid", "gelu", "elu", "linear"] as const;
export const optimizerNames = ["sgd", "momentum", "rmsprop", "adam", "adamw", "adagrad"] as const;
export const speeds = [2, 20, 0] as const;

export type PointSet = (typeof pointSets)[number];
export type DataSet = (typeof dataSets)[number];
export type Activation = (typeof activations)[number];
export type OptimizerName = (typeof optimizerNames)[number];
/** Steps per second; 0 is as fast as the device goes. */
export type Speed = (typeof speeds)[number];
export type Task = "points" | "images" | "text";

export interface DenseSpec {
  readonly kind: "dense";
  readonly units: number;
  readonly activation: Activation;
}

export interface DropoutSpec {
  readonly kind: "dropout";
  readonly rate: number;
}

/** A convolution over a picture, as large as its input: edges are padded with zeros. */
export interface ConvSpec {
  readonly kind: "conv";
  readonly filters: number;
  /** Side of a filter in pixels. */
  readonly kernel: number;
  readonly activation: Activation;
}

/** The largest value of each window of a picture; windows do not overlap. */
export interface PoolSpec {
  readonly kind: "pool";
  readonly size: number;
}

/** A vector for each character; first in every stack of the text task, and only there. */
export interface EmbeddingSpec {
  readonly kind: "embedding";
  readonly units: number;
}

/** A recurrent layer that gives its state after each character. */
export interface RecurrentSpec {
  readonly kind: "gru" | "lstm";
  readonly units: number;
}

/** A transformer block: causal attention and two dense layers, each with a norm before and a sum around it. */
export interface AttentionSpec {
  readonly kind: "attention";
  readonly heads: number;
}

/** One editable card of the stack; the input and the softmax output are fixed by the task. */
export type LayerSpec =
  | DenseSpec
  | DropoutSpec
  | ConvSpec
  | PoolSpec
  | EmbeddingSpec
  | RecurrentSpec
  | AttentionSpec;
export type LayerKind = LayerSpec["kind"];

export interface DataSettings {
  readonly set: DataSet;
  /** Rows drawn or taken before the split. */
  readonly samples: number;
  /** Standard deviation of the jitter, in the units of the plane; points only. */
  readonly noise: number;
  /** Share of the rows kept out of training, in (0, 1). */
  readonly validation: number;
  /** Characters that the model sees at once; text only. */
  readonly window: number;
  readonly seed: number;
}

export interface TrainSettings {
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly speed: Speed;
}

export interface ViewSettings {
  readonly showValidation: boolean;
  /** Weight of the past in the smoothed training curve, in [0, 1). */
  readonly smoothing: number;
  /** What written text begins with, and how freely it goes on: probabilities to the power of 1 / temperature. */
  readonly prompt: string;
  readonly temperature: number;
  /** Steps between two samples that are written while training; text only. */
  readonly sampleEvery: number;
}

export interface Project {
  /** Version of this format; a reader migrates older values and refuses newer ones. */
  readonly v: 1;
  readonly task: Task;
  readonly data: DataSettings;
  readonly model: { readonly layers: readonly LayerSpec[]; readonly seed: number };
  readonly train: TrainSettings;
  readonly view: ViewSettings;
}

/** A change of some fields of a Project, section by section. */
export type ProjectPatch = {
  readonly [Section in "data" | "model" | "train" | "view"]?: Partial<Project[Section]>;
};

export function taskOf(set: DataSet): Task {
  if (set === "text") return "text";
  return set === "digits" || set === "pictures" ? "images" : "points";
}

export function patched(project: Project, patch: ProjectPatch): Project {
  return {
    ...project,
    data: { ...project.data, ...patch.data },
    model: { ...project.model, ...patch.model },
    train: { ...project.train, ...patch.train },
    view: { ...project.view, ...patch.view },
  };
}
