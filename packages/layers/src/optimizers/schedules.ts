/** @file Learning-rate schedules, computed on the device from the number of updates. */
import { ops, type Tensor, ValueError } from "@tenrec/tensor";
import { LearningRateSchedule } from "./schedule.ts";

export { LearningRateSchedule };

function checkSteps(where: string, steps: number): number {
  if (steps > 0) return steps;
  throw new ValueError(where, "the number of steps is not positive.", {
    received: String(steps),
    expected: "a number above 0.",
    fix: "give the steps over which the rate falls.",
  });
}

/** base^x for a positive constant base. */
const power = (base: number, x: Tensor): Tensor => ops.exp(ops.multiply(x, Math.log(base)));

interface StaircaseOptions {
  /** The rate falls once per `decaySteps` instead of at each step. */
  readonly staircase?: boolean;
}

abstract class Decay extends LearningRateSchedule {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  readonly decayRate: number;
  readonly staircase: boolean;

  constructor(where: string, rate: number, decaySteps: number, decayRate: number, staircase: boolean) {
    super();
    this.initialLearningRate = rate;
    this.decaySteps = checkSteps(where, decaySteps);
    this.decayRate = decayRate;
    this.staircase = staircase;
  }
  protected progress(step: Tensor): Tensor {
    const share = ops.divide(step, this.decaySteps);
    return this.staircase ? ops.floor(share) : share;
  }
  override getConfig(): Record<string, unknown> {
    const { initialLearningRate, decaySteps, decayRate, staircase } = this;
    return { initialLearningRate, decaySteps, decayRate, staircase };
  }
}

/**
 * rate decayRate^(step / decaySteps).
 * @example
 * new optimizers.SGD({ learningRate: new optimizers.schedules.ExponentialDecay(0.1, 1000, 0.96) });
 */
export class ExponentialDecay extends Decay {
  static override readonly className: string = "ExponentialDecay";
  constructor(
    rate: number,
    decaySteps: number,
    decayRate: number,
    { staircase = false }: StaircaseOptions = {},
  ) {
    super("ExponentialDecay", rate, decaySteps, decayRate, staircase);
  }
  override call(step: Tensor): Tensor {
    return ops.multiply(power(this.decayRate, this.progress(step)), this.initialLearningRate);
  }
}

/** rate / (1 + decayRate step / decaySteps). */
export class InverseTimeDecay extends Decay {
  static override readonly className: string = "InverseTimeDecay";
  constructor(
    rate: number,
    decaySteps: number,
    decayRate: number,
    { staircase = false }: StaircaseOptions = {},
  ) {
    super("InverseTimeDecay", rate, decaySteps, decayRate, staircase);
  }
  override call(step: Tensor): Tensor {
    return ops.divide(
      this.initialLearningRate,
      ops.add(ops.multiply(this.progress(step), this.decayRate), 1),
    );
  }
}

/** values[i] from step boundaries[i - 1] + 1 to boundaries[i]. */
export class PiecewiseConstantDecay extends LearningRateSchedule {
  static override readonly className: string = "PiecewiseConstantDecay";
  readonly boundaries: readonly number[];
  readonly values: readonly number[];

  constructor(boundaries: readonly number[], values: readonly number[]) {
    super();
    if (values.length !== boundaries.length + 1) {
      throw new ValueError("PiecewiseConstantDecay", "boundaries and values do not fit.", {
        received: `${boundaries.length} boundaries, ${values.length} values.`,
        expected: "one value more than boundaries.",
        fix: "give the rate before the first boundary too.",
      });
    }
    this.boundaries = boundaries;
    this.values = values;
  }
  override call(step: Tensor): Tensor {
    const last = ops.full([], this.values.at(-1) as number);
    return this.boundaries.reduceRight(
      (rate, boundary, i) => ops.where(ops.lessEqual(step, boundary), this.values[i] as number, rate),
      last,
    );
  }
  override getConfig(): Record<string, unknown> {
    return { boundaries: this.boundaries, values: this.values };
  }
}

export interface PolynomialDecayOptions {
  readonly endLearningRate?: number;
  readonly power?: number;
  /** Starts again, over ever longer spans, instead of staying at the end. */
  readonly cycle?: boolean;
}

/** (rate - end) (1 - step / decaySteps)^power + end. */
export class PolynomialDecay extends LearningRateSchedule {
  static override readonly className: string = "PolynomialDecay";
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  readonly endLearningRate: number;
  readonly power: number;
  readonly cycle: boolean;

  constructor(rate: number, decaySteps: number, options: PolynomialDecayOptions = {}) {
    super();
    this.initialLearningRate = rate;
    this.decaySteps = checkSteps("PolynomialDecay", decaySteps);
    this.endLearningRate = options.endLearningRate ?? 1e-4;
    this.power = options.power ?? 1;
    this.cycle = options.cycle ?? false;
  }
  override call(step: Tensor): Tensor {
    const { decaySteps, initialLearningRate, endLearningRate } = this;
    const cycles = ops.where(ops.equal(step, 0), 1, ops.ceil(ops.divide(step, decaySteps)));
    const share = this.cycle
      ? ops.divide(step, ops.multiply(cycles, decaySteps))
      : ops.divide(ops.minimum(step, decaySteps), decaySteps);
    const left = ops.power(ops.subtract(1, share), this.power);
    return ops.add(ops.multiply(left, initialLearningRate - endLearningRate), endLearningRate);
  }
  override getConfig(): Record<string, unknown> {
    const { initialLearningRate, decaySteps, endLearningRate, cycle } = this;
    return { initialLearningRate, decaySteps, endLearningRate, power: this.power, cycle };
  }
}

