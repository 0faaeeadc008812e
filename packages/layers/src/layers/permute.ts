/** @file Permute and RepeatVector: axes of each sample in another order, and a vector repeated. */
import { ops, ShapeError, type Tensor, ValueError } from "@tenrec/tensor";
import { Layer, type LayerOptions, type Shape } from "../layer.ts";
import { checkPositiveInteger } from "./checks.ts";

/**
 * The axes of each sample in the order `dims`, which counts them from 1.
 * @example
 * new layers.Permute([2, 1]).apply(ops.ones([8, 10, 64])); // [8, 64, 10]
 */
export class Permute extends Layer {
  static override readonly className: string = "Permute";
  readonly dims: Shape;

  constructor(dims: Shape, options: LayerOptions = {}) {
    super(options);
    this.dims = checkedOrder(this.name, dims);
  }

  override call(inputs: Tensor): Tensor {
    if (inputs.ndim !== this.dims.length + 1)
      throw otherRank(this.name, inputs, `${this.dims.length + 1} axes`);
    return ops.transpose(inputs, { axes: [0, ...this.dims] });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), dims: this.dims };
  }
}

/**
 * [batch, features] to [batch, n, features].
 * @example
 * new layers.RepeatVector(3).apply([[1, 2]]); // [[[1, 2], [1, 2], [1, 2]]]
 */
export class RepeatVector extends Layer {
  static override readonly className: string = "RepeatVector";
  readonly n: number;

  constructor(n: number, options: LayerOptions = {}) {
    super(options);
    this.n = checkPositiveInteger(this.name, "n", n);
  }

  override call(inputs: Tensor): Tensor {
    if (inputs.ndim !== 2) throw otherRank(this.name, inputs, "[batch, features]");
    const [batch = 0, features = 0] = inputs.shape;
    return ops.broadcastTo(ops.expandDims(inputs, 1), [batch, this.n, features]);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), n: this.n };
  }
}

function checkedOrder(where: string, dims: Shape): Shape {
  if (Array.isArray(dims) && [...dims].sort((a, b) => a - b).every((axis, i) => axis === i + 1)) return dims;
  throw new ValueError(where, "dims is no order of axes.", {
    received: `dims = ${JSON.stringify(dims)}`,
    expected: "each of 1, 2, ... once; the batch axis stays first and is not among them.",
    fix: "write new Permute([2, 1]).",
  });
}

function otherRank(where: string, x: Tensor, expected: string): ShapeError {
  return new ShapeError(where, "the input has another number of axes.", {
    received: `an input of shape [${x.shape.join()}].`,
    expected: `${expected}.`,
    fix: "check the layer before, or reshape.",
  });
}
