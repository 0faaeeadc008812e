/** @file Layers that merge several inputs: elementwise with broadcasting, by joining, or by products along an axis. */
import { ops, ShapeError, type Tensor, ValueError } from "@tenrec/tensor";
import { Layer, type LayerOptions, type RunOptions, type Shape, type Values } from "../layer.ts";
import type { Mask } from "../masks.ts";

type Inputs = readonly Tensor[];
type InputMasks = readonly (Tensor | null)[] | null;

/** Base of the layers that merge elementwise. Axes of extent 1 are repeated; inputs of lower rank get axes after the batch. */
abstract class Merge extends Layer {
  static override readonly className: string = "Merge";
  override supportsMasking = true;

  protected abstract merge(inputs: Inputs, masks: InputMasks): Tensor;

  override call(values: Values, { mask }: RunOptions): Tensor {
    const inputs = checkSeveral(this.name, values);
    checkMergeable(this.name, inputs);
    return this.merge(sameRank(inputs), (mask as InputMasks | undefined) ?? null);
  }

  /** A step counts where it counts in one of the inputs; all of it where one has no mask. */
  override computeMask(_inputs: Values, previous: Mask | null): Mask | null {
    const masks = previous as InputMasks;
    return masks?.every((mask) => mask !== null) ? masks.reduce((a, b) => ops.logicalOr(a, b)) : null;
  }
}

/**
 * Sum of its inputs.
 * @example
 * new layers.Add().apply([x, shortcut]);
 */
export class Add extends Merge {
  static override readonly className: string = "Add";
  protected override merge(inputs: Inputs): Tensor {
    return inputs.reduce((a, b) => ops.add(a, b));
  }
}

/**
 * First input minus the second.
 * @example
 * new layers.Subtract().apply([x, y]); // x - y
 */
export class Subtract extends Merge {
  static override readonly className: string = "Subtract";
  protected override merge(inputs: Inputs): Tensor {
    const [a, b] = checkTwo(this.name, inputs);
    return ops.subtract(a, b);
  }
}

/**
 * Product of its inputs. Steps that do not count are left out of it.
 * @example
 * new layers.Multiply().apply([x, gate]);
 */
export class Multiply extends Merge {
  static override readonly className: string = "Multiply";
  protected override merge(inputs: Inputs, masks: InputMasks): Tensor {
    const kept = inputs.map((x, i) => {
      const mask = masks?.[i];
      return mask ? ops.where(ops.expandDims(mask, -1), x, 1) : x;
    });
    const product = kept.reduce((a, b) => ops.multiply(a, b));
    const mask = this.computeMask(inputs, masks) as Tensor | null;
    return mask ? ops.where(ops.expandDims(mask, -1), product, 0) : product;
  }
}

/**
 * Mean of its inputs.
 * @example
 * new layers.Average().apply([x, y]);
 */
export class Average extends Merge {
  static override readonly className: string = "Average";
  protected override merge(inputs: Inputs): Tensor {
    return ops.divide(
      inputs.reduce((a, b) => ops.add(a, b)),
      inputs.length,
    );
  }
}

/**
 * Largest of its inputs, element by element; of those that count, where they have masks.
 * @example
 * new layers.Maximum().apply([x, y]);
 */
export class Maximum extends Merge {
  static override readonly className: string = "Maximum";
  protected override merge(inputs: Inputs, masks: InputMasks): Tensor {
    return chooseMasked(ops.maximum, inputs, masks);
  }
}

/**
 * Smallest of its inputs, element by element; of those that count, where they have masks.
 * @example
 * new layers.Minimum().apply([x, y]);
 */
export class Minimum extends Merge {
  static override readonly className: string = "Minimum";
  protected override merge(inputs: Inputs, masks: InputMasks): Tensor {
    return chooseMasked(ops.minimum, inputs, masks);
  }
}

