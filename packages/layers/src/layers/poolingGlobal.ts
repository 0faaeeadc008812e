/** @file Pooling over all of space: one number per channel. */
import { ops, Tensor } from "@tenrec/tensor";
import type { LayerOptions, RunOptions } from "../layer.ts";
import { SpatialLayer, spatialAxes } from "./convShared.ts";
import type { DataFormat } from "./flatten.ts";

export interface GlobalPoolingOptions extends LayerOptions {
  readonly dataFormat?: DataFormat;
  /** Keeps the spatial axes, as extents of 1. */
  readonly keepdims?: boolean;
}

abstract class GlobalPooling extends SpatialLayer {
  readonly keepdims: boolean;

  constructor(rank: number, options: GlobalPoolingOptions) {
    super(rank, options);
    this.keepdims = options.keepdims ?? false;
  }

  /** Axes and keepDims of the reduction over an input. */
  protected reduction(inputs: Tensor): { readonly axis: number[]; readonly keepdims: boolean } {
    this.channelsOf(inputs.shape);
    return { axis: spatialAxes(this.rank, this.dataFormat), keepdims: this.keepdims };
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), keepdims: this.keepdims };
  }
}

abstract class GlobalMaxPooling extends GlobalPooling {
  override call(inputs: Tensor): Tensor {
    return ops.max(inputs, this.reduction(inputs));
  }
}

abstract class GlobalAveragePooling extends GlobalPooling {
  override call(inputs: Tensor, _options?: RunOptions): Tensor {
    return ops.mean(inputs, this.reduction(inputs));
  }
}

/**
 * Largest element of each channel over steps: [batch, steps, channels] to [batch, channels].
 * @example
 * new layers.GlobalMaxPooling1D();
 */
export class GlobalMaxPooling1D extends GlobalMaxPooling {
  static override readonly className: string = "GlobalMaxPooling1D";
  constructor(options: GlobalPoolingOptions = {}) {
    super(1, options);
  }
}

/**
 * Largest element of each channel over an image: [batch, height, width, channels] to [batch, channels].
 * @example
 * new layers.GlobalMaxPooling2D();
 */
export class GlobalMaxPooling2D extends GlobalMaxPooling {
  static override readonly className: string = "GlobalMaxPooling2D";
  constructor(options: GlobalPoolingOptions = {}) {
    super(2, options);
  }
}

/**
 * Largest element of each channel over a volume: [batch, depth, height, width, channels] to [batch, channels].
 * @example
 * new layers.GlobalMaxPooling3D();
 */
export class GlobalMaxPooling3D extends GlobalMaxPooling {
  static override readonly className: string = "GlobalMaxPooling3D";
  constructor(options: GlobalPoolingOptions = {}) {
    super(3, options);
  }
}

/**
 * Mean of each channel over steps: [batch, steps, channels] to [batch, channels]; steps that a mask leaves out do not count.
 * @example
 * new layers.GlobalAveragePooling1D();
 */
export class GlobalAveragePooling1D extends GlobalAveragePooling {
  static override readonly className: string = "GlobalAveragePooling1D";
  override readonly supportsMasking = true;

  constructor(options: GlobalPoolingOptions = {}) {
    super(1, options);
  }

  /** The mean of the steps that the mask keeps. */
  override call(inputs: Tensor, options?: RunOptions): Tensor {
    const mask = options?.mask;
    if (!(mask instanceof Tensor)) return super.call(inputs);
    const reduction = this.reduction(inputs);
    const kept = ops.expandDims(mask, this.dataFormat === "channels_last" ? 2 : 1);
    const count = ops.sum(ops.cast(kept, "float32"), reduction);
    return ops.divide(ops.sum(ops.where(kept, inputs, 0), reduction), count);
  }

  override computeMask(): null {
    return null;
  }
}

/**
 * Mean of each channel over an image: [batch, height, width, channels] to [batch, channels].
 * @example
 * new layers.GlobalAveragePooling2D();
 */
export class GlobalAveragePooling2D extends GlobalAveragePooling {
  static override readonly className: string = "GlobalAveragePooling2D";
  constructor(options: GlobalPoolingOptions = {}) {
    super(2, options);
  }
}

/**
 * Mean of each channel over a volume: [batch, depth, height, width, channels] to [batch, channels].
 * @example
 * new layers.GlobalAveragePooling3D();
 */
export class GlobalAveragePooling3D extends GlobalAveragePooling {
  static override readonly className: string = "GlobalAveragePooling3D";
  constructor(options: GlobalPoolingOptions = {}) {
    super(3, options);
  }
}
