// The optimizers of jax-js's training steps, in Keras's form, so that they become part of one jit with the gradients.
import { type Array as JaxArray, numpy as np } from "@jax-js/jax";
import { beta1, beta2, epsilon, learningRate } from "../problem.ts";

export type Arrays = Record<string, JaxArray>;

export type Slots = { weights: Arrays; means: Arrays; variances: Arrays; step: JaxArray };

export function mapArrays(first: Arrays, compute: (array: JaxArray, name: string) => JaxArray): Arrays {
  return Object.fromEntries(Object.entries(first).map(([name, array]) => [name, compute(array, name)]));
}

/** New weights and slots from gradients; consumes all that it takes. */
export type Update = (gradients: Arrays, state: Slots) => Slots;

/** Adam: rate sqrt(1 - beta2^t) / (1 - beta1^t), epsilon added to the uncorrected root. */
export function adam(gradients: Arrays, { weights, means, variances, step }: Slots): Slots {
  const next = step.add(1);
  const correction2 = np.sqrt(np.subtract(1, np.power(beta2, next.ref)));
  const rate = correction2.mul(learningRate).div(np.subtract(1, np.power(beta1, next.ref)));
  const newMeans = mapArrays(means, (mean, name) => mean.mul(beta1).add(gradients[name]!.ref.mul(1 - beta1)));
  const newVariances = mapArrays(variances, (variance, name) =>
    variance.mul(beta2).add(np.square(gradients[name]!).mul(1 - beta2)),
  );
  const newWeights = mapArrays(weights, (weight, name) => {
    const root = np.sqrt(newVariances[name]!.ref).add(epsilon);
    return weight.sub(newMeans[name]!.ref.mul(rate.ref).div(root));
  });
  rate.dispose();
  return { weights: newWeights, means: newMeans, variances: newVariances, step: next };
}

/** RMSprop: epsilon added below the root. It needs neither means nor the count of steps. */
export const rmsprop =
  (options: { learningRate: number; rho: number; epsilon: number }): Update =>
  (gradients, { weights, variances, ...unused }) => {
    const newVariances = mapArrays(variances, (variance, name) =>
      variance.mul(options.rho).add(np.square(gradients[name]!.ref).mul(1 - options.rho)),
    );
    const newWeights = mapArrays(weights, (weight, name) => {
      const root = np.sqrt(newVariances[name]!.ref.add(options.epsilon));
      return weight.sub(gradients[name]!.mul(options.learningRate).div(root));
    });
    return { weights: newWeights, variances: newVariances, ...unused };
  };