/** Where one of two does not count, both sides of the choice are the other one. */
function chooseMasked(choose: (a: Tensor, b: Tensor) => Tensor, inputs: Inputs, masks: InputMasks): Tensor {
  let [result, seen] = [inputs[0] as Tensor, masks?.[0] ?? null];
  for (const [i, input] of inputs.entries()) {
    if (i === 0) continue;
    const mask = masks?.[i] ?? null;
    const x = mask ? ops.where(ops.expandDims(mask, -1), input, result) : input;
    const before = seen ? ops.where(ops.expandDims(seen, -1), result, x) : result;
    seen = seen && mask ? ops.logicalOr(seen, mask) : null;
    result = choose(before, x);
  }
  return result;
}

export interface ConcatenateOptions extends LayerOptions {
  /** Axis along which inputs are joined; the last one by default. */
  readonly axis?: number;
}

/**
 * Inputs one after another along an axis; all other extents are equal.
 * @example
 * new layers.Concatenate().apply([ops.ones([8, 3]), ops.ones([8, 2])]); // [8, 5]
 */
export class Concatenate extends Layer {
  static override readonly className: string = "Concatenate";
  override supportsMasking = true;
  readonly axis: number;

  constructor(options: ConcatenateOptions = {}) {
    super(options);
    this.axis = options.axis ?? -1;
  }

  override call(values: Values): Tensor {
    const inputs = checkSeveral(this.name, values);
    const [first] = inputs as [Tensor];
    const axis = this.axis < 0 ? this.axis + first.ndim : this.axis;
    const others = (x: Tensor) => x.shape.map((extent, at) => (at === axis ? "*" : extent)).join();
    if (axis < 0 || axis >= first.ndim || inputs.some((x) => others(x) !== others(first)))
      throw notJoinable(this.name, inputs, this.axis);
    return ops.concatenate(inputs, { axis });
  }

  override computeMask(values: Values, previous: Mask | null): Mask | null {
    if (!previous) return null;
    const inputs = values as Inputs;
    const masks = (previous as readonly (Tensor | null)[]).map((mask, i) => {
      const x = inputs[i] as Tensor;
      const everywhere = ops.onesLike(x, { dtype: "bool" });
      if (!mask) return everywhere;
      return mask.ndim < x.ndim ? ops.logicalAnd(ops.expandDims(mask, -1), everywhere) : mask;
    });
    return ops.any(ops.concatenate(masks, { axis: this.axis }), { axis: -1 });
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axis: this.axis };
  }
}

export interface DotOptions extends LayerOptions {
  /** Divide by the lengths along the axes first: the result is the cosine of the angle. */
  readonly normalize?: boolean;
}

/**
 * Sum of products of two inputs along an axis of each, sample by sample.
 *
 * @param axes - One axis for both inputs, or one for each; not the batch axis.
 * @example
 * new layers.Dot(1).apply([ops.ones([8, 16]), ops.ones([8, 16])]); // [8, 1]
 */
export class Dot extends Layer {
  static override readonly className: string = "Dot";
  override supportsMasking = true;
  readonly axes: number | readonly [number, number];
  readonly normalize: boolean;

  constructor(axes: number | readonly [number, number], options: DotOptions = {}) {
    super(options);
    this.axes = checkAxes(this.name, axes);
    this.normalize = options.normalize ?? false;
  }

  override call(values: Values): Tensor {
    const [a, b] = checkTwo(this.name, checkSeveral(this.name, values));
    const [first, second] = typeof this.axes === "number" ? [this.axes, this.axes] : this.axes;
    const [axisA, axisB] = [positive(first, a), positive(second, b)];
    const [batch = 0, length = 0] = [a.shape[0], a.shape[axisA]];
    if (axisA < 1 || axisB < 1 || batch !== b.shape[0] || length !== b.shape[axisB])
      throw noProduct(this.name, a.shape, b.shape, this.axes);
    const [x, y] = this.normalize
      ? [ops.normalize(a, { axis: axisA }), ops.normalize(b, { axis: axisB })]
      : [a, b];
    const [restA, restB] = [without(a.shape, axisA), without(b.shape, axisB)];
    const left = ops.reshape(ops.moveaxis(x, axisA, -1), [batch, -1, length]);
    const right = ops.reshape(ops.moveaxis(y, axisB, 1), [batch, length, -1]);
    const rest = [...restA, ...restB];
    return ops.reshape(ops.matmul(left, right), [batch, ...(rest.length > 0 ? rest : [1])]);
  }

