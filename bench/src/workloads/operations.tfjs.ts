// Single operations in TensorFlow.js.
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { operationRun, startTensorFlow, toTensor } from "../libraries/tfjs.ts";
import type { Run } from "../types.ts";
import { epsilon, type Operation, type OperationProblem } from "./operations.ts";

function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor): Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const scaled = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(scaled, gamma), beta);
}

const operations: Record<Operation, (...operands: Tensor[]) => Tensor> = {
  matmul: (a, b) => tf.matMul(a!, b!),
  negate: (x) => tf.neg(x!),
  chain: (x, y) => tf.sub(tf.mul(tf.sqrt(tf.abs(tf.add(tf.mul(x!, 2), 1))), y!), 0.5),
  gates: (x, y, z) => tf.mul(tf.sigmoid(tf.add(tf.mul(x!, y!), z!)), tf.tanh(x!)),
  sum: (x) => tf.sum(x!),
  softmax: (x) => tf.softmax(x!),
  layerNorm: (x, gamma, beta) => layerNorm(x!, gamma!, beta!),
  embeddingGradient: (table, ids, upstream) =>
    tf.grad((weights) => tf.gather(weights as Tensor2D, ids as Tensor1D))(table!, upstream!),
};

export async function start({ operation, steps, operands }: OperationProblem): Promise<Run> {
  await startTensorFlow();
  const resident = operands.map(toTensor);
  return operationRun(steps, () => operations[operation](...resident));
}
