/** @file Losses: reductions, names, functions as losses, bad input. Values and gradients: goldenLosses.test.ts. */
import { init, ops, type Tensor } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { losses } from "../src/index.ts";

beforeAll(() => init({ backend: "cpu" }));

const [yTrue, yPred] = [
  [
    [0, 1],
    [0, 0],
  ],
  [
    [1, 1],
    [1, 0],
  ],
];
const read = async (x: Tensor) => (await x.array()) as unknown;

describe("reductions of the mean squared error 1/2, 1/2", () => {
  test.each([
    ["sum_over_batch_size", 0.5, 0.375],
    ["mean", 0.5, 0.375],
    ["sum", 1, 0.75],
    ["none", [0.5, 0.5], [0.5, 0.25]],
    ["mean_with_sample_weight", 0.5, 0.5],
  ] as const)("%s", async (reduction, plain, weighted) => {
    const loss = new losses.MeanSquaredError({ reduction });
    expect(await read(loss.apply(yTrue, yPred))).toEqual(plain);
    expect(await read(loss.apply(yTrue, yPred, { sampleWeight: [1, 0.5] }))).toEqual(weighted);
  });

  test("null is none; an unknown one names its neighbours", () => {
    expect(new losses.MeanSquaredError({ reduction: null }).reduction).toBe("none");
    expect(() => new losses.MeanSquaredError({ reduction: "summ" as never })).toThrow(/did you mean "sum"/);
  });
});

describe("names", () => {
  test.each([
    ["mse", "MeanSquaredError"],
    ["mean_absolute_error", "MeanAbsoluteError"],
    ["binary_crossentropy", "BinaryCrossentropy"],
    ["categoricalCrossentropy", "CategoricalCrossentropy"],
    ["kl_divergence", "KLDivergence"],
    ["cosine_similarity", "CosineSimilarity"],
  ] as const)("%s is %s", async (name, Class) => {
    const [wanted, found] = [
      [
        [0, 1],
        [1, 0],
      ],
      [
        [0.25, 0.75],
        [0.5, 0.5],
      ],
    ];
    expect(await read(losses.getLoss(name).apply(wanted, found))).toEqual(
      await read(new losses[Class]().apply(wanted, found)),
    );
  });

  test("a function is a loss, with its mean", async () => {
    const own = (wanted: Tensor, found: Tensor) => ops.mean(ops.abs(wanted.sub(found)), { axis: -1 });
    expect(await read(losses.getLoss(own).apply(yTrue, yPred))).toBe(0.5);
    expect(losses.getLoss(own).name).toBe("own");
  });

  test("an unknown one names its neighbours", () => {
    expect(() => losses.getLoss("mean_square_error")).toThrow(/did you mean "mean_squared_error"/);
  });
});

test("a column of predictions fits a vector of targets", async () => {
  expect(await read(new losses.MeanSquaredError().apply([1, 2, 3], [[1], [2], [5]]))).toBeCloseTo(4 / 3, 6);
});

test("targets that do not fit the predictions are refused", () => {
  const labels = new losses.SparseCategoricalCrossentropy();
  expect(() => labels.apply([0, 1, 2], yPred)).toThrow(/do not fit[\s\S]*one label per row/);
  expect(() => new losses.CategoricalCrossentropy().apply([[1, 0, 0]], [[0.5, 0.5]])).toThrow(
    /differ in shape/,
  );
});

test("configurations make equal losses", () => {
  const smooth = new losses.CategoricalCrossentropy({
    labelSmoothing: 0.1,
    fromLogits: true,
    reduction: "sum",
  });
  expect(new losses.CategoricalCrossentropy(smooth.getConfig()).getConfig()).toEqual(smooth.getConfig());
});
