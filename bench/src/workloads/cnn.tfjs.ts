// The CNN in TensorFlow.js's layers API.

import type { Tensor } from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { crossEntropy, inLayersOrder, startTensorFlow, trainingRun } from "../libraries/tfjs.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import { classes } from "./cnn.ts";

export async function start(problem: TrainingProblem): Promise<Run> {
  await startTensorFlow();
  const model = sequential({
    layers: [
      layers.conv2d({ filters: 32, kernelSize: 3, activation: "relu", inputShape: [28, 28, 1] }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu" }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: classes }),
    ],
  });
  model.setWeights(inLayersOrder(problem.weights));
  const lossOf = ({ x, y }: { x: Tensor; y: Tensor }) =>
    crossEntropy(model.apply(x, { training: true }) as Tensor, y);
  return trainingRun(problem, lossOf, classes);
}
