// Predictions at batch 1 in TensorFlow.js's layers API.
import type { Tensor } from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { inLayersOrder, startTensorFlow, toTensor } from "../libraries/tfjs.ts";
import { awaitedRun } from "../run.ts";
import type { Run } from "../types.ts";
import { classes, features, hidden, type PredictProblem, steps } from "./predict.ts";

export async function start({ weights, sample }: PredictProblem): Promise<Run> {
  await startTensorFlow();
  const model = sequential({
    layers: [
      layers.dense({ units: hidden, activation: "relu", inputShape: [features] }),
      layers.dense({ units: classes, activation: "softmax" }),
    ],
  });
  model.setWeights(inLayersOrder(weights));
  const x = toTensor(sample);
  return awaitedRun(steps, async () => {
    const prediction = model.predict(x) as Tensor;
    const data = await prediction.data();
    prediction.dispose();
    return data[0]!;
  });
}
