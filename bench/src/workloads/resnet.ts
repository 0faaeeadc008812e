// ResNet-20 for 32x32x3 pictures (He et al. 2016, section 4.2): nine blocks of two 3x3 convolutions with batch normalisation.
import { filled, glorot, kernelAndBias, type TrainingProblem, type Weights } from "../problem.ts";
import { seededUniform } from "../random.ts";
import { lacksOnCpu, overPeers } from "../tables.ts";
import type { Workload } from "../types.ts";
import { pictures } from "./pictures.ts";

export const classes = 10;
export const inputShape = [32, 32, 3] as const;
/** Filters of the first convolution and of each stage; a stage starts with half the height and width of the one before. */
export const stages = [16, 32, 64] as const;
export const normalization = { momentum: 0.99, epsilon: 1e-3 } as const;

const batchSize = 16;
const stepsPerEpoch = 2;

export interface Block {
  name: string;
  filters: number;
  strides: 1 | 2;
  /** Whether a 1x1 convolution brings the input to the output's shape. */
  projected: boolean;
}

export const blocks: readonly Block[] = stages.flatMap((filters, stage) =>
  [0, 1, 2].map((index): Block => {
    const isNarrowing = stage > 0 && index === 0;
    return {
      name: `stage${stage}_block${index}`,
      filters,
      strides: isNarrowing ? 2 : 1,
      projected: isNarrowing,
    };
  }),
);

function convolution(name: string, size: number, from: number, to: number, uniform: () => number): Weights {
  return {
    [`${name}_conv/kernel`]: glorot([size, size, from, to], uniform),
    [`${name}_norm/gamma`]: filled([to], 1),
    [`${name}_norm/beta`]: filled([to]),
    [`${name}_norm/moving_mean`]: filled([to]),
    [`${name}_norm/moving_variance`]: filled([to], 1),
  };
}

function weights(uniform: () => number): Weights {
  let channels: number = stages[0];
  const all = convolution("first", 3, inputShape[2], channels, uniform);
  for (const { name, filters, projected } of blocks) {
    Object.assign(all, convolution(`${name}_a`, 3, channels, filters, uniform));
    Object.assign(all, convolution(`${name}_b`, 3, filters, filters, uniform));
    if (projected) all[`${name}_shortcut/kernel`] = glorot([1, 1, channels, filters], uniform);
    channels = filters;
  }
  return { ...all, ...kernelAndBias("dense", [channels, classes], uniform) };
}

function problem(): TrainingProblem {
  const uniform = seededUniform(20261127);
  return {
    weights: weights(uniform),
    batches: pictures(stepsPerEpoch, [batchSize, ...inputShape], classes, uniform),
  };
}

/** Multiply-adds of the convolutions of a picture. */
function products(): number {
  let extent: number = inputShape[0];
  let channels: number = stages[0];
  let sum = extent ** 2 * 9 * inputShape[2] * channels;
  for (const { filters, strides, projected } of blocks) {
    extent /= strides;
    const cells = extent ** 2 * filters;
    sum += cells * 9 * (channels + filters) + (projected ? cells * channels : 0);
    channels = filters;
  }
  return sum;
}

export const resnet: Workload<TrainingProblem> = {
  name: "resnet20",
  title: `ResNet-20 on 32x32x3, batch ${batchSize}, Adam`,
  stepsPerEpoch,
  targets: { webgpu: { ...overPeers(1), dispatches: 150 } },
  work: { flops: 6 * batchSize * products() },
  problem,
  variants: [
    {
      name: "jit",
      library: "tenrec",
      description: "functional model, hand-written GradientTape step under jit",
      load: async () => ({ start: (await import("./resnet.tenrec.ts")).startJit }),
    },
    {
      name: "layers",
      library: "tfjs",
      description: "functional model of the layers API, Optimizer.minimize on resident batches",
      ...lacksOnCpu("Conv2DBackpropFilter"),
      load: () => import("./resnet.tfjs.ts"),
    },
    {
      name: "jit",
      library: "jaxjs",
      description: "one jit of valueAndGrad and Adam, NCHW, running statistics as auxiliary results",
      load: () => import("./resnet.jaxjs.ts"),
    },
  ],
};
