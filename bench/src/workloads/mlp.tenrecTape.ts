// The MLP as a hand-written, un-jitted Tenrec step: tape, losses and optimizer by hand.
import { GradientTape, ops, optimizers, type Tensor, tensor, Variable } from "tenrec";
import { startTenrec } from "../libraries/tenrec.ts";
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
  images: Tensor;
  labels: Tensor;
}

type Step = (batch: Batch) => { loss: Tensor; accuracy: Tensor };

function createStep(problem: MlpProblem): Step {
  const kernel1 = new Variable(tensor(problem.kernel1, { shape: [features, hidden] }), { name: "kernel1" });
  const bias1 = new Variable(tensor(problem.bias1, { shape: [hidden] }), { name: "bias1" });
  const kernel2 = new Variable(tensor(problem.kernel2, { shape: [hidden, classes] }), { name: "kernel2" });
  const bias2 = new Variable(tensor(problem.bias2, { shape: [classes] }), { name: "bias2" });
  const variables = [kernel1, bias1, kernel2, bias2];
  const optimizer = new optimizers.Adam({ learningRate, epsilon });
  return ({ images, labels }) => {
    const tape = new GradientTape();
    let accuracy: Tensor | undefined;
    const loss = tape.run(() => {
      const activation = images.matmul(kernel1).add(bias1).relu();
      const logits = activation.matmul(kernel2).add(bias2);
      accuracy = ops.mean(ops.cast(ops.equal(ops.argmax(logits, { axis: 1 }), labels), "float32"));
      return ops.mean(ops.sparseCategoricalCrossentropy(labels, logits, { fromLogits: true }));
    });
    optimizer.apply(tape.gradient(loss, variables), variables);
    return { loss, accuracy: accuracy! };
  };
}

export async function startTape(problem: MlpProblem): Promise<Run> {
  await startTenrec();
  const step = createStep(problem);
  const batches = batchesOf(problem).map(({ images, labels }) => ({
    images: tensor(images, { shape: [batchSize, features] }),
    labels: tensor(labels, { shape: [batchSize] }),
  }));
  return {
    firstStep: async () => (await step(batches[0]!).loss.data())[0]!,
    train: async (epochs, clock) => {
      const results: EpochResult[] = [];
      for (let epoch = 0; epoch < epochs; epoch++) results.push(await trainEpoch(batches, step, clock));
      return results;
    },
  };
}

async function trainEpoch(batches: Batch[], step: Step, clock: StepClock): Promise<EpochResult> {
  const losses: Tensor[] = [];
  const accuracies: Tensor[] = [];
  for (const batch of batches) {
    clock.time(() => {
      const { loss, accuracy } = step(batch);
      losses.push(loss);
      accuracies.push(accuracy);
    });
  }
  const means = ops.stack([ops.mean(ops.stack(losses)), ops.mean(ops.stack(accuracies))]);
  const [loss, accuracy] = await means.data();
  return { loss: loss!, accuracy: accuracy! };
}
