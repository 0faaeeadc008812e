/** @file Max and average pooling over windows. */
import { ops, type Tensor } from "@tenrec/tensor";
import { findName } from "../identifiers.ts";
import type { LayerOptions, Shape } from "../layer.ts";
import { type PerAxis, perAxis, SpatialLayer } from "./convShared.ts";
import type { DataFormat } from "./flatten.ts";

export interface PoolingOptions extends LayerOptions {
  /** Extent of the windows. */
  readonly poolSize?: PerAxis;
  /** Distance between windows; their size by default. */
  readonly strides?: PerAxis | null;
  /** "same": as many outputs as inputs divided by the stride, rounded up; what lies outside the input does not count. */
  readonly padding?: "valid" | "same";
  readonly dataFormat?: DataFormat;
}

abstract class Pooling extends SpatialLayer {
  readonly poolSize: Shape;
  readonly strides: Shape;
  readonly padding: "valid" | "same";

  constructor(rank: number, options: PoolingOptions) {
    super(rank, options);
    const { poolSize = 2, strides = null, padding = "valid" } = options;
    this.poolSize = perAxis(this.name, "poolSize", poolSize, rank);
    this.strides = perAxis(this.name, "strides", strides ?? this.poolSize, rank);
    this.padding = findName(this.name, "padding", padding, ["valid", "same"]) as "valid" | "same";
  }

  protected abstract pool(inputs: Tensor, poolSize: Shape, options: ops.PoolOptions): Tensor;

  override call(inputs: Tensor): Tensor {
    this.channelsOf(inputs.shape);
    const { poolSize, strides, padding, dataFormat } = this;
    return this.pool(inputs, poolSize, { strides, padding, dataFormat });
  }

  override getConfig(): Record<string, unknown> {
    const { poolSize, strides, padding } = this;
    return { ...super.getConfig(), poolSize, strides, padding };
  }
}

abstract class MaxPooling extends Pooling {
  protected override pool(inputs: Tensor, poolSize: Shape, options: ops.PoolOptions): Tensor {
    return ops.maxPool(inputs, poolSize, options);
  }
}

abstract class AveragePooling extends Pooling {
  protected override pool(inputs: Tensor, poolSize: Shape, options: ops.PoolOptions): Tensor {
    return ops.averagePool(inputs, poolSize, options);
  }
}

/**
 * Largest element of each window of steps: [batch, steps, channels], the spatial extents divided by the strides.
 * @example
 * new layers.MaxPooling1D({ poolSize: 2 });
 */
export class MaxPooling1D extends MaxPooling {
  static override readonly className: string = "MaxPooling1D";
  constructor(options: PoolingOptions = {}) {
    super(1, options);
  }
}

/**
 * Largest element of each window of an image: [batch, height, width, channels], the spatial extents divided by the strides.
 * @example
 * new layers.MaxPooling2D({ poolSize: 2 });
 */
export class MaxPooling2D extends MaxPooling {
  static override readonly className: string = "MaxPooling2D";
  constructor(options: PoolingOptions = {}) {
    super(2, options);
  }
}

/**
 * Largest element of each window of a volume: [batch, depth, height, width, channels], the spatial extents divided by the strides.
 * @example
 * new layers.MaxPooling3D({ poolSize: 2 });
 */
export class MaxPooling3D extends MaxPooling {
  static override readonly className: string = "MaxPooling3D";
  constructor(options: PoolingOptions = {}) {
    super(3, options);
  }
}

/**
 * Mean of each window of steps: [batch, steps, channels], the spatial extents divided by the strides.
 * @example
 * new layers.AveragePooling1D({ poolSize: 2 });
 */
export class AveragePooling1D extends AveragePooling {
  static override readonly className: string = "AveragePooling1D";
  constructor(options: PoolingOptions = {}) {
    super(1, options);
  }
}

/**
 * Mean of each window of an image: [batch, height, width, channels], the spatial extents divided by the strides.
 * @example
 * new layers.AveragePooling2D({ poolSize: 2 });
 */
export class AveragePooling2D extends AveragePooling {
  static override readonly className: string = "AveragePooling2D";
  constructor(options: PoolingOptions = {}) {
    super(2, options);
  }
}

/**
 * Mean of each window of a volume: [batch, depth, height, width, channels], the spatial extents divided by the strides.
 * @example
 * new layers.AveragePooling3D({ poolSize: 2 });
 */
export class AveragePooling3D extends AveragePooling {
  static override readonly className: string = "AveragePooling3D";
  constructor(options: PoolingOptions = {}) {
    super(3, options);
  }
}
