// The transformer in TensorFlow.js's operations; its layers API has no attention.
import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import {
  crossEntropy,
  meanSquaredError,
  startTensorFlow,
  toVariables,
  trainingRun,
} from "../libraries/tfjs.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import {
  blockCount,
  blockName,
  contextLength,
  epsilon,
  heads,
  headWidth,
  hidden,
  vocabulary,
  width,
} from "./transformer.ts";

type Variables = Record<string, tf.Variable>;

function normalized(x: Tensor, weights: Variables, name: string): Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const scaled = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(scaled, weights[`${name}/gamma`]!), weights[`${name}/beta`]!);
}

/** Of rows [batch * positions, from]. */
function dense(x: Tensor, weights: Variables, name: string, [from, to]: [number, number]): Tensor {
  const product = tf.matMul(x, tf.reshape(weights[`${name}/kernel`]!, [from, to]));
  return tf.add(product, tf.reshape(weights[`${name}/bias`]!, [to]));
}

/** Added to scores: minus infinity in effect, where a position lies in the future. */
function futureMask(length: number): Tensor {
  const positions = tf.range(0, length);
  const isFuture = tf.greater(tf.expandDims(positions, 0), tf.expandDims(positions, 1));
  return tf.mul(tf.cast(isFuture, "float32"), -1e9);
}

function attention(rows: Tensor, length: number, weights: Variables, name: string, mask?: Tensor): Tensor {
  const project = (part: string) => {
    const projected = dense(rows, weights, `${name}/${part}`, [width, width]);
    return tf.transpose(tf.reshape(projected, [-1, length, heads, headWidth]), [0, 2, 1, 3]);
  };
  const scores = tf.mul(tf.matMul(project("query"), project("key"), false, true), headWidth ** -0.5);
  const shares = tf.softmax(mask ? tf.add(scores, mask) : scores);
  const mixed = tf.transpose(tf.matMul(shares, project("value")), [0, 2, 1, 3]);
  return dense(tf.reshape(mixed, [-1, width]), weights, `${name}/attention_output`, [width, width]);
}

const gelu = (x: Tensor): Tensor => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

function block(rows: Tensor, length: number, weights: Variables, name: string, mask?: Tensor): Tensor {
  const attended = attention(
    normalized(rows, weights, `${name}/norm1`),
    length,
    weights,
    `${name}/attention`,
    mask,
  );
  const middle = tf.add(rows, attended);
  const expanded = dense(normalized(middle, weights, `${name}/norm2`), weights, `${name}/expand`, [
    width,
    hidden,
  ]);
  return tf.add(middle, dense(gelu(expanded), weights, `${name}/contract`, [hidden, width]));
}

export async function startBlock(problem: TrainingProblem): Promise<Run> {
  await startTensorFlow();
  const weights = toVariables(problem.weights);
  return trainingRun(problem, ({ x, y }) => {
    const rows = block(tf.reshape(x, [-1, width]), x.shape[1]!, weights, blockName(0));
    return meanSquaredError(tf.reshape(rows, x.shape), y);
  });
}

export async function startGpt(problem: TrainingProblem): Promise<Run> {
  await startTensorFlow();
  const weights = toVariables(problem.weights);
  const mask = futureMask(contextLength);
  return trainingRun(
    problem,
    ({ x, y }) => {
      const embedded = tf.gather(weights["tokens/embeddings"]!, x as tf.Tensor2D);
      let rows = tf.reshape(tf.add(embedded, weights["positions/embeddings"]!), [-1, width]);
      for (let index = 0; index < blockCount; index++) {
        rows = block(rows, contextLength, weights, blockName(index), mask);
      }
      const logits = dense(normalized(rows, weights, "norm"), weights, "head", [width, vocabulary]);
      return crossEntropy(logits, tf.reshape(y, [-1, vocabulary]));
    },
    vocabulary,
  );
}
