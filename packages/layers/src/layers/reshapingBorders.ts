/** @file Borders added to space and cut from it. */
import { ops, ShapeError, type Tensor, ValueError } from "@tenrec/tensor";
import type { LayerOptions } from "../layer.ts";
import { SpatialLayer, spatialAxes } from "./convShared.ts";
import type { DataFormat } from "./flatten.ts";

/** Widths before and after one axis. */
export type Sides = readonly [number, number];
/** One width for all sides, one per axis for both its sides, or [before, after] per axis. In 1D: one width, or [before, after]. */
export type Widths = number | readonly number[] | readonly (readonly number[])[];

const isWidth = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

/** Widths before and after each axis. */
function sidesOf(where: string, argument: string, widths: Widths, rank: number): Sides[] {
  const perAxis: unknown[] =
    typeof widths === "number" || rank === 1 ? Array.from({ length: rank }, () => widths) : [...widths];
  const sides = perAxis.map((own) => (typeof own === "number" ? [own, own] : own));
  const isRight = (own: unknown): own is Sides =>
    Array.isArray(own) && own.length === 2 && own.every(isWidth);
  if (sides.length === rank && sides.every(isRight)) return sides;
  throw new ValueError(where, `${argument} does not fit the layer.`, {
    received: `${argument} = ${JSON.stringify(widths)}`,
    expected:
      rank === 1
        ? "an integer of at least 0, or [before, after]."
        : `an integer of at least 0, ${rank} of them, or ${rank} pairs [before, after].`,
    fix: `write ${argument}: ${rank === 1 ? "[1, 2]" : JSON.stringify(Array.from({ length: rank }, () => [1, 2]))}.`,
  });
}

/** Per axis of the whole input. */
function withAll<T>(layer: SpatialLayer, own: readonly T[], rest: T): T[] {
  const axes = spatialAxes(layer.rank, layer.dataFormat);
  return Array.from({ length: layer.rank + 2 }, (_, axis) => own[axes.indexOf(axis)] ?? rest);
}

export interface ZeroPaddingOptions extends LayerOptions {
  readonly padding?: Widths;
  readonly dataFormat?: DataFormat;
}

abstract class ZeroPadding extends SpatialLayer {
  readonly padding: readonly Sides[];

  constructor(rank: number, options: ZeroPaddingOptions) {
    super(rank, options);
    this.padding = sidesOf(this.name, "padding", options.padding ?? 1, rank);
  }

  override call(inputs: Tensor): Tensor {
    this.channelsOf(inputs.shape);
    return ops.pad(inputs, withAll(this, this.padding, [0, 0]));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), padding: this.rank === 1 ? this.padding[0] : this.padding };
  }
}

export interface CroppingOptions extends LayerOptions {
  readonly cropping?: Widths;
  readonly dataFormat?: DataFormat;
}

abstract class Cropping extends SpatialLayer {
  readonly cropping: readonly Sides[];

  constructor(rank: number, options: CroppingOptions) {
    super(rank, options);
    this.cropping = sidesOf(this.name, "cropping", options.cropping ?? (rank === 2 ? 0 : 1), rank);
  }

  override call(inputs: Tensor): Tensor {
    this.channelsOf(inputs.shape);
    const sides = withAll(this, this.cropping, [0, 0]);
    const size = inputs.shape.map(
      (extent, axis) => extent - (sides[axis]?.[0] ?? 0) - (sides[axis]?.[1] ?? 0),
    );
    if (size.some((extent, axis) => extent < 1 && (inputs.shape[axis] as number) > 0))
      throw this.nothingLeft(inputs);
    return inputs.slice(
      sides.map(([before]) => before),
      size,
    );
  }

  private nothingLeft(inputs: Tensor): ShapeError {
    return new ShapeError(this.name, "the cropping leaves nothing.", {
      received: `an input of shape [${inputs.shape.join()}], cropping ${JSON.stringify(this.cropping)}.`,
      expected: "less cut off than there is, along every axis.",
      fix: "crop less, or check dataFormat.",
    });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), cropping: this.rank === 1 ? this.cropping[0] : this.cropping };
  }
}

/**
 * Zeros around steps.
 * @example
 * new layers.ZeroPadding1D({ padding: [2, 0] });
 */
export class ZeroPadding1D extends ZeroPadding {
  static override readonly className: string = "ZeroPadding1D";
  constructor(options: ZeroPaddingOptions = {}) {
    super(1, options);
  }
}

/**
 * Zeros around an image.
 * @example
 * new layers.ZeroPadding2D({ padding: [[1, 1], [2, 2]] });
 */
export class ZeroPadding2D extends ZeroPadding {
  static override readonly className: string = "ZeroPadding2D";
  constructor(options: ZeroPaddingOptions = {}) {
    super(2, options);
  }
}

/**
 * Zeros around a volume.
 * @example
 * new layers.ZeroPadding3D({ padding: 1 });
 */
export class ZeroPadding3D extends ZeroPadding {
  static override readonly className: string = "ZeroPadding3D";
  constructor(options: ZeroPaddingOptions = {}) {
    super(3, options);
  }
}

/**
 * Cuts the border off steps.
 * @example
 * new layers.Cropping1D({ cropping: [2, 0] });
 */
export class Cropping1D extends Cropping {
  static override readonly className: string = "Cropping1D";
  constructor(options: Omit<CroppingOptions, "dataFormat"> = {}) {
    super(1, options);
  }

  /** Keras's has no dataFormat. */
  override getConfig(): Record<string, unknown> {
    const { dataFormat: _, ...config } = super.getConfig();
    return config;
  }
}

/**
 * Cuts the border off an image.
 * @example
 * new layers.Cropping2D({ cropping: [[1, 1], [2, 2]] });
 */
export class Cropping2D extends Cropping {
  static override readonly className: string = "Cropping2D";
  constructor(options: CroppingOptions = {}) {
    super(2, options);
  }
}

/**
 * Cuts the border off a volume.
 * @example
 * new layers.Cropping3D({ cropping: 1 });
 */
export class Cropping3D extends Cropping {
  static override readonly className: string = "Cropping3D";
  constructor(options: CroppingOptions = {}) {
    super(3, options);
  }
}
