/** @file What initializers have in common, and the constant ones. */
import {
  type Dtype,
  type HostArray,
  handleFree,
  ops,
  ShapeError,
  Tensor,
  type TensorLike,
  tensor,
} from "@tenrec/tensor";

/** First values of weights. */
export abstract class Initializer {
  static readonly className: string = "Initializer";

  /** The value, as a tensor of the graph or as host data. */
  abstract value(shape: readonly number[], dtype: Dtype): TensorLike;
  abstract getConfig(): Record<string, unknown>;

  /**
   * A tensor of first values.
   * @example
   * new initializers.GlorotUniform({ seed: 42 }).apply([784, 128]);
   */
  apply(shape: readonly number[], { dtype = "float32" }: { readonly dtype?: Dtype } = {}): Tensor {
    return handleFree(() => {
      const value = this.value(shape, dtype);
      return value instanceof Tensor ? value : tensor(value);
    });
  }
}

const arrayTypes = {
  float32: Float32Array,
  float16: Float32Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint32Array,
  uint8: Uint8Array,
  int8: Int8Array,
} as const;

/** Host data of one number: becomes a variable's memory without a kernel. */
export function constantData(shape: readonly number[], value: number, dtype: Dtype = "float32"): HostArray {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const data = new arrayTypes[dtype](size);
  return { data: value === 0 ? data : data.fill(value), shape };
}

/** The same number everywhere. */
export class Constant extends Initializer {
  static override readonly className: string = "Constant";
  readonly #number: number;

  constructor({ value = 0 }: { readonly value?: number } = {}) {
    super();
    this.#number = value;
  }
  override value(shape: readonly number[], dtype: Dtype): TensorLike {
    return constantData(shape, this.#number, dtype);
  }
  override getConfig(): Record<string, unknown> {
    return { value: this.#number };
  }
}

/** All 0. */
export class Zeros extends Constant {
  static override readonly className: string = "Zeros";
  constructor() {
    super({ value: 0 });
  }
  override getConfig(): Record<string, unknown> {
    return {};
  }
}

/** All 1. */
export class Ones extends Constant {
  static override readonly className: string = "Ones";
  constructor() {
    super({ value: 1 });
  }
  override getConfig(): Record<string, unknown> {
    return {};
  }
}

/** `gain` on the diagonal of a matrix. */
export class Identity extends Initializer {
  static override readonly className: string = "Identity";
  readonly #gain: number;

  constructor({ gain = 1 }: { readonly gain?: number } = {}) {
    super();
    this.#gain = gain;
  }
  override value(shape: readonly number[]): TensorLike {
    const [rows, columns] = matrixShape("Identity", shape);
    return ops.multiply(ops.eye(rows, { m: columns }), this.#gain);
  }
  override getConfig(): Record<string, unknown> {
    return { gain: this.#gain };
  }
}

/** Extents of a matrix, or the error that asks for one. */
export function matrixShape(where: string, shape: readonly number[]): [number, number] {
  if (shape.length === 2) return [shape[0] as number, shape[1] as number];
  throw new ShapeError(where, "the weight is not a matrix.", {
    received: `shape [${shape.join()}].`,
    expected: "two axes.",
    fix: "use another initializer for this weight.",
  });
}
