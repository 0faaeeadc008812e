// ResNet-20 in jax-js, which convolves in NCHW; the new running statistics leave the loss as auxiliary results.
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
import { type Block, blocks, classes, normalization } from "./resnet.ts";

const { momentum, epsilon } = normalization;

class Network {
  readonly #weights: Arrays;
  readonly statistics: Arrays = {};

  constructor(weights: Arrays) {
    this.#weights = weights;
  }

  convolution(x: JaxArray, name: string, strides: number): JaxArray {
    const kernel = this.#weights[`${name}_conv/kernel`]!;
    return this.#normalized(lax.conv(x, kernel, [strides, strides], "SAME"), `${name}_norm`);
  }

  #normalized(x: JaxArray, name: string): JaxArray {
    const mean = x.ref.mean([0, 2, 3], { keepdims: true });
    const centred = x.sub(mean.ref);
    const variance = np.square(centred.ref).mean([0, 2, 3], { keepdims: true });
    this.#move(`${name}/moving_mean`, mean);
    this.#move(`${name}/moving_variance`, variance.ref);
    const scale = this.#weights[`${name}/gamma`]!.reshape([1, -1, 1, 1]).div(np.sqrt(variance.add(epsilon)));
    return centred.mul(scale).add(this.#weights[`${name}/beta`]!.reshape([1, -1, 1, 1]));
  }

  #move(name: string, value: JaxArray): void {
    const now = lax
      .stopGradient(value)
      .reshape([-1])
      .mul(1 - momentum);
    this.statistics[name] = this.#weights[name]!.mul(momentum).add(now);
  }

  residual(x: JaxArray, { name, strides, projected }: Block): JaxArray {
    const first = nn.relu(this.convolution(x.ref, `${name}_a`, strides));
    const inner = this.convolution(first, `${name}_b`, 1);
    const shortcut = projected
      ? lax.conv(x, this.#weights[`${name}_shortcut/kernel`]!, [strides, strides], "SAME")
      : x;
    return nn.relu(inner.add(shortcut));
  }
}

function lossOf(weights: Arrays, { x, y }: ArrayBatch): [JaxArray, Arrays] {
  const network = new Network(weights);
  const first = nn.relu(network.convolution(x, "first", 1));
  const features = blocks.reduce((input, block) => network.residual(input, block), first);
  const logits = np.dot(features.mean([2, 3]), weights["dense/kernel"]!).add(weights["dense/bias"]!);
  return [crossEntropy(logits, y), network.statistics];
}

export async function start(problem: TrainingProblem): Promise<Run> {
  await startJax();
  const weight = (array: JaxArray) => (array.ndim === 4 ? toOihw(array) : array);
  return trainingRun(problem, lossOf, { weight, x: toChannelsFirst, classes });
}
