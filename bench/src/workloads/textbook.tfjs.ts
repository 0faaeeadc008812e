// The textbook network through TensorFlow.js's Keras-like layers API.
import { cast, reshape, slice, train } from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { inLayersOrder, startTensorFlow, toTensor } from "../libraries/tfjs.ts";
import { joined, type TrainingProblem, type Weights } from "../problem.ts";
import type { Run } from "../types.ts";
import { classes, features, hidden, optimizer } from "./textbook.ts";

function createModel(weights: Weights) {
  const model = sequential({
    layers: [
      layers.dense({ units: hidden, activation: "relu", inputShape: [features] }),
      layers.dense({ units: classes, activation: "softmax" }),
    ],
  });
  model.setWeights(inLayersOrder(weights));
  const { learningRate, rho, epsilon } = optimizer;
  model.compile({
    optimizer: train.rmsprop(learningRate, rho, 0, epsilon),
    loss: "sparseCategoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

export async function start({ weights, batches }: TrainingProblem): Promise<Run> {
  await startTensorFlow();
  const model = createModel(weights);
  const batchSize = batches[0]!.x.shape[0]!;
  const x = toTensor(joined(batches.map((batch) => batch.x)));
  const labels = toTensor(joined(batches.map((batch) => batch.y)));
  const y = reshape(cast(labels, "float32"), [-1, 1]);
  return {
    firstStep: async () => {
      const logs = await model.trainOnBatch(slice(x, 0, batchSize), slice(y, 0, batchSize));
      return (logs as number[])[0]!;
    },
    train: async (epochs) => {
      const { history } = await model.fit(x, y, {
        batchSize,
        epochs,
        shuffle: false,
        verbose: 0,
        yieldEvery: "never",
      });
      return history.loss!.map((loss) => ({ loss: loss as number }));
    },
  };
}
