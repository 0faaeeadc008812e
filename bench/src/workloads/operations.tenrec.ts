// Single operations in Tenrec.
import { grad, ops, type Tensor } from "tenrec";
import { operationRun, startTenrec, toTensor } from "../libraries/tenrec.ts";
import type { Run } from "../types.ts";
import { epsilon, type Operation, type OperationProblem } from "./operations.ts";

const operations: Record<Operation, (...operands: Tensor[]) => Tensor> = {
  matmul: (a, b) => ops.matmul(a!, b!),
  negate: (x) => ops.negative(x!),
  chain: (x, y) =>
    ops
      .sqrt(ops.abs(x!.mul(2).add(1)))
      .mul(y!)
      .sub(0.5),
  gates: (x, y, z) => ops.sigmoid(x!.mul(y!).add(z!)).mul(ops.tanh(x!)),
  sum: (x) => ops.sum(x!),
  softmax: (x) => ops.softmax(x!),
  layerNorm: (x, gamma, beta) =>
    ops.layerNormalization(x!, { gamma: gamma!, beta: beta!, axis: -1, epsilon }),
  embeddingGradient: (table, ids, upstream) =>
    grad((weights: Tensor) => ops.sum(ops.take(weights, ids!, { axis: 0 }).mul(upstream!)))(table!),
};

export async function start({ operation, steps, operands }: OperationProblem): Promise<Run> {
  await startTenrec();
  return operationRun(steps, operations[operation], operands.map(toTensor));
}
