/** @file Digits, iris and the generators: content, splits, seeds and bad options. */
import { describe, expect, it } from "vitest";
import type { HostArray } from "../src/datasets/index.ts";
import * as datasets from "../src/datasets/index.ts";
import { randomSource } from "../src/datasets/source.ts";

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
const row = ({ data, shape }: HostArray, i: number) => {
  const width = data.length / (shape[0] ?? 1);
  return Array.from(data.subarray(i * width, (i + 1) * width));
};
const counts = (labels: Int32Array) =>
  Array.from(labels).reduce<number[]>((table, label) => {
    table[label] = (table[label] ?? 0) + 1;
    return table;
  }, []);

/** Share of test rows whose nearest train row has the same label. */
function nearestNeighbourAccuracy({ train, test }: datasets.SplitData): number {
  const width = train.x.shape[1] ?? 1;
  const hits = Array.from(test.y.data).filter((label, i) => {
    let [best, guess] = [Infinity, -1];
    for (let j = 0; j < train.y.data.length; j++) {
      let distance = 0;
      for (let k = 0; k < width; k++)
        distance += (test.x.data[i * width + k]! - train.x.data[j * width + k]!) ** 2;
      if (distance < best) [best, guess] = [distance, train.y.data[j]!];
    }
    return guess === label;
  });
  return hits.length / test.y.data.length;
}

