// The CNN in jax-js, which convolves in NCHW.
import { type Array as JaxArray, lax, nn, numpy as np } from "@jax-js/jax";
import {
  type ArrayBatch,
  type Arrays,
  crossEntropy,
  startJax,
  toChannelsFirst,
  toOihw,
  trainingRun,
} from "../libraries/jaxjs.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import { classes, flatShape } from "./cnn.ts";

function convolution(x: JaxArray, weights: Arrays, name: string): JaxArray {
  const bias = weights[`${name}/bias`]!.reshape([1, -1, 1, 1]);
  return nn.relu(lax.conv(x, weights[`${name}/kernel`]!, [1, 1], "VALID").add(bias));
}

/** 2x2 maxima; an odd last row and column fall away. */
const pool = (x: JaxArray): JaxArray => lax.reduceWindow(x, np.max, [2, 2], [2, 2]);

function lossOf(weights: Arrays, { x, y }: ArrayBatch): [JaxArray, Arrays] {
  const features = pool(convolution(pool(convolution(x, weights, "conv1")), weights, "conv2"));
  const flat = features.reshape([x.shape[0]!, -1]);
  const logits = np.dot(flat, weights["dense/kernel"]!).add(weights["dense/bias"]!);
  return [crossEntropy(logits, y), {}];
}

/** The dense kernel's rows follow the channels-first order of the flattened features. */
function prepareWeight(array: JaxArray, name: string): JaxArray {
  if (name === "dense/kernel") {
    return array
      .reshape([...flatShape, classes])
      .transpose([2, 0, 1, 3])
      .reshape([-1, classes]);
  }
  return name.endsWith("kernel") ? toOihw(array) : array;
}

export async function start(problem: TrainingProblem): Promise<Run> {
  await startJax();
  return trainingRun(problem, lossOf, { weight: prepareWeight, x: toChannelsFirst, classes });
}
