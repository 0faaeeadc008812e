// Single operations in jax-js.
import { grad, type Array as JaxArray, nn, numpy as np } from "@jax-js/jax";
import { operationRun, startJax, toArray } from "../libraries/jaxjs.ts";
import type { Run } from "../types.ts";
import { epsilon, type Operation, type OperationProblem } from "./operations.ts";

function layerNorm(x: JaxArray, gamma: JaxArray, beta: JaxArray): JaxArray {
  const centred = x.ref.sub(x.mean(-1, { keepdims: true }));
  const variance = np.square(centred.ref).mean(-1, { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(epsilon)))
    .mul(gamma)
    .add(beta);
}

const operations: Record<Operation, (...operands: JaxArray[]) => JaxArray> = {
  matmul: (a, b) => np.matmul(a!, b!),
  negate: (x) => np.negative(x!),
  chain: (x, y) =>
    np
      .sqrt(np.abs(x!.mul(2).add(1)))
      .mul(y!)
      .sub(0.5),
  gates: (x, y, z) => nn.sigmoid(x!.ref.mul(y!).add(z!)).mul(np.tanh(x!)),
  sum: (x) => x!.sum(),
  softmax: (x) => nn.softmax(x!),
  layerNorm: (x, gamma, beta) => layerNorm(x!, gamma!, beta!),
  embeddingGradient: (table, ids, upstream) =>
    grad((weights: JaxArray) => np.take(weights, ids!, 0).mul(upstream!).sum())(table!) as JaxArray,
};

export async function start({ operation, steps, operands }: OperationProblem): Promise<Run> {
  await startJax();
  return operationRun(steps, operations[operation], operands.map(toArray));
}