  override computeMask(): null {
    return null;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), axes: this.axes, normalize: this.normalize };
  }
}

const positive = (axis: number, x: Tensor): number => (axis < 0 ? axis + x.ndim : axis);

/** Extents besides the batch and one axis. */
const without = (shape: Shape, axis: number): number[] => shape.filter((_, at) => at > 0 && at !== axis);

const shapes = (inputs: Inputs): string => inputs.map(({ shape }) => `[${shape.join()}]`).join(", ");

function checkSeveral(where: string, values: Values): Inputs {
  if (Array.isArray(values) && values.length > 0) return values as Inputs;
  throw new ValueError(where, "the layer merges several inputs.", {
    received: Array.isArray(values) ? "an empty array." : "one value.",
    expected: "an array of tensors.",
    fix: "write layer.apply([x, y]).",
  });
}

function checkTwo(where: string, inputs: Inputs): readonly [Tensor, Tensor] {
  if (inputs.length === 2) return inputs as unknown as readonly [Tensor, Tensor];
  throw new ValueError(where, "the layer takes exactly two inputs.", {
    received: `${inputs.length}.`,
    expected: "2.",
    fix: "write layer.apply([x, y]).",
  });
}

/** Extents after the batch, compared from the last one on, are equal or 1; batches are equal. */
function checkMergeable(where: string, inputs: Inputs): void {
  const batches = new Set(inputs.map(({ shape }) => shape[0]));
  const depth = Math.max(...inputs.map(({ ndim }) => ndim)) - 1;
  const clashes = Array.from({ length: depth }, (_, fromEnd) => {
    const extents = inputs.flatMap(({ shape }) => shape.slice(1).at(-1 - fromEnd) ?? 1);
    return new Set(extents.filter((extent) => extent !== 1)).size > 1;
  });
  if (batches.size === 1 && !clashes.includes(true)) return;
  throw new ShapeError(
    where,
    batches.size > 1 ? "the inputs differ in the number of samples." : "the inputs do not fit together.",
    {
      received: shapes(inputs),
      expected: "equal extents, or 1 where an input is to be repeated.",
      fix: "bring them to one shape first, by a Dense layer or by Reshape.",
    },
  );
}

/** Inputs of lower rank get axes after the batch, as in Keras. */
function sameRank(inputs: Inputs): Inputs {
  const rank = Math.max(...inputs.map(({ ndim }) => ndim));
  return inputs.map((x) => {
    const [batch = 0, ...rest] = x.shape;
    if (x.ndim === rank) return x;
    return ops.reshape(x, [batch, ...Array.from({ length: rank - x.ndim }, () => 1), ...rest]);
  });
}

function checkAxes(where: string, axes: Dot["axes"]): Dot["axes"] {
  const all = typeof axes === "number" ? [axes, axes] : axes;
  if (Array.isArray(all) && all.length === 2 && all.every((axis) => Number.isInteger(axis) && axis !== 0))
    return axes;
  throw new ValueError(where, "not axes of a product.", {
    received: `axes = ${JSON.stringify(axes)}`,
    expected: "an integer, or one for each of the two inputs; not 0, the batch.",
    fix: "write new Dot(1), or new Dot([1, 2]).",
  });
}

function notJoinable(where: string, inputs: Inputs, axis: number): ShapeError {
  return new ShapeError(where, `the inputs cannot be joined along axis ${axis}.`, {
    received: shapes(inputs),
    expected: "equal ranks, and equal extents along all other axes.",
    fix: "check the axis, or bring the inputs to one shape first.",
  });
}

function noProduct(where: string, a: Shape, b: Shape, axes: number | readonly number[]): ShapeError {
  return new ShapeError(where, "the inputs have no product along these axes.", {
    received: `[${a.join()}] and [${b.join()}], axes ${JSON.stringify(axes)}.`,
    expected: "equal numbers of samples, and equal extents along the axes.",
    fix: "pass [axis of the first, axis of the second].",
  });
}
