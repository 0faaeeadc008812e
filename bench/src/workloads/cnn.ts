// Keras's convolutional network for digits: convolutions of 32 and 64 filters, pooled, and a dense layer, on 28x28x1.
import { kernelAndBias, type TrainingProblem } from "../problem.ts";
import { seededUniform } from "../random.ts";
import { lacksOnCpu, overPeers, tenrecVariants } from "../tables.ts";
import type { Workload } from "../types.ts";
import { pictures } from "./pictures.ts";

export const classes = 10;
/** Two unpadded convolutions and two poolings leave 5x5 of the 28x28. */
export const flatShape = [5, 5, 64] as const;

const stepsPerEpoch = 4;

function problem(batchSize: number): TrainingProblem {
  const uniform = seededUniform(20261125);
  return {
    weights: {
      ...kernelAndBias("conv1", [3, 3, 1, 32], uniform),
      ...kernelAndBias("conv2", [3, 3, 32, 64], uniform),
      ...kernelAndBias("dense", [flatShape[0] * flatShape[1] * flatShape[2], classes], uniform),
    },
    batches: pictures(stepsPerEpoch, [batchSize, 28, 28, 1], classes, uniform),
  };
}

/** Multiply-adds of a picture: two operations each, forward and twice in backward, where the pictures need no gradient. */
const products = { conv1: 26 ** 2 * 9 * 32, conv2: 11 ** 2 * 9 * 32 * 64, dense: 1600 * classes };
const flops = 2 * (2 * products.conv1 + 3 * products.conv2 + 3 * products.dense);

const cnn = (batchSize: number): Workload<TrainingProblem> => ({
  name: `cnn-b${batchSize}`,
  title: `CNN on 28x28x1 (conv 32, pool, conv 64, pool, dense 10), batch ${batchSize}, Adam`,
  stepsPerEpoch,
  targets: {
    webgpu: { ratios: { tfjs: 1 / 3, jaxjs: 1 / 1.5 }, dispatches: 18 },
    cpu: overPeers(1 / 1.5),
  },
  work: { flops: batchSize * flops },
  problem: () => problem(batchSize),
  variants: [
    {
      name: "tape",
      library: "tenrec",
      description: "Sequential model, hand-written GradientTape step",
      load: async () => ({ start: (await import("./cnn.tenrec.ts")).startTape }),
    },
    ...tenrecVariants({
      name: "fit",
      description: "Sequential model, fit on resident tensors",
      load: async () => ({ start: (await import("./cnn.tenrec.ts")).startFit }),
    }),
    {
      name: "layers",
      library: "tfjs",
      description: "model of the layers API, Optimizer.minimize on resident batches",
      ...lacksOnCpu("Conv2DBackpropFilter"),
      load: () => import("./cnn.tfjs.ts"),
    },
    {
      name: "jit",
      library: "jaxjs",
      description: "one jit of valueAndGrad and Adam, NCHW",
      load: () => import("./cnn.jaxjs.ts"),
    },
  ],
});

export const cnn32 = cnn(32);
export const cnn128 = cnn(128);
