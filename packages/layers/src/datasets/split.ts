/** @file Splits rows into train and test views, and puts rows into another order. */
import type { HostArray, SplitData } from "./types.ts";

/** The typed arrays that data sets hold. */
export type NumberArray = Float32Array | Int32Array | Uint8Array;

/** A view of rows `from` ... `to` - 1 of `array`. */
export function rowsOf<Data extends NumberArray>(
  array: HostArray<Data>,
  from: number,
  to: number,
): HostArray<Data> {
  const [rows = 0, ...rest] = array.shape;
  const width = rows === 0 ? 0 : array.data.length / rows;
  return { data: array.data.subarray(from * width, to * width) as Data, shape: [to - from, ...rest] };
}

/**
 * `x` and `y` with their last `round(rows * testSplit)` rows as `test` and the others as `train`, nothing copied.
 * At least one row stays in `train`.
 */
export function splitData<X extends NumberArray, Y extends NumberArray>(
  data: { x: HostArray<X>; y: HostArray<Y>; classNames?: readonly string[]; featureNames: readonly string[] },
  testSplit: number,
): SplitData<X, Y> {
  const rows = data.x.shape[0] ?? 0;
  const cut = Math.max(1, rows - Math.round(rows * testSplit));
  return {
    x: data.x,
    y: data.y,
    train: { x: rowsOf(data.x, 0, cut), y: rowsOf(data.y, 0, cut) },
    test: { x: rowsOf(data.x, cut, rows), y: rowsOf(data.y, cut, rows) },
    classNames: data.classNames ?? [],
    featureNames: data.featureNames,
  };
}

/** Fills `target` with the rows of `source` in the given order, each value times `scale`. */
export function reorder(
  source: ArrayLike<number>,
  order: Uint32Array,
  target: Float32Array | Int32Array,
  scale = 1,
): void {
  const width = target.length / order.length;
  order.forEach((from, row) => {
    for (let column = 0; column < width; column++)
      target[row * width + column] = source[from * width + column]! * scale;
  });
}
