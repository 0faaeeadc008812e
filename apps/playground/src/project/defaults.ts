/** The Project each data set opens with: settings under which it is learned while one watches. */

import {
  type DataSet,
  type DataSettings,
  type LayerSpec,
  type PointSet,
  type Project,
  taskOf,
} from "./project.ts";

const pointData: Record<PointSet, Pick<DataSettings, "samples" | "noise">> = {
  spiral: { samples: 400, noise: 0.03 },
  moons: { samples: 400, noise: 0.1 },
  circles: { samples: 400, noise: 0.08 },
  xor: { samples: 400, noise: 0.08 },
};

const pointLayers: readonly LayerSpec[] = [
  { kind: "dense", units: 16, activation: "relu" },
  { kind: "dense", units: 16, activation: "relu" },
];

const digitLayers: readonly LayerSpec[] = [
  { kind: "dense", units: 64, activation: "relu" },
  { kind: "dropout", rate: 0.2 },
];

const pictureLayers: readonly LayerSpec[] = [
  { kind: "conv", filters: 8, kernel: 3, activation: "relu" },
  { kind: "pool", size: 2 },
  { kind: "conv", filters: 16, kernel: 3, activation: "relu" },
  { kind: "dense", units: 32, activation: "relu" },
];

const textLayers: readonly LayerSpec[] = [
  { kind: "embedding", units: 16 },
  { kind: "gru", units: 64 },
];

const adam = { optimizer: "adam", speed: 0 } as const;
const view = {
  showValidation: false,
  smoothing: 0.9,
  prompt: "And now, ",
  temperature: 0.7,
  sampleEvery: 50,
} as const;

type Settings = Omit<Project, "v" | "task" | "view">;

function digitSettings(set: "digits" | "pictures"): Settings {
  return {
    data: { set, samples: 1797, noise: 0, validation: 0.2, window: 32, seed: 1 },
    model: { layers: set === "digits" ? digitLayers : pictureLayers, seed: 1 },
    train: { ...adam, learningRate: set === "digits" ? 0.003 : 0.01, batchSize: 64 },
  };
}

/** A batch of 16 windows of 32 characters is a step that a processor takes in a tenth of a second. */
const textSettings: Settings = {
  data: { set: "text", samples: 1000, noise: 0, validation: 0.1, window: 32, seed: 1 },
  model: { layers: textLayers, seed: 1 },
  train: { ...adam, learningRate: 0.01, batchSize: 16 },
};

function pointSettings(set: PointSet): Settings {
  return {
    data: { set, ...pointData[set], validation: 0.25, window: 32, seed: 1 },
    model: { layers: pointLayers, seed: 1 },
    train: { ...adam, learningRate: 0.01, batchSize: 32 },
  };
}

function settingsOf(set: DataSet): Settings {
  if (set === "text") return textSettings;
  return set === "digits" || set === "pictures" ? digitSettings(set) : pointSettings(set);
}

/** The default Project of one data set. */
export function defaultProject(set: DataSet): Project {
  return { v: 1, task: taskOf(set), ...settingsOf(set), view };
}
