// The transformer in jax-js, with its own attention function.
import { type Array as JaxArray, nn, numpy as np } from "@jax-js/jax";
import {
  type ArrayBatch,
  type Arrays,
  crossEntropy,
  meanSquaredError,
  startJax,
  trainingRun,
} from "../libraries/jaxjs.ts";
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

function normalized(x: JaxArray, weights: Arrays, name: string): JaxArray {
  const centred = x.ref.sub(x.mean(-1, { keepdims: true }));
  const variance = np.square(centred.ref).mean(-1, { keepdims: true });
  const scaled = centred.div(np.sqrt(variance.add(epsilon)));
  return scaled.mul(weights[`${name}/gamma`]!).add(weights[`${name}/beta`]!);
}

/** Of rows [batch * positions, from]. */
function dense(x: JaxArray, weights: Arrays, name: string, [from, to]: [number, number]): JaxArray {
  const product = np.dot(x, weights[`${name}/kernel`]!.reshape([from, to]));
  return product.add(weights[`${name}/bias`]!.reshape([to]));
}

function attention(
  rows: JaxArray,
  length: number,
  weights: Arrays,
  name: string,
  isCausal: boolean,
): JaxArray {
  const project = (part: string, input: JaxArray) =>
    dense(input, weights, `${name}/${part}`, [width, width]).reshape([-1, length, heads, headWidth]);
  const mixed = nn.dotProductAttention(
    project("query", rows.ref),
    project("key", rows.ref),
    project("value", rows),
    { isCausal },
  );
  return dense(mixed.reshape([-1, width]), weights, `${name}/attention_output`, [width, width]);
}

function block(rows: JaxArray, length: number, weights: Arrays, name: string, isCausal: boolean): JaxArray {
  const attended = attention(
    normalized(rows.ref, weights, `${name}/norm1`),
    length,
    weights,
    `${name}/attention`,
    isCausal,
  );
  const middle = rows.add(attended);
  const expanded = dense(normalized(middle.ref, weights, `${name}/norm2`), weights, `${name}/expand`, [
    width,
    hidden,
  ]);
  const activated = nn.gelu(expanded, { approximate: false });
  return middle.add(dense(activated, weights, `${name}/contract`, [hidden, width]));
}

function blockLoss(weights: Arrays, { x, y }: ArrayBatch): [JaxArray, Arrays] {
  const { shape } = x;
  const rows = block(x.reshape([-1, width]), shape[1]!, weights, blockName(0), false);
  return [meanSquaredError(rows.reshape(shape), y), {}];
}

function gptLoss(weights: Arrays, { x, y }: ArrayBatch): [JaxArray, Arrays] {
  const embedded = np.take(weights["tokens/embeddings"]!, x, 0).add(weights["positions/embeddings"]!);
  let rows = embedded.reshape([-1, width]);
  for (let index = 0; index < blockCount; index++) {
    rows = block(rows, contextLength, weights, blockName(index), true);
  }
  const logits = dense(normalized(rows, weights, "norm"), weights, "head", [width, vocabulary]);
  return [crossEntropy(logits, y.reshape([-1, vocabulary])), {}];
}

export async function startBlock(problem: TrainingProblem): Promise<Run> {
  await startJax();
  return trainingRun(problem, blockLoss);
}

export async function startGpt(problem: TrainingProblem): Promise<Run> {
  await startJax();
  return trainingRun(problem, gptLoss, { classes: vocabulary });
}
