/** @file Flatten: one axis for all but the batch. */
import { ops, type Tensor } from "@tenrec/tensor";
import { findName } from "../identifiers.ts";
import { Layer, type LayerOptions } from "../layer.ts";

/** Where the channels of an image are. */
export type DataFormat = "channels_last" | "channels_first";

export interface FlattenOptions extends LayerOptions {
  /** "channels_first": the channel axis is moved last before, so that both formats give one order. */
  readonly dataFormat?: DataFormat;
}

/**
 * [n, a, b, ...] to [n, a b ...]; [n] to [n, 1].
 * @example
 * new layers.Flatten().apply(ops.ones([32, 28, 28])); // [32, 784]
 */
export class Flatten extends Layer {
  static override readonly className: string = "Flatten";
  readonly dataFormat: DataFormat;

  constructor(options: FlattenOptions = {}) {
    super(options);
    const wanted = options.dataFormat ?? "channels_last";
    this.dataFormat = findName(this.name, "dataFormat", wanted, [
      "channels_last",
      "channels_first",
    ]) as DataFormat;
  }

  override call(inputs: Tensor): Tensor {
    const [samples = 1, ...rest] = inputs.shape;
    const isMoved = this.dataFormat === "channels_first" && inputs.ndim > 2;
    const ordered = isMoved ? ops.moveaxis(inputs, 1, -1) : inputs;
    return ops.reshape(ordered, [samples, rest.reduce((product, extent) => product * extent, 1)]);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), dataFormat: this.dataFormat };
  }
}
