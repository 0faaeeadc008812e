// The MLP as one jitted jax-js training step: value, gradient, Adam and accuracy.
import {
  blockUntilReady,
  type Array as JaxArray,
  jit,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
} from "@jax-js/jax";
import { finish, send, startJax } from "../libraries/jaxjs.ts";
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

type Weights = { kernel1: JaxArray; bias1: JaxArray; kernel2: JaxArray; bias2: JaxArray };
type State = { weights: Weights; means: Weights; variances: Weights; step: JaxArray };
type Batch = { images: JaxArray; labels: JaxArray; oneHot: JaxArray };
type Outcome = { state: State; loss: JaxArray; accuracy: JaxArray };

const beta1 = 0.9;
const beta2 = 0.999;

/** Every function here consumes its arguments, as jax-js asks. */
function lossOf(weights: Weights, { images, labels, oneHot }: Batch): [JaxArray, JaxArray] {
  const activation = nn.relu(np.dot(images, weights.kernel1).add(weights.bias1));
  const logits = np.dot(activation, weights.kernel2).add(weights.bias2);
  const accuracy = np.argmax(logits.ref, 1).equal(labels).astype(np.float32).mean();
  const loss = nn
    .logSoftmax(logits)
    .mul(oneHot)
    .sum()
    .mul(-1 / batchSize);
  return [loss, accuracy];
}

/** Adam in Keras's form: rate sqrt(1 - beta2^t) / (1 - beta1^t), epsilon added to the uncorrected root. */
function adam(gradients: Weights, { weights, means, variances, step }: State): State {
  const next = step.add(1);
  const correction2 = np.sqrt(np.subtract(1, np.power(beta2, next.ref)));
  const rate = correction2.mul(learningRate).div(np.subtract(1, np.power(beta1, next.ref)));
  const squares = tree.map((gradient: JaxArray) => np.square(gradient.ref), gradients);
  const newMeans = tree.map(
    (mean: JaxArray, gradient: JaxArray) => mean.mul(beta1).add(gradient.mul(1 - beta1)),
    means,
    gradients,
  ) as Weights;
  const newVariances = tree.map(
    (variance: JaxArray, square: JaxArray) => variance.mul(beta2).add(square.mul(1 - beta2)),
    variances,
    squares as Weights,
  ) as Weights;
  const newWeights = tree.map(
    (weight: JaxArray, mean: JaxArray, variance: JaxArray) =>
      weight.sub(mean.ref.mul(rate.ref).div(np.sqrt(variance.ref).add(epsilon))),
    weights,
    newMeans,
    newVariances,
  ) as Weights;
  rate.dispose();
  return { weights: newWeights, means: newMeans, variances: newVariances, step: next };
}

function trainingStep(state: State, batch: Batch): Outcome {
  const [[loss, accuracy], gradients] = valueAndGrad(lossOf, { hasAux: true })(
    tree.ref(state.weights),
    batch,
  );
  return { state: adam(gradients as Weights, state), loss, accuracy };
}

function initialState(problem: MlpProblem): State {
  const zeros = () => ({
    kernel1: np.zeros([features, hidden]),
    bias1: np.zeros([hidden]),
    kernel2: np.zeros([hidden, classes]),
    bias2: np.zeros([classes]),
  });
  return {
    weights: {
      kernel1: np.array(problem.kernel1).reshape([features, hidden]),
      bias1: np.array(problem.bias1),
      kernel2: np.array(problem.kernel2).reshape([hidden, classes]),
      bias2: np.array(problem.bias2),
    },
    means: zeros(),
    variances: zeros(),
    step: np.array([0]).reshape([]),
  };
}

export async function startJit(problem: MlpProblem): Promise<Run> {
  await startJax();
  const step = jit(trainingStep) as (state: State, batch: Batch) => Outcome;
  let state = await blockUntilReady(initialState(problem));
  const batches = await blockUntilReady(
    batchesOf(problem).map(({ images, labels }): Batch => {
      const labelArray = np.array(labels);
      return {
        images: np.array(images).reshape([batchSize, features]),
        labels: labelArray,
        oneHot: nn.oneHot(labelArray.ref, classes),
      };
    }),
  );
  const advance = (batch: Batch) => {
    const outcome = step(state, tree.ref(batch));
    state = outcome.state;
    return outcome;
  };
  return {
    firstStep: async () => {
      const { loss, accuracy } = advance(batches[0]!);
      accuracy.dispose();
      return (await loss.data())[0]!;
    },
    train: async (epochs, clock) => {
      const results: EpochResult[] = [];
      for (let epoch = 0; epoch < epochs; epoch++) results.push(await trainEpoch(batches, advance, clock));
      return results;
    },
  };
}

async function trainEpoch(
  batches: Batch[],
  advance: (batch: Batch) => Outcome,
  clock: StepClock,
): Promise<EpochResult> {
  const losses: JaxArray[] = [];
  const accuracies: JaxArray[] = [];
  for (const batch of batches) {
    clock.time(() => {
      const { loss, accuracy } = advance(batch);
      send(loss);
      losses.push(loss);
      accuracies.push(accuracy);
    });
    await finish(losses.at(-1)!);
  }
  const [loss, accuracy] = await np.stack([np.stack(losses).mean(), np.stack(accuracies).mean()]).data();
  return { loss: loss!, accuracy: accuracy! };
}
