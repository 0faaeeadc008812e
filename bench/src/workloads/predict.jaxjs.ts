// Predictions at batch 1 in jax-js.
import { type Array as JaxArray, jit, nn, numpy as np, tree } from "@jax-js/jax";
import { type Arrays, read, startJax, toArray } from "../libraries/jaxjs.ts";
import { awaitedRun } from "../run.ts";
import type { Run } from "../types.ts";
import { type PredictProblem, steps } from "./predict.ts";

function forward(weights: Arrays, x: JaxArray): JaxArray {
  const dense = (input: JaxArray, name: string) =>
    np.dot(input, weights[`${name}/kernel`]!).add(weights[`${name}/bias`]!);
  return nn.softmax(dense(nn.relu(dense(x, "hidden")), "output"));
}

export async function start({ weights, sample }: PredictProblem): Promise<Run> {
  await startJax();
  const arrays: Arrays = Object.fromEntries(
    Object.entries(weights).map(([name, values]) => [name, toArray(values)]),
  );
  const jitted = jit(forward) as (weights: Arrays, x: JaxArray) => JaxArray;
  const x = toArray(sample);
  return awaitedRun(steps, async () => (await read(jitted(tree.ref(arrays), x.ref)))[0]!);
}
