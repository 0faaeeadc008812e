/** @file Rescaling: inputs times a scale plus an offset. */
import { ops, type Tensor } from "@tenrec/tensor";
import { Layer, type LayerOptions } from "../layer.ts";

/** One number, or one per channel (the last axis). */
export type PerChannel = number | readonly number[];

export interface RescalingOptions extends LayerOptions {
  readonly offset?: PerChannel;
}

/**
 * x scale + offset.
 * @example
 * new layers.Rescaling(1 / 255).apply([[0, 255]]); // [[0, 1]]
 */
export class Rescaling extends Layer {
  static override readonly className: string = "Rescaling";
  override supportsMasking = true;
  readonly scale: PerChannel;
  readonly offset: PerChannel;

  constructor(scale: PerChannel, { offset = 0, ...options }: RescalingOptions = {}) {
    super(options);
    this.scale = scale;
    this.offset = offset;
  }

  override call(inputs: Tensor): Tensor {
    const scaled = ops.multiply(ops.cast(inputs, "float32"), this.scale);
    return this.offset === 0 ? scaled : ops.add(scaled, this.offset);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), scale: this.scale, offset: this.offset };
  }
}
