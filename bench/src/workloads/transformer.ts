// A transformer block (attention before the perceptron, normalised inputs) and a small language model of four of them.
import {
  filled,
  glorot,
  integers,
  kernelAndBias,
  type TrainingProblem,
  uniformValues,
  type Weights,
} from "../problem.ts";
import { seededUniform } from "../random.ts";
import { jaxVariants, lacksOnCpu, overPeers, tenrecVariants } from "../tables.ts";
import type { Variant, Workload } from "../types.ts";

export const width = 128;
export const heads = 4;
export const headWidth = width / heads;
export const hidden = 4 * width;
export const epsilon = 1e-5;
export const vocabulary = 96;
export const contextLength = 128;
export const blockCount = 4;

/** Multiply-adds of a block's forward, per position: projections, scores and mixing, and the perceptron. */
const blockProducts = (length: number): number => 4 * width ** 2 + 2 * length * width + 2 * width * hidden;

/** Two operations each, forward and twice in backward. */
const trainingFlops = (products: number): number => 6 * products;

const blockBatch = { size: 8, length: 64 };
const gptBatchSize = 4;
const stepsPerEpoch = { block: 4, gpt: 2 };

function normalizationWeights(name: string): Weights {
  return { [`${name}/gamma`]: filled([width], 1), [`${name}/beta`]: filled([width]) };
}

/** Projections in the shapes of Keras's MultiHeadAttention. */
function attentionWeights(name: string, uniform: () => number): Weights {
  const projection = (part: string): Weights => ({
    [`${name}/${part}/kernel`]: { ...glorot([width, width], uniform), shape: [width, heads, headWidth] },
    [`${name}/${part}/bias`]: filled([heads, headWidth]),
  });
  return {
    ...projection("query"),
    ...projection("key"),
    ...projection("value"),
    [`${name}/attention_output/kernel`]: {
      ...glorot([width, width], uniform),
      shape: [heads, headWidth, width],
    },
    [`${name}/attention_output/bias`]: filled([width]),
  };
}

function blockWeights(name: string, uniform: () => number): Weights {
  return {
    ...normalizationWeights(`${name}/norm1`),
    ...attentionWeights(`${name}/attention`, uniform),
    ...normalizationWeights(`${name}/norm2`),
    ...kernelAndBias(`${name}/expand`, [width, hidden], uniform),
    ...kernelAndBias(`${name}/contract`, [hidden, width], uniform),
  };
}

export const blockName = (index: number): string => `block${index}`;

function blockProblem(): TrainingProblem {
  const uniform = seededUniform(20261128);
  const shape = [blockBatch.size, blockBatch.length, width];
  return {
    weights: blockWeights(blockName(0), uniform),
    batches: Array.from({ length: stepsPerEpoch.block }, () => ({
      x: uniformValues(shape, 1, uniform),
      y: uniformValues(shape, 1, uniform),
    })),
  };
}

function gptProblem(): TrainingProblem {
  const uniform = seededUniform(20261129);
  const weights: Weights = {
    "positions/embeddings": uniformValues([contextLength, width], 0.05, uniform),
    "tokens/embeddings": uniformValues([vocabulary, width], 0.05, uniform),
  };
  for (let index = 0; index < blockCount; index++) {
    Object.assign(weights, blockWeights(blockName(index), uniform));
  }
  Object.assign(weights, normalizationWeights("norm"), kernelAndBias("head", [width, vocabulary], uniform));
  return {
    weights,
    batches: Array.from({ length: stepsPerEpoch.gpt }, () => sentences(uniform)),
  };
}

/** Text of a sort: the next character is mostly the one three further in the alphabet. */
function sentences(uniform: () => number): {
  x: ReturnType<typeof integers>;
  y: ReturnType<typeof integers>;
} {
  const shape = [gptBatchSize, contextLength];
  const x = integers(shape, vocabulary, uniform);
  const y = integers(shape, vocabulary, uniform);
  for (let index = 0; index < x.data.length; index++) {
    if (index % contextLength !== 0) x.data[index] = y.data[index - 1]!;
    if (uniform() < 0.8) y.data[index] = (x.data[index]! + 3) % vocabulary;
  }
  return { x, y };
}

const variants = (part: "Block" | "Gpt"): Variant<TrainingProblem>[] => [
  ...tenrecVariants({
    name: "jit",
    description: "layers called by a hand-written GradientTape step under jit",
    load: async () => ({ start: (await import("./transformer.tenrec.ts"))[`start${part}`] }),
  }),
  {
    name: "ops",
    library: "tfjs",
    description: "hand-written forward, Optimizer.minimize on resident batches",
    // The language model's embeddings are looked up; the block has none.
    ...(part === "Gpt" && lacksOnCpu("UnsortedSegmentSum")),
    load: async () => ({ start: (await import("./transformer.tfjs.ts"))[`start${part}`] }),
  },
  ...jaxVariants({
    name: "jit",
    description: "one jit of valueAndGrad and Adam, nn.dotProductAttention",
    load: async () => ({ start: (await import("./transformer.jaxjs.ts"))[`start${part}`] }),
  }),
];

export const transformer: Workload<TrainingProblem> = {
  name: "transformer",
  title: `Transformer block, width ${width}, ${heads} heads, ${blockBatch.length} positions, batch ${blockBatch.size}, mse, Adam`,
  stepsPerEpoch: stepsPerEpoch.block,
  targets: {
    webgpu: { ratios: { tfjs: 1 / 3, jaxjs: 1 / 1.5 }, dispatches: 32 },
    cpu: overPeers(1 / 1.5),
  },
  work: {
    flops: trainingFlops(blockBatch.size * blockBatch.length * blockProducts(blockBatch.length)),
  },
  problem: blockProblem,
  variants: variants("Block"),
};

export const gpt: Workload<TrainingProblem> = {
  name: "gpt",
  title: `Character model: ${blockCount} causal blocks, width ${width}, ${contextLength} positions, ${vocabulary} characters, batch ${gptBatchSize}, Adam`,
  stepsPerEpoch: stepsPerEpoch.gpt,
  targets: { webgpu: { ...overPeers(1), dispatches: 130 } },
  work: {
    flops: trainingFlops(
      gptBatchSize * contextLength * (blockCount * blockProducts(contextLength) + width * vocabulary),
    ),
  },
  problem: gptProblem,
  variants: variants("Gpt"),
};
