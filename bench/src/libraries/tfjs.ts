// Brings TensorFlow.js up on its WebGPU or WebAssembly backend, and runs training steps and single operations in it.
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import type { Scalar, Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { backend } from "../backend.ts";
import {
  beta1,
  beta2,
  checkedLength,
  epsilon,
  isStatistic,
  learningRate,
  type TrainingProblem,
  type Values,
  type Weights,
} from "../problem.ts";
import { type Run, trainEpochs } from "../run.ts";

/** A chunk each: a page loads the one that it measures. */
const backends = {
  webgpu: { name: "webgpu", load: () => import("@tensorflow/tfjs-backend-webgpu") },
  cpu: { name: "wasm", load: () => import("./tfjsWasm.ts") },
};

export async function startTensorFlow(): Promise<void> {
  const { name, load } = backends[backend];
  await load();
  await tf.setBackend(name);
  await tf.ready();
  if (tf.getBackend() !== name) throw new Error(`tfjs runs on ${tf.getBackend()}, not on ${name}`);
}

export function toTensor({ data, shape }: Values): Tensor {
  return tf.tensor(data, shape, data instanceof Int32Array ? "int32" : "float32");
}

/** A variable per weight, under the weight's name. */
export function toVariables(weights: Weights): Record<string, tf.Variable> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, values]) => [name, tf.variable(toTensor(values))]),
  );
}

/** For a model of the layers API, whose `weights` are the trained ones and then the running statistics. */
export function inLayersOrder(weights: Weights): Tensor[] {
  const names = Object.keys(weights);
  const ordered = [...names.filter((name) => !isStatistic(name)), ...names.filter(isStatistic)];
  return ordered.map((name) => toTensor(weights[name]!));
}

export interface TensorBatch {
  x: Tensor;
  y: Tensor;
}

async function readAndDispose(tensor: Tensor): Promise<number> {
  const data = await tensor.data<"float32">();
  tensor.dispose();
  return data[0]!;
}

/** Training steps by `Optimizer.minimize` over every variable that the loss reaches; labels of `classes` become one-hot rows. */
export function trainingRun(
  { batches }: TrainingProblem,
  lossOf: (batch: TensorBatch) => Scalar,
  classes?: number,
): Run {
  const optimizer = tf.train.adam(learningRate, beta1, beta2, epsilon);
  const target = (y: Values) => (classes ? tf.oneHot(toTensor(y), classes) : toTensor(y));
  const resident = batches.map(({ x, y }) => ({ x: toTensor(x), y: target(y) }));
  const step = (index: number) => optimizer.minimize(() => lossOf(resident[index]!), true)!;
  return {
    firstStep: () => readAndDispose(step(0)),
    train: trainEpochs({
      steps: resident.length,
      step,
      mean: (losses) => {
        const mean = tf.tidy(() => tf.mean(tf.stack(losses)));
        tf.dispose(losses);
        return readAndDispose(mean);
      },
    }),
  };
}

/** Mean of -log of the probability given to each row's class, from logits. */
export function crossEntropy(logits: Tensor, oneHot: Tensor): Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), -1)));
}

export const meanSquaredError = (prediction: Tensor, target: Tensor): Scalar =>
  tf.mean(tf.squaredDifference(prediction, target));

/** One operation over and over on resident operands; the mean of squares of the last result's beginning stands for the loss. */
export function operationRun(steps: number, operation: () => Tensor): Run {
  let last: Tensor = tf.scalar(0);
  const step = () => {
    last.dispose();
    last = tf.tidy(operation);
  };
  const check = () => {
    const length = Math.min(checkedLength, last.size);
    return readAndDispose(tf.tidy(() => tf.mean(tf.square(tf.slice(tf.reshape(last, [-1]), 0, length)))));
  };
  return {
    firstStep: () => {
      step();
      return check();
    },
    train: trainEpochs({ steps, step, mean: check }),
  };
}
