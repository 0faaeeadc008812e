// The MLP through Tenrec's layers API: fit, and one trainOnBatch per step.
import { layers, optimizers, Sequential, type Tensor, tensor } from "tenrec";
import { startTenrec } from "../libraries/tenrec.ts";
import type { EpochResult, Run } from "../types.ts";
import {
  batchesOf,
  batchSize,
  classes,
  epsilon,
  features,
  hidden,
  learningRate,
  type MlpProblem,
  stepsPerEpoch,
} from "./mlp.ts";

async function createModel(problem: MlpProblem): Promise<Sequential> {
  await startTenrec();
  const model = new Sequential([
    new layers.Dense(hidden, { activation: "relu" }),
    new layers.Dense(classes, { activation: "softmax" }),
  ]);
  model.build([null, features]);
  model.setWeights([
    tensor(problem.kernel1, { shape: [features, hidden] }),
    tensor(problem.bias1, { shape: [hidden] }),
    tensor(problem.kernel2, { shape: [hidden, classes] }),
    tensor(problem.bias2, { shape: [classes] }),
  ]);
  model.compile({
    optimizer: new optimizers.Adam({ learningRate, epsilon }),
    loss: "sparse_categorical_crossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

interface Batch {
  images: Tensor;
  labels: Tensor;
}

const batchTensors = (problem: MlpProblem): Batch[] =>
  batchesOf(problem).map(({ images, labels }) => ({
    images: tensor(images, { shape: [batchSize, features] }),
    labels: tensor(labels, { shape: [batchSize] }),
  }));

async function firstStep(model: Sequential, { images, labels }: Batch): Promise<number> {
  const { loss } = await model.trainOnBatch(images, labels);
  return loss!;
}

export async function startFit(problem: MlpProblem): Promise<Run> {
  const model = await createModel(problem);
  const images = tensor(problem.images, { shape: [batchSize * stepsPerEpoch, features] });
  const labels = tensor(problem.labels, { shape: [batchSize * stepsPerEpoch] });
  return {
    firstStep: () => firstStep(model, batchTensors(problem)[0]!),
    train: async (epochs) => {
      const { history } = await model.fit(images, labels, { batchSize, epochs, shuffle: false, verbose: 0 });
      return Array.from({ length: epochs }, (_, epoch) => ({
        loss: history.loss![epoch]!,
        accuracy: history.accuracy![epoch]!,
      }));
    },
  };
}

export async function startTrainOnBatch(problem: MlpProblem): Promise<Run> {
  const model = await createModel(problem);
  const batches = batchTensors(problem);
  return {
    firstStep: () => firstStep(model, batches[0]!),
    train: async (epochs) => {
      const results: EpochResult[] = [];
      for (let epoch = 0; epoch < epochs; epoch++) results.push(await trainEpoch(model, batches));
      return results;
    },
  };
}

/** Awaits each batch's numbers, as a hand-written loop over trainOnBatch does. */
async function trainEpoch(model: Sequential, batches: Batch[]): Promise<EpochResult> {
  let loss = 0;
  let accuracy = 0;
  for (const { images, labels } of batches) {
    const logs = await model.trainOnBatch(images, labels);
    loss += logs.loss! / batches.length;
    accuracy += logs.accuracy! / batches.length;
  }
  return { loss, accuracy };
}
