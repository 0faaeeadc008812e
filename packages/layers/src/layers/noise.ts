/** @file Noise in training: GaussianNoise, GaussianDropout, AlphaDropout and the dropout of whole feature maps. */
import { ops, random, type Tensor } from "@tenrec/tensor";
import { Layer, type LayerOptions, type OpenShape, type RunOptions } from "../layer.ts";
import { checkRange } from "./checks.ts";
import { Dropout } from "./dropout.ts";
import type { DataFormat } from "./flatten.ts";

export interface NoiseOptions extends LayerOptions {
  /** Equal seeds give the numbers of Keras on JAX. */
  readonly seed?: number | null;
}

/** A layer that does something in training alone, with a generator of its own. */
abstract class Noise extends Layer {
  override supportsMasking = true;
  readonly seed: number | null;
  readonly seedGenerator: random.SeedGenerator;

  constructor({ seed = null, ...options }: NoiseOptions) {
    super(options);
    this.seed = seed;
    this.seedGenerator = new random.SeedGenerator(seed);
  }

  override call(inputs: Tensor, { training }: RunOptions): Tensor {
    return training ? this.disturbed(inputs) : inputs;
  }

  protected abstract disturbed(inputs: Tensor): Tensor;

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), seed: this.seed };
  }
}

/**
 * Adds normal noise in training.
 * @example
 * new layers.GaussianNoise(0.1);
 */
export class GaussianNoise extends Noise {
  static override readonly className: string = "GaussianNoise";
  readonly stddev: number;

  constructor(stddev: number, options: NoiseOptions = {}) {
    super(options);
    this.stddev = checkRange(this.name, "stddev", stddev, 0, 1);
  }

  protected override disturbed(inputs: Tensor): Tensor {
    const { stddev, seedGenerator: seed } = this;
    return stddev === 0 ? inputs : ops.add(inputs, random.normal(inputs.shape, { stddev, seed }));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), stddev: this.stddev };
  }
}

/**
 * Multiplies by normal noise of mean 1 and variance rate / (1 - rate) in training.
 * @example
 * new layers.GaussianDropout(0.2);
 */
export class GaussianDropout extends Noise {
  static override readonly className: string = "GaussianDropout";
  readonly rate: number;

  constructor(rate: number, options: NoiseOptions = {}) {
    super(options);
    this.rate = checkRange(this.name, "rate", rate, 0, 1);
  }

  protected override disturbed(inputs: Tensor): Tensor {
    const { rate, seedGenerator: seed } = this;
    if (rate === 0) return inputs;
    const stddev = Math.sqrt(rate / (1 - rate));
    return ops.multiply(inputs, random.normal(inputs.shape, { mean: 1, stddev, seed }));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), rate: this.rate };
  }
}

export interface AlphaDropoutOptions extends NoiseOptions {
  /** Shape of the mask, which broadcasts; null stands for the input's extent. */
  readonly noiseShape?: OpenShape | null;
}

/** What selu tends to for large negative inputs: -scale alpha. */
const dropped = -1.0507009873554805 * 1.6732632423543772;

/**
 * Dropout for selu networks: a share `rate` takes selu's lowest value, and mean and variance stay as they were.
 * @example
 * new layers.AlphaDropout(0.1);
 */
export class AlphaDropout extends Noise {
  static override readonly className: string = "AlphaDropout";
  readonly rate: number;
  readonly noiseShape: OpenShape | null;

  constructor(rate: number, { noiseShape = null, ...options }: AlphaDropoutOptions = {}) {
    super(options);
    this.rate = checkRange(this.name, "rate", rate, 0, 1);
    this.noiseShape = noiseShape;
  }

  protected override disturbed(inputs: Tensor): Tensor {
    const { rate, seedGenerator: seed } = this;
    if (rate === 0) return inputs;
    const shape = inputs.shape.map((extent, axis) => this.noiseShape?.[axis] ?? extent);
    const kept = ops.greaterEqual(random.uniform(shape, { seed }), rate);
    const factor = ((1 - rate) * (1 + rate * dropped ** 2)) ** -0.5;
    return ops.add(ops.multiply(ops.where(kept, inputs, dropped), factor), -factor * dropped * rate);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), rate: this.rate, noiseShape: this.noiseShape };
  }
}

/**
 * Dropout of whole channels of [batch, steps, channels].
 * @example
 * new layers.SpatialDropout1D(0.5);
 */
export class SpatialDropout1D extends Dropout {
  static override readonly className: string = "SpatialDropout1D";

  constructor(rate: number, options: NoiseOptions = {}) {
    super(rate, { ...options, noiseShape: [null, 1, null] });
  }

  override getConfig(): Record<string, unknown> {
    const { noiseShape: _, ...config } = super.getConfig();
    return config;
  }
}

export interface SpatialDropoutOptions extends NoiseOptions {
  readonly dataFormat?: DataFormat;
}

/** Dropout of whole feature maps with `axes` axes in space. */
abstract class SpatialDropout extends Dropout {
  readonly dataFormat: DataFormat;

  constructor(axes: number, rate: number, options: SpatialDropoutOptions) {
    const { dataFormat = "channels_last", ...rest } = options;
    const ones = Array.from({ length: axes }, () => 1);
    super(rate, {
      ...rest,
      noiseShape: dataFormat === "channels_last" ? [null, ...ones, null] : [null, null, ...ones],
    });
    this.dataFormat = dataFormat;
  }

  override getConfig(): Record<string, unknown> {
    const { noiseShape: _, ...config } = super.getConfig();
    return { ...config, dataFormat: this.dataFormat };
  }
}

/**
 * Dropout of whole feature maps of images.
 * @example
 * new layers.SpatialDropout2D(0.5);
 */
export class SpatialDropout2D extends SpatialDropout {
  static override readonly className: string = "SpatialDropout2D";
  constructor(rate: number, options: SpatialDropoutOptions = {}) {
    super(2, rate, options);
  }
}

/**
 * Dropout of whole feature maps of volumes.
 * @example
 * new layers.SpatialDropout3D(0.5);
 */
export class SpatialDropout3D extends SpatialDropout {
  static override readonly className: string = "SpatialDropout3D";
  constructor(rate: number, options: SpatialDropoutOptions = {}) {
    super(3, rate, options);
  }
}
