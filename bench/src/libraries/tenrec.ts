// Brings Tenrec up on the page's backend, and runs training steps and single operations in it.
import {
  type CompileOptions,
  explain,
  GradientTape,
  init,
  jit,
  type Layer,
  type Model,
  ops,
  optimizers,
  type Tensor,
  tensor,
  tidy,
} from "tenrec";
import { backend } from "../backend.ts";
import {
  beta1,
  beta2,
  checkedLength,
  epsilon,
  joined,
  learningRate,
  type TrainingProblem,
  type Values,
  type Weights,
} from "../problem.ts";
import { type Run, trainEpochs } from "../run.ts";

let threads = 1;

/** Has the cpu backend compute in so many threads. */
export function useThreads(count: number): void {
  threads = count;
}

/** "auto" would refuse a software adapter. Where threads do not start, one would be measured under their name. */
export async function startTenrec(): Promise<void> {
  const { features, notice } = await init(backend === "cpu" ? { backend, threads } : { backend });
  if (threads > 1 && !features.includes("threads")) throw new Error(`Tenrec has no threads: ${notice}`);
}

export const toTensor = ({ data, shape }: Values): Tensor => tensor(data, { shape });

/** Weights come in the order of Keras's `model.weights`. */
export function setWeights(layer: Layer, weights: Weights): void {
  const values = Object.values(weights);
  for (const [index, variable] of layer.weights.entries()) variable.assign(toTensor(values[index]!));
}

/** The kernels of a function, which is compiled for it but not run. */
async function explained<A extends unknown[]>(compute: (...args: A) => unknown, args: A): Promise<string> {
  const jitted = jit(compute);
  await jitted.prepare(...args);
  return explain(jitted).split("\n# WGSL")[0]!;
}

const adam = () => new optimizers.Adam({ learningRate, beta1, beta2, epsilon });

export type LossOf = (target: Tensor, prediction: Tensor) => Tensor;

export const meanSquaredError: LossOf = (target, prediction) => ops.mean(ops.square(prediction.sub(target)));

/** Mean of -log of the probability given to each row's class, from logits. */
export const crossEntropy: LossOf = (target, logits) =>
  ops.mean(ops.sparseCategoricalCrossentropy(target, logits, { fromLogits: true }));

/** Steps written by hand: a tape over the layer or model, then the optimizer; as they are, or jitted. */
export function tapeRun(
  problem: TrainingProblem,
  model: Layer,
  lossOf: LossOf,
  { isJitted = false }: { isJitted?: boolean } = {},
): Run {
  const batches = problem.batches.map(({ x, y }) => ({ x: toTensor(x), y: toTensor(y) }));
  model.apply(batches[0]!.x);
  setWeights(model, problem.weights);
  const optimizer = adam();
  optimizer.build(model.trainableVariables);
  const stepOn = (x: Tensor, y: Tensor): Tensor => {
    const tape = new GradientTape();
    const loss = tape.run(() => lossOf(y, model.apply(x, { training: true }) as Tensor));
    const variables = model.trainableVariables;
    optimizer.apply(tape.gradient(loss, variables), variables);
    return loss;
  };
  const run = isJitted ? jit(stepOn) : stepOn;
  const step = (index: number): Tensor => run(batches[index]!.x, batches[index]!.y);
  return {
    explain: () => explained(stepOn, [batches[0]!.x, batches[0]!.y]),
    firstStep: async () => (await step(0).data())[0]!,
    train: trainEpochs({
      steps: batches.length,
      step,
      mean: async (losses) => (await ops.mean(ops.stack(losses)).data())[0]!,
    }),
  };
}

/** Steps by `model.fit` over resident tensors; by Adam, where `settings` name no other optimizer. */
export function fitRun(problem: TrainingProblem, model: Model, settings: CompileOptions): Run {
  const [first] = problem.batches as [TrainingProblem["batches"][number]];
  const batchSize = first.x.shape[0]!;
  const x = toTensor(joined(problem.batches.map((batch) => batch.x)));
  const y = toTensor(joined(problem.batches.map((batch) => batch.y)));
  model.build([null, ...first.x.shape.slice(1)]);
  setWeights(model, problem.weights);
  model.compile({ optimizer: adam(), ...settings });
  return {
    firstStep: async () => (await model.trainOnBatch(toTensor(first.x), toTensor(first.y))).loss!,
    train: async (epochs) => {
      const { history } = await model.fit(x, y, { batchSize, epochs, shuffle: false, verbose: 0 });
      return history.loss!.map((value) => ({ loss: value }));
    },
  };
}

/** One jitted operation over and over on resident operands; the mean of squares of the last result's beginning stands for the loss. */
export function operationRun(
  steps: number,
  operation: (...operands: Tensor[]) => Tensor,
  operands: Tensor[],
): Run {
  const jitted = jit(operation);
  let last = tensor(0);
  const step = () => {
    last.dispose();
    last = jitted(...operands);
  };
  const check = async () => {
    const length = Math.min(checkedLength, last.size);
    const mean = tidy(() => ops.mean(ops.square(last.reshape([-1]).slice([0], [length]))));
    return (await mean.data())[0]!;
  };
  return {
    explain: () => explained(operation, operands),
    firstStep: () => {
      step();
      return check();
    },
    train: trainEpochs({ steps, step, mean: check }),
  };
}
