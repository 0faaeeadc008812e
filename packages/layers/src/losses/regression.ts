/** @file Losses between numbers and between distributions: functions per sample (mean or sum over the last axis) and their classes. */
import { ops, type Tensor } from "@tenrec/tensor";
import { asFloat, sameRank } from "../tensors.ts";
import { Loss, type LossOptions } from "./loss.ts";

/** Keras's epsilon. */
const epsilon = 1e-7;
const last = { axis: -1 } as const;

const difference = (yTrue: Tensor, yPred: Tensor): Tensor => ops.subtract(asFloat(yTrue), asFloat(yPred));

/** Mean of (yTrue - yPred)^2 over the last axis. */
export const meanSquaredError = (yTrue: Tensor, yPred: Tensor): Tensor =>
  ops.mean(ops.square(difference(yTrue, yPred)), last);

/** Mean of |yTrue - yPred| over the last axis. */
export const meanAbsoluteError = (yTrue: Tensor, yPred: Tensor): Tensor =>
  ops.mean(ops.abs(difference(yTrue, yPred)), last);

/** 100 times the mean of |yTrue - yPred| / max(|yTrue|, 1e-7). */
export function meanAbsolutePercentageError(yTrue: Tensor, yPred: Tensor): Tensor {
  const size = ops.maximum(ops.abs(asFloat(yTrue)), epsilon);
  return ops.multiply(ops.mean(ops.abs(ops.divide(difference(yTrue, yPred), size)), last), 100);
}

/** Mean of (log(1 + yTrue) - log(1 + yPred))^2. */
export function meanSquaredLogarithmicError(yTrue: Tensor, yPred: Tensor): Tensor {
  const logOf = (x: Tensor) => ops.log(ops.add(ops.maximum(asFloat(x), epsilon), 1));
  return ops.mean(ops.square(ops.subtract(logOf(yPred), logOf(yTrue))), last);
}

/** Mean of e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2. */
export function huber(yTrue: Tensor, yPred: Tensor, { delta = 1 }: { readonly delta?: number } = {}): Tensor {
  const error = difference(yTrue, yPred);
  const size = ops.abs(error);
  const linear = ops.subtract(ops.multiply(size, delta), (delta * delta) / 2);
  return ops.mean(ops.where(ops.lessEqual(size, delta), ops.multiply(ops.square(error), 0.5), linear), last);
}

/** Mean of log cosh(yPred - yTrue), without overflow. */
export function logCosh(yTrue: Tensor, yPred: Tensor): Tensor {
  const error = ops.negative(difference(yTrue, yPred));
  const each = ops.subtract(ops.add(error, ops.softplus(ops.multiply(error, -2))), Math.LN2);
  return ops.mean(each, last);
}

/** Mean of yPred - yTrue log(yPred). */
export const poisson = (yTrue: Tensor, yPred: Tensor): Tensor =>
  ops.mean(ops.subtract(yPred, ops.multiply(asFloat(yTrue), ops.log(ops.add(yPred, epsilon)))), last);

/** Sum of yTrue log(yTrue / yPred), both clipped to [1e-7, 1]. */
export function klDivergence(yTrue: Tensor, yPred: Tensor): Tensor {
  const [wanted, found] = [ops.clip(asFloat(yTrue), epsilon, 1), ops.clip(asFloat(yPred), epsilon, 1)];
  return ops.sum(ops.multiply(wanted, ops.log(ops.divide(wanted, found))), last);
}

/** -1 for equal directions along `axis`, 0 for orthogonal ones, 1 for opposite ones. */
export function cosineSimilarity(
  yTrue: Tensor,
  yPred: Tensor,
  { axis = -1 }: { readonly axis?: number } = {},
): Tensor {
  const [wanted, found] = [ops.normalize(asFloat(yTrue), { axis }), ops.normalize(asFloat(yPred), { axis })];
  return ops.negative(ops.sum(ops.multiply(wanted, found), { axis }));
}

/** Targets of 0 and 1 become -1 and 1, as in Keras. */
const signed = (yTrue: Tensor): Tensor => {
  const target = asFloat(yTrue);
  const isBinary = ops.all(ops.logicalOr(ops.equal(target, 0), ops.equal(target, 1)));
  return ops.where(isBinary, ops.subtract(ops.multiply(target, 2), 1), target);
};

/** Mean of max(1 - yTrue yPred, 0); targets are -1 and 1. */
export const hinge = (yTrue: Tensor, yPred: Tensor): Tensor =>
  ops.mean(ops.maximum(ops.subtract(1, ops.multiply(signed(yTrue), yPred)), 0), last);

/** Mean of max(1 - yTrue yPred, 0)^2. */
export const squaredHinge = (yTrue: Tensor, yPred: Tensor): Tensor =>
  ops.mean(ops.square(ops.maximum(ops.subtract(1, ops.multiply(signed(yTrue), yPred)), 0)), last);

/** Mean of `meanSquaredError`. */
export class MeanSquaredError extends Loss {
  static override readonly className: string = "MeanSquaredError";
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanSquaredError(...sameRank(yTrue, yPred));
  }
}

/** Mean of `meanAbsoluteError`. */
export class MeanAbsoluteError extends Loss {
  static override readonly className: string = "MeanAbsoluteError";
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanAbsoluteError(...sameRank(yTrue, yPred));
  }
}

/** Mean of `meanAbsolutePercentageError`. */
export class MeanAbsolutePercentageError extends Loss {
  static override readonly className: string = "MeanAbsolutePercentageError";
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanAbsolutePercentageError(...sameRank(yTrue, yPred));
  }
}

/** Mean of `meanSquaredLogarithmicError`. */
export class MeanSquaredLogarithmicError extends Loss {
  static override readonly className: string = "MeanSquaredLogarithmicError";
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return meanSquaredLogarithmicError(...sameRank(yTrue, yPred));
  }
}

/** Mean of `huber`. */
export class Huber extends Loss {
  static override readonly className: string = "Huber";
  readonly delta: number;
  constructor({ delta = 1, ...options }: LossOptions & { readonly delta?: number } = {}) {
    super({ name: "huber_loss", ...options });
    this.delta = delta;
  }
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return huber(...sameRank(yTrue, yPred), this);
  }
}

/** Mean of `logCosh`. */
export class LogCosh extends Loss {
  static override readonly className: string = "LogCosh";
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return logCosh(...sameRank(yTrue, yPred));
  }
}

/** Mean of `poisson`. */
export class Poisson extends Loss {
  static override readonly className: string = "Poisson";
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return poisson(...sameRank(yTrue, yPred));
  }
}

/** Mean of `hinge`. */
export class Hinge extends Loss {
  static override readonly className: string = "Hinge";
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return hinge(...sameRank(yTrue, yPred));
  }
}

/** Mean of `squaredHinge`. */
export class SquaredHinge extends Loss {
  static override readonly className: string = "SquaredHinge";
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return squaredHinge(...sameRank(yTrue, yPred));
  }
}

/** Mean of `klDivergence`. */
export class KLDivergence extends Loss {
  static override readonly className: string = "KLDivergence";
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return klDivergence(...sameRank(yTrue, yPred));
  }
}

/** Mean of `cosineSimilarity`. */
export class CosineSimilarity extends Loss {
  static override readonly className: string = "CosineSimilarity";
  readonly axis: number;
  constructor({ axis = -1, ...options }: LossOptions & { readonly axis?: number } = {}) {
    super(options);
    this.axis = axis;
  }
  override call(yTrue: Tensor, yPred: Tensor): Tensor {
    return cosineSimilarity(...sameRank(yTrue, yPred), this);
  }
}
