// MLP 784-128-10 on images of ten classes: the workload where dispatches and page time decide, hardly arithmetic.

import { glorotUniform, seededUniform } from "../random.ts";
import { jaxVariants, overPeers, tenrecVariants } from "../tables.ts";
import type { Workload } from "../types.ts";

export const features = 784;
export const hidden = 128;
export const classes = 10;
export const batchSize = 128;
export const stepsPerEpoch = 10;
/** Slow enough that rounding does not grow to a difference of losses within the steps of a run. */
export const learningRate = 2e-4;
/** Small, since TensorFlow.js adds it after the bias correction and Keras before: at 1e-7 losses differ by 8e-4. */
export const epsilon = 1e-8;

/** Row-major arrays; `kernel` is [in, out] as in Keras. */
export interface MlpProblem {
  /** [samples, 784] */
  images: Float32Array<ArrayBuffer>;
  /** [samples] */
  labels: Int32Array<ArrayBuffer>;
  kernel1: Float32Array<ArrayBuffer>;
  bias1: Float32Array<ArrayBuffer>;
  kernel2: Float32Array<ArrayBuffer>;
  bias2: Float32Array<ArrayBuffer>;
}

/** A fifth of the labels is random, so that the loss settles well above 0 and stays comparable to 1e-3. */
const labelNoise = 0.2;

function prototypes(uniform: () => number): Float32Array[] {
  return Array.from({ length: classes }, () =>
    Float32Array.from({ length: features }, () => (uniform() < 0.2 ? uniform() : 0)),
  );
}

function mlpProblem(): MlpProblem {
  const uniform = seededUniform(20261124);
  const centres = prototypes(uniform);
  const samples = batchSize * stepsPerEpoch;
  const images = new Float32Array(samples * features);
  const labels = new Int32Array(samples);
  for (let sample = 0; sample < samples; sample++) {
    const label = Math.floor(uniform() * classes);
    labels[sample] = uniform() < labelNoise ? Math.floor(uniform() * classes) : label;
    images.set(
      centres[label]!.map((centre) => Math.min(1, Math.max(0, centre + (uniform() - 0.5) * 0.6))),
      sample * features,
    );
  }
  return {
    images,
    labels,
    kernel1: glorotUniform(features, hidden, uniform),
    bias1: new Float32Array(hidden),
    kernel2: glorotUniform(hidden, classes, uniform),
    bias2: new Float32Array(classes),
  };
}

/** The batches as views on the data, for libraries that take one tensor a step. */
export function batchesOf(
  problem: MlpProblem,
): { images: Float32Array<ArrayBuffer>; labels: Int32Array<ArrayBuffer> }[] {
  return Array.from({ length: stepsPerEpoch }, (_, step) => ({
    images: problem.images.slice(step * batchSize * features, (step + 1) * batchSize * features),
    labels: problem.labels.slice(step * batchSize, (step + 1) * batchSize),
  }));
}

export const mlp: Workload<MlpProblem> = {
  name: "mlp",
  title: "MLP 784-128-10, batch 128, Adam, softmax + sparse categorical crossentropy, accuracy",
  stepsPerEpoch,
  targets: {
    webgpu: { ratios: { tfjs: 1 / 3, jaxjs: 1 / 1.5 }, dispatches: 8, firstPipelines: 12, stepScriptMs: 0.3 },
    cpu: { ...overPeers(1 / 2), outsideMs: { trainOnBatch: 0.2 } },
  },
  measuresColdStart: true,
  // Forward and both gradients, but none for the images.
  work: { flops: 2 * batchSize * (2 * features * hidden + 3 * hidden * classes) },
  problem: mlpProblem,
  variants: [
    ...tenrecVariants({
      name: "fit",
      description: "model.fit on resident tensors",
      load: async () => ({ start: (await import("./mlp.tenrec.ts")).startFit }),
    }),
    {
      name: "trainOnBatch",
      library: "tenrec",
      description: "model.trainOnBatch on resident batches",
      load: async () => ({ start: (await import("./mlp.tenrec.ts")).startTrainOnBatch }),
    },
    {
      name: "tape",
      library: "tenrec",
      description: "hand-written GradientTape step, not jitted",
      load: async () => ({ start: (await import("./mlp.tenrecTape.ts")).startTape }),
    },
    {
      name: "fit",
      library: "tfjs",
      description: "LayersModel.fit on resident tensors, yieldEvery never",
      load: async () => ({ start: (await import("./mlp.tfjsFit.ts")).startFit }),
    },
    {
      name: "variableGrads",
      library: "tfjs",
      description: "hand-written step: tf.variableGrads and tf.train.adam on resident batches",
      load: async () => ({ start: (await import("./mlp.tfjs.ts")).startVariableGrads }),
    },
    ...jaxVariants({
      name: "jit",
      description: "one jit of valueAndGrad and Adam on resident batches",
      load: async () => ({ start: (await import("./mlp.jaxjs.ts")).startJit }),
    }),
  ],
};
