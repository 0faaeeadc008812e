/** @file InputLayer: says which shape and dtype a model takes. */
import { ValueError } from "@tenrec/tensor";
import { Layer, type LayerOptions, type OpenShape, type Shape, type Values } from "../layer.ts";

export interface InputLayerOptions extends Omit<LayerOptions, "inputShape" | "activityRegularizer"> {
  /** Shape of one sample. */
  readonly shape?: Shape;
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
    super({ ...options, inputShape: sampleShape(batchShape) });
    this.batchShape = batchShape;
    this.built = true;
  }

  override call(inputs: Values): Values {
    return inputs;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), batchShape: this.batchShape };
  }
}

function checkedShape(shape: Shape | undefined): Shape {
  if (Array.isArray(shape)) return shape as Shape;
  throw new ValueError("InputLayer", "the shape is missing.", {
    received: `shape = ${String(shape)}`,
    expected: "the shape of one sample, without the batch axis.",
    fix: "pass { shape: [784] }.",
  });
}

function sampleShape(batchShape: OpenShape): Shape {
  const sample = batchShape.slice(1);
  const open = sample.indexOf(null);
  if (open < 0) return sample as Shape;
  throw new ValueError("InputLayer", "an axis besides the batch is open.", {
    received: `[${batchShape.map(String).join()}].`,
    expected: "numbers after the batch axis.",
    fix: "give every extent of one sample.",
  });
}
