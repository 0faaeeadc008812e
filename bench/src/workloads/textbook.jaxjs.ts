// The textbook network in jax-js.
import { type Array as JaxArray, nn, numpy as np } from "@jax-js/jax";
import { type ArrayBatch, type Arrays, crossEntropy, startJax, trainingRun } from "../libraries/jaxjs.ts";
import { rmsprop } from "../libraries/jaxOptimizers.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import { classes, optimizer } from "./textbook.ts";

function lossOf(weights: Arrays, { x, y }: ArrayBatch): [JaxArray, Arrays] {
  const activation = nn.relu(np.dot(x, weights["hidden/kernel"]!).add(weights["hidden/bias"]!));
  const logits = np.dot(activation, weights["output/kernel"]!).add(weights["output/bias"]!);
  return [crossEntropy(logits, y), {}];
}

export async function start(problem: TrainingProblem): Promise<Run> {
  await startJax();
  return trainingRun(problem, lossOf, { classes, update: rmsprop(optimizer) });
}
