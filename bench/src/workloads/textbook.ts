// The first network of the Keras textbook: 784-512-10 on pictures in the size of MNIST's, by RMSprop, through the loop of each library.
import { kernelAndBias, learningRate, type TrainingProblem } from "../problem.ts";
import { seededUniform } from "../random.ts";
import { jaxVariants, overPeers, tenrecVariants } from "../tables.ts";
import type { Workload } from "../types.ts";
import { pictures } from "./pictures.ts";

export const features = 28 * 28;
export const hidden = 512;
export const classes = 10;
/** Keras's own values but for the rate: at 1e-3 rounding grows to a difference of losses of 1.5e-3 within five epochs. */
export const optimizer = { learningRate, rho: 0.9, epsilon: 1e-7 };

const batchSize = 128;
/** A tenth of MNIST, in whole batches. */
const stepsPerEpoch = 47;

function problem(): TrainingProblem {
  const uniform = seededUniform(20261202);
  return {
    weights: {
      ...kernelAndBias("hidden", [features, hidden], uniform),
      ...kernelAndBias("output", [hidden, classes], uniform),
    },
    batches: pictures(stepsPerEpoch, [batchSize, 28, 28, 1], classes, uniform).map(({ x, y }) => ({
      x: { ...x, shape: [batchSize, features] },
      y,
    })),
  };
}

export const textbook: Workload<TrainingProblem> = {
  name: "textbook",
  title: `Textbook network 784-512-10 on ${stepsPerEpoch * batchSize} pictures, batch ${batchSize}, RMSprop, softmax + sparse categorical crossentropy, accuracy`,
  stepsPerEpoch,
  targets: { cpu: overPeers(1 / 1.5) },
  // Forward and both gradients, but none for the pictures.
  work: { flops: 2 * batchSize * (2 * features * hidden + 3 * hidden * classes), samples: batchSize },
  problem,
  variants: [
    ...tenrecVariants<TrainingProblem>({
      name: "fit",
      description: "model.fit on resident tensors",
      load: () => import("./textbook.tenrec.ts"),
    }),
    {
      name: "fit",
      library: "tfjs",
      description: "LayersModel.fit on resident tensors, yieldEvery never",
      load: () => import("./textbook.tfjs.ts"),
    },
    ...jaxVariants<TrainingProblem>({
      name: "jit",
      description: "one jit of valueAndGrad and RMSprop on resident batches, without accuracy: it has no fit",
      load: () => import("./textbook.jaxjs.ts"),
    }),
  ],
};
