// The LSTM in TensorFlow.js's layers API; the GRU by hand, since that API has no GRU with reset after the product.
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
// The layers API's recurrent cells call operations as methods of tensors.
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import {
  inLayersOrder,
  meanSquaredError,
  startTensorFlow,
  type TensorBatch,
  toVariables,
  trainingRun,
} from "../libraries/tfjs.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import { features, steps, units } from "./recurrent.ts";

export async function startLstm(problem: TrainingProblem): Promise<Run> {
  await startTensorFlow();
  const model = sequential({
    layers: [
      layers.lstm({ units, recurrentActivation: "sigmoid", inputShape: [steps, features] }),
      layers.dense({ units: 1 }),
    ],
  });
  model.setWeights(inLayersOrder(problem.weights));
  return trainingRun(problem, ({ x, y }) =>
    meanSquaredError(model.apply(x, { training: true }) as Tensor, y),
  );
}

export async function startGru(problem: TrainingProblem): Promise<Run> {
  await startTensorFlow();
  const weights = toVariables(problem.weights);
  const lossOf = ({ x, y }: TensorBatch) => {
    const prediction = tf.add(
      tf.matMul(lastState(x, weights), weights["dense/kernel"]!),
      weights["dense/bias"]!,
    );
    return meanSquaredError(prediction, y);
  };
  return trainingRun(problem, lossOf);
}

/** The inputs of all steps go through one product; the state's go step by step. */
function lastState(x: Tensor, weights: Record<string, tf.Variable>): Tensor2D {
  const [inputBias, stateBias] = tf.unstack(weights["gru/bias"]!) as [Tensor, Tensor];
  const batchSize = x.shape[0]!;
  const rows = tf.matMul(tf.reshape(x, [batchSize * steps, features]), weights["gru/kernel"]!);
  const inputs = tf.unstack(tf.reshape(tf.add(rows, inputBias), [batchSize, steps, 3 * units]), 1);
  let state: Tensor2D = tf.zeros([batchSize, units]);
  for (const input of inputs) {
    const product = tf.add(tf.matMul(state, weights["gru/recurrent_kernel"]!), stateBias);
    const [xz, xr, xh] = tf.split(input, 3, 1) as [Tensor, Tensor, Tensor];
    const [hz, hr, hh] = tf.split(product, 3, 1) as [Tensor, Tensor, Tensor];
    const update = tf.sigmoid(tf.add(xz, hz));
    const reset = tf.sigmoid(tf.add(xr, hr));
    const candidate = tf.tanh(tf.add(xh, tf.mul(reset, hh)));
    state = tf.add(tf.mul(update, state), tf.mul(tf.sub(1, update), candidate));
  }
  return state;
}
