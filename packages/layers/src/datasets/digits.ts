/** @file The 1,797 real handwritten 8x8 digits, loaded when first asked for. */
import { base64Bytes, inflate } from "./bytes.ts";
import { checkRange, checkSeed } from "./options.ts";
import { randomSource } from "./source.ts";
import { reorder, splitData } from "./split.ts";
import type { SplitData, SplitOptions } from "./types.ts";

const ROWS = 1797;
const PIXELS = 64;

/** Options of `digits`. */
export interface DigitsOptions extends SplitOptions {
  /** Pixels divided by 16, so that they lie in [0, 1] (true, the default), or as stored, 0 ... 16 (false). */
  readonly scale?: boolean;
  /** `x` as rows of 64 pixels (true, the default), or as images [rows, 8, 8, 1] (false). */
  readonly flatten?: boolean;
  /** Rows in an order decided by `seed` (true, the default), or as the set has them (false). */
  readonly shuffle?: boolean;
}

/**
 * Real handwritten digits: 1,797 images of 8x8 pixels in 10 classes, ready without a network.
 *
 * `x` is float32 [1797, 64] (or [1797, 8, 8, 1]), `y` int32 [1797] with labels 0 ... 9; by default 1,438 rows are `train`, 359 `test`.
 *
 * Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits" (test set), UCI Machine Learning Repository,
 * https://doi.org/10.24432/C50P49, CC BY 4.0; as in scikit-learn's `load_digits`.
 *
 * @throws DataError if `testSplit` or `seed` is out of range.
 * @example
 * const { train, test } = await datasets.digits();
 * await model.fit(train.x, train.y, { epochs: 20, validationData: [test.x, test.y] });
 */
export async function digits(options: DigitsOptions = {}): Promise<SplitData> {
  const { testSplit = 0.2, seed = 0, scale = true, flatten = true, shuffle = true } = options;
  checkRange("digits", "testSplit", testSplit, 0, 1);
  checkSeed("digits", seed);
  const { digitsBase64 } = await import("./digitsData.ts");
  const bytes = await inflate(base64Bytes(digitsBase64), "deflate");
  const order = shuffle
    ? randomSource(seed).order(ROWS)
    : Uint32Array.from({ length: ROWS }, (_, row) => row);
  const x = new Float32Array(ROWS * PIXELS);
  const y = new Int32Array(ROWS);
  reorder(bytes, order, x, scale ? 1 / 16 : 1);
  reorder(bytes.subarray(ROWS * PIXELS), order, y);
  return splitData(
    {
      x: { data: x, shape: flatten ? [ROWS, PIXELS] : [ROWS, 8, 8, 1] },
      y: { data: y, shape: [ROWS] },
      classNames: Array.from({ length: 10 }, (_, digit) => String(digit)),
      featureNames: Array.from({ length: PIXELS }, (_, i) => `pixel ${Math.floor(i / 8)},${i % 8}`),
    },
    testSplit,
  );
}
