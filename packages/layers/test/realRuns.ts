/** @file Runs of 20 steps of real networks from a fixed start, and how far two of them are apart. */
import { gradients, type JitOptions, jit, ops, random, type Tensor, tensor } from "@tenrec/tensor";
import { layers, type Model, optimizers, Sequential } from "../src/index.ts";
import { backend } from "./golden/backend.ts";
import { sequence } from "./golden/sequence.ts";
import { charGpt, cnn, lstm, mlp, resNet, transformerBlock } from "./realModels.ts";

const numSteps = 20;
const batch = 4;

type LossOf = (target: Tensor, prediction: Tensor) => Tensor;
const squares: LossOf = (target, prediction) => ops.mean(ops.square(prediction.sub(target)));
const entropy: LossOf = (target, prediction) =>
  ops.mean(ops.sparseCategoricalCrossentropy(target, prediction));
const entropyOfLogits: LossOf = (target, logits) =>
  ops.mean(ops.sparseCategoricalCrossentropy(target, logits, { fromLogits: true }));

const floats = (...shape: number[]): Tensor => tensor(sequence(shape, 7), { shape });
const integers = (end: number, ...shape: number[]): Tensor => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const data = Int32Array.from({ length: size }, (_, i) => (i * 7 + (i >> 3)) % end);
  return tensor(data, { shape });
};

export interface Program {
  readonly make: () => Model;
  readonly lossOf: LossOf;
  readonly x: () => Tensor;
  readonly y: () => Tensor;
}

const block = { width: 16, heads: 2, steps: 6 };
const gpt = { ...block, blocks: 2, vocabulary: 11 };

/** A kernel for each step; on the cpu every width is one for the sequence. */
const wideLstm: Program = {
  make: () => lstm(3, 3, 260),
  lossOf: squares,
  x: () => floats(batch, 3, 3),
  y: () => floats(batch, 1),
};

export const programs: Readonly<Record<string, Program>> = {
  ...(backend === "webgpu" ? { "wide LSTM": wideLstm } : {}),
  MLP: { make: () => mlp(12, 16), lossOf: entropy, x: () => floats(batch, 12), y: () => integers(10, batch) },
  CNN: {
    make: () => cnn(10, [4, 8]),
    lossOf: entropy,
    x: () => floats(batch, 10, 10, 1),
    y: () => integers(10, batch),
  },
  LSTM: {
    make: () => lstm(5, 3, 8),
    lossOf: squares,
    x: () => floats(batch, 5, 3),
    y: () => floats(batch, 1),
  },
  "GRU both ways": {
    make: () => {
      const gru = new layers.GRU(8, { returnSequences: true });
      return new Sequential([new layers.Bidirectional(gru), new layers.Dense(1)]);
    },
    lossOf: squares,
    x: () => floats(batch, 5, 3),
    y: () => floats(batch, 5, 1),
  },
  "transformer block": {
    make: () => transformerBlock(block),
    lossOf: squares,
    x: () => floats(batch, block.steps, block.width),
    y: () => floats(batch, block.steps, block.width),
  },
  "character model": {
    make: () => charGpt(gpt),
    lossOf: entropyOfLogits,
    x: () => integers(gpt.vocabulary, batch, gpt.steps),
    y: () => integers(gpt.vocabulary, batch, gpt.steps),
  },
  "residual network": {
    make: () => resNet({ side: 8, stages: [4, 8], blocksPerStage: 1 }),
    lossOf: entropy,
    x: () => floats(batch, 8, 8, 3),
    y: () => integers(10, batch),
  },
};

export interface Run {
  readonly losses: readonly number[];
  readonly weights: readonly ArrayLike<number>[];
  readonly numCalls: number;
  /** Kernels that share a call counted each. */
  readonly numKernels: number;
}

type PlanStep = NonNullable<ReturnType<ReturnType<typeof jit>["explain"]>>["plan"]["steps"][number];
type Call = Extract<PlanStep, { kind: "call" }>;
const callsIn = (step: PlanStep): readonly Call[] =>
  step.kind === "call" ? [step] : step.steps.flatMap(callsIn);

/** Losses and final weights of jitted steps from the same start. */
export async function train({ make, lossOf, x, y }: Program, options: JitOptions): Promise<Run> {
  random.setRandomSeed(3);
  const model = make();
  // The gradient of attention's key biases is 0 but for rounding, which a smaller epsilon would blow up to whole steps.
  const optimizer = new optimizers.Adam({ learningRate: 0.01, epsilon: 1e-4 });
  const step = jit((images: Tensor, labels: Tensor) => {
    const loss = lossOf(labels, model.apply(images, { training: true }));
    const variables = model.trainableVariables;
    optimizer.apply(gradients(loss, variables), variables);
    return loss;
  }, options);
  const [images, labels] = [x(), y()];
  model.apply(images);
  optimizer.build(model.trainableVariables);
  const losses: number[] = [];
  for (let i = 0; i < numSteps; i++) losses.push(await step(images, labels).item());
  const calls = (step.explain()?.plan.steps ?? []).flatMap(callsIn);
  const numKernels = calls.flatMap(({ kernel }) => (kernel.form === "side" ? kernel.parts : [kernel])).length;
  return { losses, weights: await model.getWeights(), numCalls: calls.length, numKernels };
}

export const distance = (found: Run, wanted: Run): number =>
  Math.max(
    ...wanted.losses.map(
      (loss, i) => Math.abs((found.losses[i] as number) - loss) / Math.max(1, Math.abs(loss)),
    ),
    ...wanted.weights.map((values, i) =>
      Array.from(values).reduce(
        (most, value, j) => Math.max(most, Math.abs((found.weights[i]?.[j] as number) - value)),
        0,
      ),
    ),
  );
