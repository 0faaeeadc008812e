/** @file Pooling to a given size, whatever the input's. */
import { ops, type Tensor } from "@tenrec/tensor";
import type { LayerOptions, Shape } from "../layer.ts";
import { type PerAxis, perAxis, SpatialLayer } from "./convShared.ts";
import type { DataFormat } from "./flatten.ts";

export interface AdaptivePoolingOptions extends LayerOptions {
  readonly dataFormat?: DataFormat;
}

abstract class AdaptivePooling extends SpatialLayer {
  readonly outputSize: Shape;

  constructor(rank: number, outputSize: PerAxis, options: AdaptivePoolingOptions) {
    super(rank, options);
    this.outputSize = perAxis(this.name, "outputSize", outputSize, rank);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), outputSize: this.outputSize };
  }
}

abstract class AdaptiveMaxPooling extends AdaptivePooling {
  override call(inputs: Tensor): Tensor {
    this.channelsOf(inputs.shape);
    return ops.adaptiveMaxPool(inputs, this.outputSize, { dataFormat: this.dataFormat });
  }
}

abstract class AdaptiveAveragePooling extends AdaptivePooling {
  override call(inputs: Tensor): Tensor {
    this.channelsOf(inputs.shape);
    return ops.adaptiveAveragePool(inputs, this.outputSize, { dataFormat: this.dataFormat });
  }
}

/**
 * Largest elements of windows that cover steps evenly, `outputSize` of them along each axis whatever the input's extents.
 * @example
 * new layers.AdaptiveMaxPooling1D(4);
 */
export class AdaptiveMaxPooling1D extends AdaptiveMaxPooling {
  static override readonly className: string = "AdaptiveMaxPooling1D";
  constructor(outputSize: PerAxis, options: AdaptivePoolingOptions = {}) {
    super(1, outputSize, options);
  }
}

/**
 * Largest elements of windows that cover an image evenly, `outputSize` of them along each axis whatever the input's extents.
 * @example
 * new layers.AdaptiveMaxPooling2D(4);
 */
export class AdaptiveMaxPooling2D extends AdaptiveMaxPooling {
  static override readonly className: string = "AdaptiveMaxPooling2D";
  constructor(outputSize: PerAxis, options: AdaptivePoolingOptions = {}) {
    super(2, outputSize, options);
  }
}

/**
 * Largest elements of windows that cover a volume evenly, `outputSize` of them along each axis whatever the input's extents.
 * @example
 * new layers.AdaptiveMaxPooling3D(4);
 */
export class AdaptiveMaxPooling3D extends AdaptiveMaxPooling {
  static override readonly className: string = "AdaptiveMaxPooling3D";
  constructor(outputSize: PerAxis, options: AdaptivePoolingOptions = {}) {
    super(3, outputSize, options);
  }
}

/**
 * Means of windows that cover steps evenly, `outputSize` of them along each axis whatever the input's extents.
 * @example
 * new layers.AdaptiveAveragePooling1D(4);
 */
export class AdaptiveAveragePooling1D extends AdaptiveAveragePooling {
  static override readonly className: string = "AdaptiveAveragePooling1D";
  constructor(outputSize: PerAxis, options: AdaptivePoolingOptions = {}) {
    super(1, outputSize, options);
  }
}

/**
 * Means of windows that cover an image evenly, `outputSize` of them along each axis whatever the input's extents.
 * @example
 * new layers.AdaptiveAveragePooling2D(4);
 */
export class AdaptiveAveragePooling2D extends AdaptiveAveragePooling {
  static override readonly className: string = "AdaptiveAveragePooling2D";
  constructor(outputSize: PerAxis, options: AdaptivePoolingOptions = {}) {
    super(2, outputSize, options);
  }
}

/**
 * Means of windows that cover a volume evenly, `outputSize` of them along each axis whatever the input's extents.
 * @example
 * new layers.AdaptiveAveragePooling3D(4);
 */
export class AdaptiveAveragePooling3D extends AdaptiveAveragePooling {
  static override readonly className: string = "AdaptiveAveragePooling3D";
  constructor(outputSize: PerAxis, options: AdaptivePoolingOptions = {}) {
    super(3, outputSize, options);
  }
}
