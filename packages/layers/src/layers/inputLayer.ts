/** @file InputLayer: says which shape and dtype a model takes. */
import { ValueError } from "@tenrec/tensor";
import { Layer, type LayerOptions, type OpenShape, type Shape, type Values } from "../layer.ts";
import { KerasTensor } from "../models/kerasTensor.ts";
import { SymbolicCall } from "../models/symbolic.ts";

export interface InputLayerOptions extends Omit<LayerOptions, "inputShape" | "activityRegularizer"> {
  /** Shape of one sample; null for extents that may vary. */
  readonly shape?: OpenShape;
  /** Number of samples of a batch, where it is fixed. */
  readonly batchSize?: number | null;
  /** The whole shape, batch first; instead of `shape` and `batchSize`. */
  readonly batchShape?: OpenShape;
}

/**
 * Passes its input on, and tells a `Sequential` the shape to build for.
 *
 * @example
 * new Sequential([new layers.InputLayer({ shape: [784] }), new layers.Dense(10)]);
 */
export class InputLayer extends Layer {
  static override readonly className: string = "InputLayer";
  override readonly isInput = true;
  readonly batchShape: OpenShape;

  constructor(options: InputLayerOptions) {
    const batchShape = options.batchShape ?? [options.batchSize ?? null, ...checkedShape(options.shape)];
    const sample = batchShape.slice(1);
    super(sample.includes(null) ? options : { ...options, inputShape: sample as Shape });
    this.batchShape = batchShape;
    this.built = true;
    this.outputShape = batchShape;
    const { dtype, name } = this;
    new SymbolicCall(this, [], {}, (call) => new KerasTensor(batchShape, dtype, name, call, 0));
  }

  override call(inputs: Values): Values {
    return inputs;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), batchShape: this.batchShape };
  }
}

function checkedShape(shape: OpenShape | undefined): OpenShape {
  if (Array.isArray(shape)) return shape as OpenShape;
  throw new ValueError("InputLayer", "the shape is missing.", {
    received: `shape = ${String(shape)}`,
    expected: "the shape of one sample, without the batch axis.",
    fix: "pass { shape: [784] }.",
  });
}
