/** @file UpSampling: space enlarged by a whole factor. */
import { ops, type Tensor } from "@tenrec/tensor";
import { findName } from "../identifiers.ts";
import type { LayerOptions, Shape } from "../layer.ts";
import { type PerAxis, perAxis, SpatialLayer, spatialAxes } from "./convShared.ts";
import type { DataFormat } from "./flatten.ts";

export interface UpSamplingOptions extends LayerOptions {
  /** Factor, or one per axis. */
  readonly size?: PerAxis;
  readonly dataFormat?: DataFormat;
}

export interface UpSampling2DOptions extends UpSamplingOptions {
  readonly interpolation?: "nearest" | "bilinear";
}

/** Each element `factor` times along one axis. */
const repeated = (x: Tensor, axis: number, factor: number): Tensor =>
  factor === 1 ? x : ops.repeat(x, factor, { axis });

/**
 * Linear interpolation along one axis: output o lies at input (o + 1/2) / factor - 1/2, held within the input. As a product with the
 * weights max(0, 1 - distance), which are computed where they are read.
 */
function interpolated(x: Tensor, axis: number, factor: number): Tensor {
  if (factor === 1) return x;
  const { shape } = x;
  const extent = shape[axis] as number;
  const positions = ops.subtract(
    ops.divide(ops.add(ops.arange(0, extent * factor, 1, { dtype: "float32" }), 0.5), factor),
    0.5,
  );
  const held = ops.expandDims(ops.clip(positions, 0, extent - 1), 1);
  const distance = ops.abs(ops.subtract(held, ops.arange(0, extent, 1, { dtype: "float32" })));
  const weights = ops.maximum(ops.subtract(1, distance), 0);
  const size = (extents: Shape) => extents.reduce((product, one) => product * one, 1);
  const flat = ops.reshape(x, [size(shape.slice(0, axis)), extent, size(shape.slice(axis + 1))]);
  const enlarged = [...shape.slice(0, axis), extent * factor, ...shape.slice(axis + 1)];
  return ops.reshape(ops.matmul(weights, flat), enlarged);
}

abstract class UpSampling extends SpatialLayer {
  readonly size: Shape;

  constructor(rank: number, options: UpSamplingOptions) {
    super(rank, options);
    this.size = perAxis(this.name, "size", options.size ?? 2, rank);
  }

  protected enlarge(x: Tensor, axis: number, factor: number): Tensor {
    return repeated(x, axis, factor);
  }

  override call(inputs: Tensor): Tensor {
    this.channelsOf(inputs.shape);
    return spatialAxes(this.rank, this.dataFormat).reduce(
      (x, axis, i) => this.enlarge(x, axis, this.size[i] as number),
      inputs,
    );
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), size: this.rank === 1 ? this.size[0] : this.size };
  }
}

/**
 * Each step of [batch, steps, channels] `size` times.
 * @example
 * new layers.UpSampling1D({ size: 3 });
 */
export class UpSampling1D extends UpSampling {
  static override readonly className: string = "UpSampling1D";
  constructor(options: Omit<UpSamplingOptions, "dataFormat"> = {}) {
    super(1, options);
  }

  /** Keras's has no dataFormat. */
  override getConfig(): Record<string, unknown> {
    const { dataFormat: _, ...config } = super.getConfig();
    return config;
  }
}

/**
 * Images enlarged by repeating pixels, or by linear interpolation between their centres.
 * @example
 * new layers.UpSampling2D({ size: 2, interpolation: "bilinear" });
 */
export class UpSampling2D extends UpSampling {
  static override readonly className: string = "UpSampling2D";
  readonly interpolation: "nearest" | "bilinear";

  constructor(options: UpSampling2DOptions = {}) {
    super(2, options);
    const wanted = options.interpolation ?? "nearest";
    this.interpolation = findName(this.name, "interpolation", wanted, ["nearest", "bilinear"]) as "nearest";
  }

  protected override enlarge(x: Tensor, axis: number, factor: number): Tensor {
    return this.interpolation === "nearest" ? super.enlarge(x, axis, factor) : interpolated(x, axis, factor);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), interpolation: this.interpolation };
  }
}

/**
 * Volumes enlarged by repeating their elements.
 * @example
 * new layers.UpSampling3D({ size: [1, 2, 2] });
 */
export class UpSampling3D extends UpSampling {
  static override readonly className: string = "UpSampling3D";
  constructor(options: UpSamplingOptions = {}) {
    super(3, options);
  }
}
