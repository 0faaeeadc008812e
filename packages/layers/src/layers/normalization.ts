/** @file Normalization: features with mean 0 and variance 1, learned from data or given. */
import {
  handleFree,
  ops,
  ShapeError,
  Tensor,
  type TensorLike,
  ValueError,
  type Variable,
} from "@tenrec/tensor";
import { Layer, type LayerOptions, type Shape } from "../layer.ts";
import { asFloat } from "../tensors.ts";

type Numbers = number | readonly number[] | readonly Numbers[];

export interface NormalizationOptions extends LayerOptions {
  /** Axes with a mean and variance of their own (the last by default); null: one mean for everything. */
  readonly axis?: number | readonly number[] | null;
  /** Known statistics, both or neither: a number, or one per position along `axis`. */
  readonly mean?: Numbers | null;
  readonly variance?: Numbers | null;
  /** Turns normalized values back. */
  readonly invert?: boolean;
}

/** Batches for `adapt`; of a batch that is an array of tensors, such as [x, y], the first one counts. */
export type Batches =
  | Iterable<TensorLike | readonly Tensor[]>
  | AsyncIterable<TensorLike | readonly Tensor[]>;

interface Moments {
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly count: number;
}

/** Keras's epsilon: a constant feature becomes 0, not NaN. */
const epsilon = 1e-7;

/**
 * (x - mean) / sqrt(variance) along `axis`. Give both, or call `adapt` with data before training.
 *
 * Weights (where nothing is given): `mean` and `variance` [extents of axis], `count` [].
 * @example
 * const normalization = new layers.Normalization();
 * await normalization.adapt(trainingData);
 */
export class Normalization extends Layer {
  static override readonly className: string = "Normalization";
  override readonly innerDtype = "float32";
  override supportsMasking = true;
  readonly axis: readonly number[];
  readonly invert: boolean;
  readonly inputMean: Numbers | null;
  readonly inputVariance: Numbers | null;
  adaptMean: Variable | null = null;
  adaptVariance: Variable | null = null;
  count: Variable | null = null;
  #keep: readonly number[] = [];
  #builtShape: Shape = [];

  constructor({
    axis = -1,
    mean = null,
    variance = null,
    invert = false,
    ...options
  }: NormalizationOptions = {}) {
    super(options);
    this.axis = axis === null ? [] : typeof axis === "number" ? [axis] : axis;
    this.invert = invert;
    if ((mean === null) !== (variance === null))
      throw oneMissing(this.name, mean === null ? "variance" : "mean");
    this.inputMean = mean;
    this.inputVariance = variance;
  }

  override build(inputShape: Shape): void {
    const rank = inputShape.length;
    this.#keep = this.axis.map((axis) => checkedAxis(this.name, axis, rank)).sort((a, b) => a - b);
    this.#builtShape = inputShape;
    if (this.inputMean !== null) return;
    const shape = this.#keep.map((axis) => inputShape[axis] as number);
    this.adaptMean = this.addWeight({ name: "mean", shape, initializer: "zeros", trainable: false });
    this.adaptVariance = this.addWeight({ name: "variance", shape, initializer: "ones", trainable: false });
    // Nothing reads it; it is in Keras's files.
    this.count = this.addWeight({ name: "count", dtype: "int32", initializer: "zeros", trainable: false });
  }

  /**
   * Takes mean and variance from data, replacing what was there. Everything happens before the promise is returned unless `data` is an
   * asynchronous source.
   *
   * @param data - Samples as one tensor, array or typed array, or batches of them.
   */
  async adapt(data: TensorLike | Batches): Promise<void> {
    if (this.inputMean !== null) return;
    if (!isBatches(data)) return this.#finish(this.#momentsOf(asFloat(data)));
    let total: Moments | null = null;
    for await (const batch of data) total = this.#joined(total, batch);
    if (!total) throw noBatches(this.name);
    this.#finish(total);
  }

