/** The Project each data set opens with: settings under which it is learned while one watches. */

import { type DataSet, type DataSettings, type LayerSpec, type Project, taskOf } from "./project.ts";

const pointData: Record<Exclude<DataSet, "digits">, Pick<DataSettings, "samples" | "noise">> = {
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

/** The default Project of one data set. */
export function defaultProject(set: DataSet): Project {
  const common = { v: 1, view: { showValidation: false, smoothing: 0.9 } } as const;
  if (set === "digits") {
    return {
      ...common,
      task: taskOf(set),
      data: { set, samples: 1797, noise: 0, validation: 0.2, seed: 1 },
      model: { layers: digitLayers, seed: 1 },
      train: { optimizer: "adam", learningRate: 0.003, batchSize: 64, speed: 0 },
    };
  }
  return {
    ...common,
    task: taskOf(set),
    data: { set, ...pointData[set], validation: 0.25, seed: 1 },
    model: { layers: pointLayers, seed: 1 },
    train: { optimizer: "adam", learningRate: 0.01, batchSize: 32, speed: 0 },
  };
}
