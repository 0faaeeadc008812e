// A recurrent layer of 64 units over 32 steps of 16 features, and a dense layer that predicts one number.
import {
  filled,
  glorot,
  kernelAndBias,
  type TrainingProblem,
  uniformValues,
  type Weights,
} from "../problem.ts";
import { seededUniform } from "../random.ts";
import { jaxVariants, overPeers } from "../tables.ts";
import type { Workload } from "../types.ts";

export const steps = 32;
export const features = 16;
export const units = 64;
export const batchSize = 32;

const stepsPerEpoch = 4;

type Kind = "lstm" | "gru";

/** Keras's gates: i, f, c, o with a forget bias of 1; and z, r, h with a bias for the inputs and one for the state. */
function bias(kind: Kind): Weights[string] {
  if (kind === "gru") return filled([2, 3 * units]);
  const values = filled([4 * units]);
  values.data.fill(1, units, 2 * units);
  return values;
}

function problem(kind: Kind): TrainingProblem {
  const uniform = seededUniform(20261126);
  const width = (kind === "lstm" ? 4 : 3) * units;
  return {
    weights: {
      [`${kind}/kernel`]: glorot([features, width], uniform),
      [`${kind}/recurrent_kernel`]: glorot([units, width], uniform),
      [`${kind}/bias`]: bias(kind),
      ...kernelAndBias("dense", [units, 1], uniform),
    },
    batches: Array.from({ length: stepsPerEpoch }, () => {
      const x = uniformValues([batchSize, steps, features], 1, uniform);
      return { x, y: { data: targetsOf(x.data as Float32Array), shape: [batchSize, 1] } };
    }),
  };
}

/** Of each sequence: 1 plus the mean of the first feature over its last quarter, so that there is something to remember. */
function targetsOf(x: Float32Array): Float32Array<ArrayBuffer> {
  const span = steps / 4;
  return Float32Array.from({ length: batchSize }, (_, sample) => {
    let sum = 0;
    for (let step = steps - span; step < steps; step++) sum += x[(sample * steps + step) * features]!;
    return 1 + sum / span;
  });
}

const title = (name: string) =>
  `${name} of ${units} units, ${steps} steps of ${features} features, batch ${batchSize}, Dense(1), mse, Adam`;

/** Two operations for each multiply-add of the gates, forward and twice in backward. */
const work = (gates: number) => ({
  flops: 6 * batchSize * steps * gates * units * (features + units),
});

const tape: Workload<TrainingProblem>["variants"][number] = {
  name: "tape",
  library: "tenrec",
  description: "Sequential model, hand-written GradientTape step",
  load: async () => ({ start: (await import("./recurrent.tenrec.ts")).startTape }),
};
const fit: typeof tape = {
  name: "fit",
  library: "tenrec",
  description: "Sequential model, fit on resident tensors",
  load: async () => ({ start: (await import("./recurrent.tenrec.ts")).startFit }),
};
const targets = {
  webgpu: { ratios: { tfjs: 1 / 3, jaxjs: 1 / 1.5 }, dispatches: 12, firstPipelines: 20 },
  cpu: overPeers(1 / 1.5),
};

export const lstm: Workload<TrainingProblem> = {
  name: "lstm",
  title: title("LSTM"),
  stepsPerEpoch,
  targets,
  work: work(4),
  problem: () => problem("lstm"),
  variants: [
    tape,
    fit,
    {
      name: "layers",
      library: "tfjs",
      description: "model of the layers API, Optimizer.minimize on resident batches",
      load: async () => ({ start: (await import("./recurrent.tfjs.ts")).startLstm }),
    },
    ...jaxVariants({
      name: "jit",
      description: "one jit of valueAndGrad and Adam, the time steps unrolled",
      load: async () => ({ start: (await import("./recurrent.jaxjs.ts")).startLstm }),
    }),
  ],
};

export const gru: Workload<TrainingProblem> = {
  name: "gru",
  title: title("GRU (reset after the product)"),
  stepsPerEpoch,
  targets,
  work: work(3),
  problem: () => problem("gru"),
  variants: [
    tape,
    fit,
    {
      name: "ops",
      library: "tfjs",
      description: "hand-written forward (its layer cannot reset after the product), Optimizer.minimize",
      load: async () => ({ start: (await import("./recurrent.tfjs.ts")).startGru }),
    },
    ...jaxVariants({
      name: "jit",
      description: "one jit of valueAndGrad and Adam, the time steps unrolled",
      load: async () => ({ start: (await import("./recurrent.jaxjs.ts")).startGru }),
    }),
  ],
};