describe("digits", () => {
  it("has scikit-learn's numbers in scikit-learn's order", async () => {
    const { x, y, classNames, featureNames } = await datasets.digits({ shuffle: false, scale: false });
    expect(x.shape).toEqual([1797, 64]);
    expect(y.shape).toEqual([1797]);
    expect(sum(x.data)).toBe(561718);
    expect(row(x, 0).slice(0, 16)).toEqual([0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]);
    expect(sum(row(x, 1796))).toBe(392);
    expect(Array.from(y.data.subarray(0, 10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(counts(y.data)).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    expect(classNames).toHaveLength(10);
    expect(featureNames[9]).toBe("pixel 1,1");
  });

  it("scales, splits without copying and shuffles by seed", async () => {
    const set = await datasets.digits();
    expect(Math.max(...set.x.data)).toBe(1);
    expect([set.train.x.shape, set.train.y.shape]).toEqual([[1438, 64], [1438]]);
    expect([set.test.x.shape, set.test.y.shape]).toEqual([[359, 64], [359]]);
    expect(set.test.x.data.buffer).toBe(set.x.data.buffer);
    expect(counts(set.y.data)).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    expect(Math.min(...counts(set.test.y.data))).toBeGreaterThan(20);
    const [again, other] = [await datasets.digits({ seed: 0 }), await datasets.digits({ seed: 1 })];
    expect(again.x.data).toEqual(set.x.data);
    expect(other.y.data).not.toEqual(set.y.data);
  });

  it("keeps image and label together: a nearest neighbour recognises the test rows", async () => {
    expect(nearestNeighbourAccuracy(await datasets.digits({ seed: 3 }))).toBeGreaterThan(0.97);
  });

  it("gives images, and no test rows for testSplit 0", async () => {
    const { train, test } = await datasets.digits({ flatten: false, testSplit: 0 });
    expect(train.x.shape).toEqual([1797, 8, 8, 1]);
    expect(test.x.shape).toEqual([0, 8, 8, 1]);
    expect(test.x.data).toHaveLength(0);
  });

  it("refuses bad options", async () => {
    await expect(datasets.digits({ testSplit: 1 })).rejects.toThrow(/digits: testSplit is out of range/);
    await expect(datasets.digits({ seed: 0.5 })).rejects.toThrow(datasets.DataError);
  });
});

describe("iris", () => {
  it("has scikit-learn's numbers", async () => {
    const { x, y, classNames } = await datasets.iris({ shuffle: false });
    expect([x.shape, y.shape]).toEqual([[150, 4], [150]]);
    expect([0, 1, 2, 3].map((k) => Math.round(sum(x.data.filter((_, i) => i % 4 === k)) * 10) / 10)).toEqual([
      876.5, 458.6, 563.7, 179.9,
    ]);
    expect(row(x, 149)).toEqual([5.9, 3, 5.1, 1.8].map(Math.fround));
    expect(row(x, 34)).toEqual([4.9, 3.1, 1.5, 0.2].map(Math.fround));
    expect(counts(y.data)).toEqual([50, 50, 50]);
    expect(classNames).toEqual(["setosa", "versicolor", "virginica"]);
  });

  it("splits 120 and 30 rows that a nearest neighbour tells apart", async () => {
    const set = await datasets.iris({ seed: 2 });
    expect([set.train.x.shape[0], set.test.x.shape[0]]).toEqual([120, 30]);
    expect(nearestNeighbourAccuracy(set)).toBeGreaterThan(0.9);
  });
});

describe("generators", () => {
  const { gaussians, moons, circles, spiral, xor, blobs } = datasets;

  it.each(Object.entries({ gaussians, moons, circles, spiral, xor, blobs }))(
    "%s: shapes, balance, seeds",
    (_, generate) => {
      const set = generate({ samples: 303, seed: 5, testSplit: 1 / 3 });
      expect([set.x.shape, set.y.shape, set.train.x.shape, set.test.y.shape]).toEqual([
        [303, 2],
        [303],
        [202, 2],
        [101],
      ]);
      const sizes = counts(set.y.data);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(sizes).toHaveLength(set.classNames.length);
      expect(set.x.data.every(Number.isFinite)).toBe(true);
      expect(generate({ samples: 303, seed: 5 }).x.data).toEqual(set.x.data);
      expect(generate({ samples: 303, seed: 6 }).x.data).not.toEqual(set.x.data);
      expect(nearestNeighbourAccuracy(set)).toBeGreaterThan(0.85);
    },
  );

  it("gaussians: centres (0, 3) and (3, 0), variance 1, covariance 0.5", () => {
    const { x, y } = gaussians({ samples: 20000, seed: 1 });
    for (const [label, center] of [
      [0, [0, 3]],
      [1, [3, 0]],
    ] as const) {
      const cloud = Array.from(y.data, (value, i) => (value === label ? row(x, i) : [])).filter(
        (r) => r.length,
      );
      const mean = [0, 1].map((k) => sum(cloud.map((r) => r[k]!)) / cloud.length);
      expect(mean[0]).toBeCloseTo(center[0], 1);
      expect(mean[1]).toBeCloseTo(center[1], 1);
      const moment = (a: number, b: number) =>
        sum(cloud.map((r) => (r[a]! - mean[a]!) * (r[b]! - mean[b]!))) / cloud.length;
      expect([moment(0, 0), moment(1, 1), moment(0, 1)].map((v) => Math.round(v * 10) / 10)).toEqual([
        1, 1, 0.5,
      ]);
    }
  });

  it("without noise the points lie on their curves", () => {
    const ring = circles({ samples: 90, classes: 3, noise: 0 });
    ring.y.data.forEach((label, i) => {
      expect(Math.hypot(...row(ring.x, i))).toBeCloseTo(1 - label / 3, 6);
    });
    const checks = xor({ samples: 200 });
    checks.y.data.forEach((label, i) => {
      const [a = 0, b = 0] = row(checks.x, i);
      expect(a > 0 !== b > 0).toBe(label === 1);
    });
  });

  it("linear: the function plus noise", () => {
    const { x, y, classNames, test } = datasets.linear({
      samples: 50,
      weights: [2, -1],
      bias: 0.5,
      noise: 0,
    });
    expect([x.shape, y.shape, test.y.shape, classNames]).toEqual([[50, 2], [50, 1], [10, 1], []]);
    y.data.forEach((value, i) => {
      const [a = 0, b = 0] = row(x, i);
      expect(value).toBeCloseTo(2 * a - b + 0.5, 6);
    });
  });

  it("refuses bad options in the house form", () => {
    expect(() => moons({ samples: 0 })).toThrow(
      "moons: samples is not a usable count.\n  Received: samples = 0\n  Expected: an integer of at least 2.\n  Fix: ",
    );
    expect(() => circles({ classes: 1 })).toThrow(/circles: classes/);
    expect(() => spiral({ noise: -1 })).toThrow(/spiral: noise/);
    expect(() => blobs({ features: 0 })).toThrow(/blobs: features/);
    expect(() => datasets.linear({ weights: [] })).toThrow(/linear: weights.length/);
    expect(() => datasets.linear({ weights: [1, Number.NaN] })).toThrow(/linear: weights\[1\]/);
    expect(() => xor({ seed: 2 ** 40 })).toThrow(/xor: seed/);
  });
});

it("the random source is even and normal", () => {
  const random = randomSource(9);
  const uniforms = Array.from({ length: 20000 }, () => random.uniform());
  expect(sum(uniforms) / 20000).toBeCloseTo(0.5, 2);
  expect(uniforms.every((value) => value >= 0 && value < 1)).toBe(true);
  const normals = Array.from({ length: 20000 }, () => random.normal());
  expect(Math.abs(sum(normals) / 20000)).toBeLessThan(0.03);
  expect(sum(normals.map((value) => value * value)) / 20000).toBeCloseTo(1, 1);
  expect(Array.from(random.order(500)).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 500 }, (_, i) => i),
  );
});
