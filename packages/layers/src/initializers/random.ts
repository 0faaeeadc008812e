/** @file Random initializers. Equal integer seeds give the numbers of Keras on JAX. */
import { type Dtype, random, type TensorLike, ValueError } from "@tenrec/tensor";
import { Initializer } from "./initializer.ts";

/** An integer (the same numbers at each call) or a generator (new ones). */
export type Seed = number | random.SeedGenerator;

export interface RandomOptions {
  readonly seed?: Seed | null;
}

abstract class RandomInitializer extends Initializer {
  readonly seed: Seed;

  constructor({ seed }: RandomOptions) {
    super();
    this.seed = seed ?? random.makeDefaultSeed();
  }
  /** A generator has no place in a file; its own seed stands for it. */
  protected get plainSeed(): number | null {
    return typeof this.seed === "number" ? this.seed : null;
  }
}

export interface NormalOptions extends RandomOptions {
  readonly mean?: number;
  readonly stddev?: number;
}

/** Normal distribution. */
export class RandomNormal extends RandomInitializer {
  static override readonly className: string = "RandomNormal";
  readonly mean: number;
  readonly stddev: number;

  constructor(options: NormalOptions = {}) {
    super(options);
    this.mean = options.mean ?? 0;
    this.stddev = options.stddev ?? 0.05;
  }
  override value(shape: readonly number[], _dtype: Dtype): TensorLike {
    return random.normal(shape, { mean: this.mean, stddev: this.stddev, seed: this.seed });
  }
  override getConfig(): Record<string, unknown> {
    return { mean: this.mean, stddev: this.stddev, seed: this.plainSeed };
  }
}

/** Normal distribution without values beyond two standard deviations. */
export class TruncatedNormal extends RandomNormal {
  static override readonly className: string = "TruncatedNormal";
  override value(shape: readonly number[], _dtype: Dtype): TensorLike {
    return random.truncatedNormal(shape, { mean: this.mean, stddev: this.stddev, seed: this.seed });
  }
}

export interface UniformOptions extends RandomOptions {
  readonly minval?: number;
  readonly maxval?: number;
}

/** Uniform distribution on [minval, maxval). */
export class RandomUniform extends RandomInitializer {
  static override readonly className: string = "RandomUniform";
  readonly minval: number;
  readonly maxval: number;

  constructor(options: UniformOptions = {}) {
    super(options);
    this.minval = options.minval ?? -0.05;
    this.maxval = options.maxval ?? 0.05;
  }
  override value(shape: readonly number[], _dtype: Dtype): TensorLike {
    return random.uniform(shape, { minval: this.minval, maxval: this.maxval, seed: this.seed });
  }
  override getConfig(): Record<string, unknown> {
    return { minval: this.minval, maxval: this.maxval, seed: this.plainSeed };
  }
}

export type FanMode = "fan_in" | "fan_out" | "fan_avg";
export type Distribution = "truncated_normal" | "untruncated_normal" | "uniform";

export interface VarianceScalingOptions extends RandomOptions {
  readonly scale?: number;
  readonly mode?: FanMode;
  readonly distribution?: Distribution;
}

/** Standard deviation of a normal distribution cut at two of its standard deviations. */
const truncatedDeviation = 0.87962566103423978;

/** Variance `scale / fan`, fan being the number of inputs, outputs or their mean (from the weight's shape). */
export class VarianceScaling extends RandomInitializer {
  static override readonly className: string = "VarianceScaling";
  readonly scale: number;
  readonly mode: FanMode;
  readonly distribution: Distribution;

  constructor(options: VarianceScalingOptions = {}) {
    super(options);
    this.scale = options.scale ?? 1;
    this.mode = options.mode ?? "fan_in";
    this.distribution = options.distribution ?? "truncated_normal";
    if (!(this.scale > 0)) throw badScale(this.scale);
  }
  override value(shape: readonly number[], _dtype: Dtype): TensorLike {
    const variance = this.scale / Math.max(1, fanOf(shape, this.mode));
    const { seed } = this;
    if (this.distribution === "uniform") {
      const limit = Math.sqrt(3 * variance);
      return random.uniform(shape, { minval: -limit, maxval: limit, seed });
    }
    const stddev = Math.sqrt(variance);
    if (this.distribution === "untruncated_normal") return random.normal(shape, { stddev, seed });
    return random.truncatedNormal(shape, { stddev: stddev / truncatedDeviation, seed });
  }
  override getConfig(): Record<string, unknown> {
    const { scale, mode, distribution } = this;
    return { scale, mode, distribution, seed: this.plainSeed };
  }
}

function badScale(scale: number): ValueError {
  return new ValueError("VarianceScaling", "the scale is not positive.", {
    received: String(scale),
    expected: "a number above 0.",
    fix: "use Zeros for weights of 0.",
  });
}

/** Keras: the last two axes are inputs and outputs, those before a receptive field that multiplies both. */
function fanOf(shape: readonly number[], mode: FanMode): number {
  const [inputs, outputs] = fans(shape);
  return { fan_in: inputs, fan_out: outputs, fan_avg: (inputs + outputs) / 2 }[mode];
}

function fans(shape: readonly number[]): [number, number] {
  if (shape.length < 2) return [shape[0] ?? 1, shape[0] ?? 1];
  const field = shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
  return [(shape.at(-2) as number) * field, (shape.at(-1) as number) * field];
}

/** A VarianceScaling with fixed settings. */
abstract class Scaled extends VarianceScaling {
  override getConfig(): Record<string, unknown> {
    return { seed: this.plainSeed };
  }
}

/** Uniform with variance 2 / (inputs + outputs): the default of kernels. */
export class GlorotUniform extends Scaled {
  static override readonly className: string = "GlorotUniform";
  constructor(options: RandomOptions = {}) {
    super({ ...options, mode: "fan_avg", distribution: "uniform" });
  }
}

/** Truncated normal with variance 2 / (inputs + outputs). */
export class GlorotNormal extends Scaled {
  static override readonly className: string = "GlorotNormal";
  constructor(options: RandomOptions = {}) {
    super({ ...options, mode: "fan_avg" });
  }
}

/** Uniform with variance 2 / inputs. */
export class HeUniform extends Scaled {
  static override readonly className: string = "HeUniform";
  constructor(options: RandomOptions = {}) {
    super({ ...options, scale: 2, distribution: "uniform" });
  }
}

/** Truncated normal with variance 2 / inputs. */
export class HeNormal extends Scaled {
  static override readonly className: string = "HeNormal";
  constructor(options: RandomOptions = {}) {
    super({ ...options, scale: 2 });
  }
}

/** Uniform with variance 1 / inputs. */
export class LecunUniform extends Scaled {
  static override readonly className: string = "LecunUniform";
  constructor(options: RandomOptions = {}) {
    super({ ...options, distribution: "uniform" });
  }
}

/** Truncated normal with variance 1 / inputs. */
export class LecunNormal extends Scaled {
  static override readonly className: string = "LecunNormal";
}
