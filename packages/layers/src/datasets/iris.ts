/** @file Fisher's 150 iris flowers, loaded when first asked for. */
import { base64Bytes } from "./bytes.ts";
import { checkRange, checkSeed } from "./options.ts";
import { randomSource } from "./source.ts";
import { reorder, splitData } from "./split.ts";
import type { SplitData, SplitOptions } from "./types.ts";

const ROWS = 150;
const FEATURES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"];

/** Options of `iris`. */
export interface IrisOptions extends SplitOptions {
  /** Rows in an order decided by `seed` (true, the default), or by class as the set has them (false). */
  readonly shuffle?: boolean;
}

/**
 * Iris flowers: 150 rows of 4 lengths in centimetres, 50 of each of 3 species.
 *
 * `x` is float32 [150, 4], `y` int32 [150] with labels 0 ... 2; by default 120 rows are `train`, 30 `test`.
 *
 * Source: R. A. Fisher (1936), UCI Machine Learning Repository, https://doi.org/10.24432/C56C76, CC BY 4.0; as in scikit-learn's `load_iris`.
 *
 * @throws DataError if `testSplit` or `seed` is out of range.
 * @example
 * const { train, test, classNames } = await datasets.iris({ seed: 7 });
 */
export async function iris(options: IrisOptions = {}): Promise<SplitData> {
  const { testSplit = 0.2, seed = 0, shuffle = true } = options;
  checkRange("iris", "testSplit", testSplit, 0, 1);
  checkSeed("iris", seed);
  const { irisBase64 } = await import("./irisData.ts");
  const bytes = base64Bytes(irisBase64);
  const order = shuffle
    ? randomSource(seed).order(ROWS)
    : Uint32Array.from({ length: ROWS }, (_, row) => row);
  const x = new Float32Array(ROWS * FEATURES.length);
  const y = new Int32Array(ROWS);
  reorder(bytes, order, x);
  reorder(bytes.subarray(ROWS * FEATURES.length), order, y);
  // A division, so that 49 tenths become the float32 nearest to 4.9 (times 0.1 rounds twice).
  x.forEach((tenths, i) => {
    x[i] = tenths / 10;
  });
  return splitData(
    {
      x: { data: x, shape: [ROWS, FEATURES.length] },
      y: { data: y, shape: [ROWS] },
      classNames: ["setosa", "versicolor", "virginica"],
      featureNames: FEATURES,
    },
    testSplit,
  );
}