export interface CosineDecayOptions {
  /** Least rate, as a share of the first one. */
  readonly alpha?: number;
  /** Rate that a linear warm-up reaches. */
  readonly warmupTarget?: number | null;
  readonly warmupSteps?: number;
}

/** rate ((1 - alpha) (1 + cos(pi step / decaySteps)) / 2 + alpha), after an optional linear warm-up. */
export class CosineDecay extends LearningRateSchedule {
  static override readonly className: string = "CosineDecay";
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  readonly alpha: number;
  readonly warmupTarget: number | null;
  readonly warmupSteps: number;

  constructor(rate: number, decaySteps: number, options: CosineDecayOptions = {}) {
    super();
    this.initialLearningRate = rate;
    this.decaySteps = checkSteps("CosineDecay", decaySteps);
    this.alpha = options.alpha ?? 0;
    this.warmupTarget = options.warmupTarget ?? null;
    this.warmupSteps = options.warmupSteps ?? 0;
  }
  override call(step: Tensor): Tensor {
    const { decaySteps, initialLearningRate, warmupTarget, warmupSteps } = this;
    if (warmupTarget === null) return this.decay(ops.minimum(step, decaySteps), initialLearningRate);
    const now = ops.minimum(step, decaySteps + warmupSteps);
    const slope = (warmupTarget - initialLearningRate) / Math.max(1, warmupSteps);
    const warm = ops.add(ops.multiply(now, slope), initialLearningRate);
    return ops.where(
      ops.less(now, warmupSteps),
      warm,
      this.decay(ops.subtract(now, warmupSteps), warmupTarget),
    );
  }
  private decay(step: Tensor, from: number): Tensor {
    const wave = ops.add(ops.cos(ops.multiply(ops.divide(step, this.decaySteps), Math.PI)), 1);
    return ops.multiply(ops.add(ops.multiply(wave, (1 - this.alpha) / 2), this.alpha), from);
  }
  override getConfig(): Record<string, unknown> {
    const { initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps } = this;
    return { initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps };
  }
}

export interface CosineDecayRestartsOptions {
  /** Each period is this many times as long as the one before. */
  readonly tMul?: number;
  /** Each period starts at this share of the rate of the one before. */
  readonly mMul?: number;
  readonly alpha?: number;
}

/**
 * Cosine decay that starts again after `firstDecaySteps`, then after ever longer periods.
 *
 * Source: Loshchilov and Hutter, 2016, https://arxiv.org/abs/1608.03983.
 */
export class CosineDecayRestarts extends LearningRateSchedule {
  static override readonly className: string = "CosineDecayRestarts";
  readonly initialLearningRate: number;
  readonly firstDecaySteps: number;
  readonly tMul: number;
  readonly mMul: number;
  readonly alpha: number;

  constructor(rate: number, firstDecaySteps: number, options: CosineDecayRestartsOptions = {}) {
    super();
    this.initialLearningRate = rate;
    this.firstDecaySteps = checkSteps("CosineDecayRestarts", firstDecaySteps);
    this.tMul = options.tMul ?? 2;
    this.mMul = options.mMul ?? 1;
    this.alpha = options.alpha ?? 0;
  }
  override call(step: Tensor): Tensor {
    const done = ops.divide(step, this.firstDecaySteps);
    const restarts = this.restarts(done);
    const share = this.share(done, restarts);
    const wave = ops.add(ops.cos(ops.multiply(share, Math.PI)), 1);
    const height = ops.multiply(power(this.mMul, restarts), wave);
    const decayed = ops.add(ops.multiply(height, (1 - this.alpha) / 2), this.alpha);
    return ops.multiply(decayed, this.initialLearningRate);
  }
  /** Number of periods that have ended: the sum of tMul^i over them is at most `done`. */
  private restarts(done: Tensor): Tensor {
    if (this.tMul === 1) return ops.floor(done);
    const grown = ops.log(ops.subtract(1, ops.multiply(done, 1 - this.tMul)));
    return ops.floor(ops.divide(grown, Math.log(this.tMul)));
  }
  /** Share of the present period that is over. */
  private share(done: Tensor, restarts: Tensor): Tensor {
    if (this.tMul === 1) return ops.subtract(done, restarts);
    const length = power(this.tMul, restarts);
    const start = ops.divide(ops.subtract(1, length), 1 - this.tMul);
    return ops.divide(ops.subtract(done, start), length);
  }
  override getConfig(): Record<string, unknown> {
    const { initialLearningRate, firstDecaySteps, tMul, mMul, alpha } = this;
    return { initialLearningRate, firstDecaySteps, tMul, mMul, alpha };
  }
}
