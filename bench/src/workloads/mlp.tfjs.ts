// The MLP as a hand-written TensorFlow.js training step.
import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { startTensorFlow } from "../libraries/tfjs.ts";
import type { EpochResult, Run, StepClock } from "../types.ts";
import {
  batchesOf,
  batchSize,
  classes,
  epsilon,
  features,
  hidden,
  learningRate,
  type MlpProblem,
} from "./mlp.ts";

interface Batch {
  images: Tensor2D;
  labels: Tensor1D;
  oneHot: Tensor;
}

export async function startVariableGrads(problem: MlpProblem): Promise<Run> {
  await startTensorFlow();
  const step = createStep(problem);
  const batches = batchesOf(problem).map(({ images, labels }): Batch => {
    const labelTensor = tf.tensor1d(labels, "int32");
    return {
      images: tf.tensor2d(images, [batchSize, features]),
      labels: labelTensor,
      oneHot: tf.oneHot(labelTensor, classes),
    };
  });
  return {
    firstStep: async () => {
      const [loss, accuracy] = step(batches[0]!);
      accuracy.dispose();
      return (await readAndDispose(loss))[0]!;
    },
    train: async (epochs, clock) => {
      const results: EpochResult[] = [];
      for (let epoch = 0; epoch < epochs; epoch++) results.push(await trainEpoch(batches, step, clock));
      return results;
    },
  };
}

type Step = (batch: Batch) => [loss: Scalar, accuracy: Scalar];

function createStep(problem: MlpProblem): Step {
  const kernel1 = tf.variable(tf.tensor2d(problem.kernel1, [features, hidden]));
  const bias1 = tf.variable(tf.tensor1d(problem.bias1));
  const kernel2 = tf.variable(tf.tensor2d(problem.kernel2, [hidden, classes]));
  const bias2 = tf.variable(tf.tensor1d(problem.bias2));
  const variables: Variable[] = [kernel1, bias1, kernel2, bias2];
  const optimizer = tf.train.adam(learningRate, 0.9, 0.999, epsilon);
  return (batch) =>
    tf.tidy(() => {
      let logits: Tensor | undefined;
      const { value, grads } = tf.variableGrads(() => {
        const activation = tf.relu(tf.add(tf.matMul(batch.images, kernel1), bias1));
        logits = tf.keep(tf.add(tf.matMul(activation, kernel2), bias2));
        return tf.neg(tf.mean(tf.sum(tf.mul(batch.oneHot, tf.logSoftmax(logits)), 1)));
      }, variables);
      optimizer.applyGradients(variables.map(({ name }) => ({ name, tensor: grads[name]! })));
      const accuracy = tf.mean(tf.cast(tf.equal(tf.argMax(logits!, 1), batch.labels), "float32"));
      logits!.dispose();
      return [value, accuracy] as [Scalar, Scalar];
    });
}

async function trainEpoch(batches: Batch[], step: Step, clock: StepClock): Promise<EpochResult> {
  const losses: Scalar[] = [];
  const accuracies: Scalar[] = [];
  for (const batch of batches) {
    clock.time(() => {
      const [loss, accuracy] = step(batch);
      losses.push(loss);
      accuracies.push(accuracy);
    });
  }
  const means = tf.tidy(() => tf.stack([tf.mean(tf.stack(losses)), tf.mean(tf.stack(accuracies))]));
  tf.dispose([losses, accuracies]);
  const [loss, accuracy] = await readAndDispose(means);
  return { loss: loss!, accuracy: accuracy! };
}

async function readAndDispose(tensor: Tensor): Promise<Float32Array> {
  const data = await tensor.data<"float32">();
  tensor.dispose();
  return data;
}
