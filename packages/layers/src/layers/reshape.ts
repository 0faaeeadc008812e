/** @file Reshape: the elements of each sample under another shape. */
import { ops, ShapeError, type Tensor, ValueError } from "@tenrec/tensor";
import { Layer, type LayerOptions, type Shape } from "../layer.ts";

/**
 * [n, ...] to [n, ...targetShape]; one extent may be -1.
 * @example
 * new layers.Reshape([28, 28, 1]).apply(ops.ones([32, 784])); // [32, 28, 28, 1]
 */
export class Reshape extends Layer {
  static override readonly className: string = "Reshape";
  readonly targetShape: Shape;

  constructor(targetShape: Shape, options: LayerOptions = {}) {
    super(options);
    this.targetShape = checkedTarget(this.name, targetShape);
  }

  override call(inputs: Tensor): Tensor {
    const [samples = 1, ...rest] = inputs.shape;
    return ops.reshape(inputs, [samples, ...this.#resolved(rest)]);
  }

  /** The target with its -1 filled in. */
  #resolved(rest: Shape): Shape {
    const size = rest.reduce((product, extent) => product * extent, 1);
    const known = this.targetShape.reduce(
      (product, extent) => (extent === -1 ? product : product * extent),
      1,
    );
    const missing = this.targetShape.includes(-1) ? Math.floor(size / Math.max(1, known)) : 1;
    if (known * missing !== size) throw notFitting(this.name, rest, this.targetShape);
    return this.targetShape.map((extent) => (extent === -1 ? missing : extent));
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), targetShape: this.targetShape };
  }
}

function checkedTarget(where: string, shape: Shape): Shape {
  const isExtent = (extent: number) => Number.isInteger(extent) && extent >= -1;
  const isOk =
    Array.isArray(shape) && shape.every(isExtent) && shape.filter((extent) => extent === -1).length <= 1;
  if (isOk) return shape;
  throw new ValueError(where, "not a target shape.", {
    received: `targetShape = ${JSON.stringify(shape)}`,
    expected: "extents without the batch axis, at most one of them -1.",
    fix: "write new Reshape([28, 28, 1]).",
  });
}

function notFitting(where: string, from: Shape, to: Shape): ShapeError {
  return new ShapeError(where, "the elements of a sample do not fill the target shape.", {
    received: `samples of shape [${from.join()}].`,
    expected: `as many elements as [${to.join()}].`,
    fix: "change targetShape, or the layer before.",
  });
}
