/** The Project: one serialisable value that says everything a session of the playground is about. */

export const pointSets = ["spiral", "moons", "circles", "xor"] as const;
export const dataSets = [...pointSets, "digits"] as const;
export const activations = ["relu", "tanh", "sigmoid", "gelu", "elu", "linear"] as const;
export const optimizerNames = ["sgd", "momentum", "rmsprop", "adam", "adamw", "adagrad"] as const;
export const speeds = [2, 20, 0] as const;

export type PointSet = (typeof pointSets)[number];
export type DataSet = (typeof dataSets)[number];
export type Activation = (typeof activations)[number];
export type OptimizerName = (typeof optimizerNames)[number];
/** Steps per second; 0 is as fast as the device goes. */
export type Speed = (typeof speeds)[number];
export type Task = "points" | "images";

export interface DenseSpec {
  readonly kind: "dense";
  readonly units: number;
  readonly activation: Activation;
}

export interface DropoutSpec {
  readonly kind: "dropout";
  readonly rate: number;
}

/** One editable card of the stack; the input and the softmax output are fixed by the task. */
export type LayerSpec = DenseSpec | DropoutSpec;

export interface DataSettings {
  readonly set: DataSet;
  /** Rows drawn or taken before the split. */
  readonly samples: number;
  /** Standard deviation of the jitter, in the units of the plane; points only. */
  readonly noise: number;
  /** Share of the rows kept out of training, in (0, 1). */
  readonly validation: number;
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
  return set === "digits" ? "images" : "points";
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