  #joined(total: Moments | null, batch: TensorLike | readonly Tensor[]): Moments {
    const isPair = Array.isArray(batch) && batch[0] instanceof Tensor;
    const added = this.#momentsOf(asFloat(isPair ? (batch[0] as Tensor) : (batch as TensorLike)));
    return total ? handleFree(() => joinMoments(total, added)) : added;
  }

  #momentsOf(x: Tensor): Moments {
    if (!this.built) {
      this.build(x.shape);
      this.built = true;
    }
    this.#checkShape(x.shape);
    const axis = x.shape.map((_, i) => i).filter((i) => !this.#keep.includes(i));
    const count = axis.reduce((product, i) => product * (x.shape[i] as number), 1);
    return handleFree(() => ({ mean: ops.mean(x, { axis }), variance: ops.variance(x, { axis }), count }));
  }

  #checkShape(shape: Shape): void {
    const isSame = this.#keep.every((axis) => shape[axis] === this.#builtShape[axis]);
    if (isSame && shape.length === this.#builtShape.length) return;
    throw new ShapeError(this.name, "the data does not fit the layer.", {
      received: `shape [${shape.join()}].`,
      expected: `the extents of [${this.#builtShape.join()}] along axes ${this.#keep.join(", ") || "(none)"}.`,
      fix: "give batches of equal features, or make a new layer.",
    });
  }

  #finish({ mean, variance }: Moments): void {
    this.adaptMean?.assign(mean);
    this.adaptVariance?.assign(variance);
  }

  override call(inputs: Tensor): Tensor {
    this.#checkShape(inputs.shape);
    const x = ops.cast(inputs, "float32");
    const mean = this.#spread(this.adaptMean ?? (this.inputMean as TensorLike), inputs.ndim);
    const variance = this.#spread(this.adaptVariance ?? (this.inputVariance as TensorLike), inputs.ndim);
    const deviation = ops.maximum(ops.sqrt(variance), epsilon);
    return this.invert
      ? ops.add(mean, ops.multiply(x, deviation))
      : ops.divide(ops.subtract(x, mean), deviation);
  }

  /** Statistics with an axis for each axis of the input; fewer than the kept axes belong to the last of those. */
  #spread(statistics: TensorLike, rank: number): Tensor {
    const values = asFloat(statistics);
    const shape = Array.from({ length: rank }, () => 1);
    const places = this.#keep.slice(this.#keep.length - values.ndim);
    if (values.ndim > this.#keep.length) throw tooManyAxes(this.name, values.shape, this.axis);
    places.forEach((axis, i) => {
      shape[axis] = values.shape[i] as number;
    });
    return ops.reshape(values, shape);
  }

  override getConfig(): Record<string, unknown> {
    const { axis, invert, inputMean, inputVariance } = this;
    return { ...super.getConfig(), axis, invert, mean: inputMean, variance: inputVariance };
  }
}

/** Mean and variance of two sets together: each variance grows by the square of its mean's distance from the common one. */
function joinMoments(a: Moments, b: Moments): Moments {
  const count = a.count + b.count;
  const weighted = (x: Tensor, y: Tensor) =>
    ops.add(ops.multiply(x, a.count / count), ops.multiply(y, b.count / count));
  const mean = weighted(a.mean, b.mean);
  const around = (one: Moments) => ops.add(one.variance, ops.square(ops.subtract(one.mean, mean)));
  return { mean, variance: weighted(around(a), around(b)), count };
}

function isBatches(data: TensorLike | Batches): data is Batches {
  if (data instanceof Tensor || ArrayBuffer.isView(data) || typeof data !== "object") return false;
  if (Array.isArray(data)) return isBatch(data[0]);
  return Symbol.iterator in data || Symbol.asyncIterator in data;
}

/** An array of tensors (or of arrays of them) is a list of batches; one of numbers or nested numbers is the data. */
const isBatch = (value: unknown): boolean =>
  value instanceof Tensor || (Array.isArray(value) && value[0] instanceof Tensor);

function checkedAxis(where: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(normal) && normal >= 0 && normal < rank) return normal;
  throw new ValueError(where, "the axis does not exist.", {
    received: `axis ${axis} of an input with ${rank} axes.`,
    expected: `integers from ${-rank} to ${rank - 1}.`,
    fix: "change axis, or the shape of the data.",
  });
}

function oneMissing(where: string, given: string): ValueError {
  return new ValueError(where, "only one of mean and variance is given.", {
    received: `${given} alone.`,
    expected: "both, or neither and a call of adapt.",
    fix: `pass ${given === "mean" ? "variance" : "mean"} too.`,
  });
}

function tooManyAxes(where: string, shape: Shape, axis: readonly number[]): ShapeError {
  return new ShapeError(where, "mean and variance have more axes than are kept.", {
    received: `statistics of shape [${shape.join()}] for axis [${axis.join()}].`,
    expected: `at most ${axis.length} axes.`,
    fix: "give one number per position along axis.",
  });
}

function noBatches(where: string): ValueError {
  return new ValueError(`${where}.adapt`, "the data are empty.", {
    received: "no batches.",
    expected: "at least one batch.",
    fix: "check the data source.",
  });
}
