// Predictions of the MLP 784-128-10 for one sample at a time, each awaited: what a live demonstration does.
import { kernelAndBias, uniformValues, type Values, type Weights } from "../problem.ts";
import { seededUniform } from "../random.ts";
import { jaxVariants, overPeers } from "../tables.ts";
import type { Workload } from "../types.ts";

export const features = 784;
export const hidden = 128;
export const classes = 10;
export const steps = 50;

export interface PredictProblem {
  weights: Weights;
  sample: Values;
}

function problem(): PredictProblem {
  const uniform = seededUniform(20261201);
  return {
    weights: {
      ...kernelAndBias("hidden", [features, hidden], uniform),
      ...kernelAndBias("output", [hidden, classes], uniform),
    },
    sample: uniformValues([1, features], 1, uniform),
  };
}

export const predict: Workload<PredictProblem> = {
  name: "predict",
  title: "Prediction of the MLP 784-128-10 at batch 1, each awaited",
  stepsPerEpoch: steps,
  targets: { webgpu: { ...overPeers(1), dispatches: 3 }, cpu: { ratios: {}, stepMs: 0.05 } },
  problem,
  variants: [
    {
      name: "predict",
      library: "tenrec",
      description: "model.predict, then data()",
      load: () => import("./predict.tenrec.ts"),
    },
    {
      name: "predict",
      library: "tfjs",
      description: "LayersModel.predict, then data()",
      load: () => import("./predict.tfjs.ts"),
    },
    ...jaxVariants({
      name: "jit",
      description: "a jitted forward, then data()",
      load: () => import("./predict.jaxjs.ts"),
    }),
  ],
};
