// The MLP through TensorFlow.js's Keras-like layers API.
import { slice, tensor1d, tensor2d, train } from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { startTensorFlow } from "../libraries/tfjs.ts";
import type { Run } from "../types.ts";
import {
  batchSize,
  classes,
  epsilon,
  features,
  hidden,
  learningRate,
  type MlpProblem,
  stepsPerEpoch,
} from "./mlp.ts";

function createModel(problem: MlpProblem) {
  const model = sequential({
    layers: [
      layers.dense({ units: hidden, activation: "relu", inputShape: [features] }),
      layers.dense({ units: classes, activation: "softmax" }),
    ],
  });
  model.setWeights([
    tensor2d(problem.kernel1, [features, hidden]),
    tensor1d(problem.bias1),
    tensor2d(problem.kernel2, [hidden, classes]),
    tensor1d(problem.bias2),
  ]);
  model.compile({
    optimizer: train.adam(learningRate, 0.9, 0.999, epsilon),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

export async function startFit(problem: MlpProblem): Promise<Run> {
  await startTensorFlow();
  const model = createModel(problem);
  const images = tensor2d(problem.images, [batchSize * stepsPerEpoch, features]);
  const labels = tensor2d(Float32Array.from(problem.labels), [batchSize * stepsPerEpoch, 1]);
  return {
    firstStep: async () => {
      const logs = await model.trainOnBatch(slice(images, 0, batchSize), slice(labels, 0, batchSize));
      return (logs as number[])[0]!;
    },
    train: async (epochs) => {
      const { history } = await model.fit(images, labels, {
        batchSize,
        epochs,
        shuffle: false,
        verbose: 0,
        yieldEvery: "never",
      });
      return Array.from({ length: epochs }, (_, epoch) => ({
        loss: history.loss![epoch] as number,
        accuracy: history.acc![epoch] as number,
      }));
    },
  };
}
