/** @file The records that data sets return: host arrays with a shape, whole and split in train and test rows. */

/** A typed array with its shape (row-major), as `fit`, `evaluate` and `predict` accept it. */
export interface HostArray<Data extends ArrayBufferView = Float32Array> {
  readonly data: Data;
  readonly shape: number[];
}

/** Rows of features `x` and their targets `y`. */
export interface LabelledArrays<X extends ArrayBufferView, Y extends ArrayBufferView> {
  readonly x: HostArray<X>;
  readonly y: HostArray<Y>;
}

/** All rows as `x` and `y`; `train` (the first rows) and `test` (the last) are views of the same memory. */
export interface SplitData<X extends ArrayBufferView = Float32Array, Y extends ArrayBufferView = Int32Array>
  extends LabelledArrays<X, Y> {
  readonly train: LabelledArrays<X, Y>;
  readonly test: LabelledArrays<X, Y>;
  /** What label i means; empty for regression. */
  readonly classNames: readonly string[];
  /** What column i of `x` means. */
  readonly featureNames: readonly string[];
}

/** Options that every data set with a split takes. */
export interface SplitOptions {
  /** Share of the rows that goes to `test`, in [0, 1). Default 0.2. */
  readonly testSplit?: number;
  /** Integer that decides the order of the rows and all generated numbers. Default 0. */
  readonly seed?: number;
}
