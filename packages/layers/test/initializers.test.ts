/** @file Initializers: distributions, seeds, configurations, bad input. */
import { init, jit, random } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { initializers, layers, utils } from "../src/index.ts";

beforeAll(() => init({ backend: "cpu" }));

const numbers = async (initializer: initializers.Initializer, shape: readonly number[]) => [
  ...(await initializer.apply(shape).data()),
];

function moments(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance), largest: Math.max(...values.map(Math.abs)) };
}

describe("scaled distributions: deviation and range from the fans of [40, 60]", () => {
  const shape = [40, 60];
  test.each([
    ["GlorotUniform", Math.sqrt(2 / 100), Math.sqrt(6 / 100)],
    ["GlorotNormal", Math.sqrt(2 / 100), (2 * Math.sqrt(2 / 100)) / 0.87962566],
    ["HeUniform", Math.sqrt(2 / 40), Math.sqrt(6 / 40)],
    ["HeNormal", Math.sqrt(2 / 40), (2 * Math.sqrt(2 / 40)) / 0.87962566],
    ["LecunUniform", Math.sqrt(1 / 40), Math.sqrt(3 / 40)],
    ["LecunNormal", Math.sqrt(1 / 40), (2 * Math.sqrt(1 / 40)) / 0.87962566],
  ] as const)("%s", async (name, deviation, limit) => {
    const found = moments(await numbers(new initializers[name]({ seed: 7 }), shape));
    // 2,400 draws: the mean's standard error is 2 % of the deviation, the deviation's about 1 %.
    expect(Math.abs(found.mean)).toBeLessThan(0.07 * deviation);
    expect(Math.abs(found.deviation / deviation - 1)).toBeLessThan(0.05);
    expect(found.largest).toBeLessThanOrEqual(limit);
    expect(found.largest).toBeGreaterThan(0.97 * limit);
  });

  test("leading axes are a receptive field", async () => {
    const values = moments(await numbers(new initializers.HeUniform({ seed: 1 }), [3, 3, 8, 16]));
    expect(values.largest).toBeLessThanOrEqual(Math.sqrt(6 / 72));
    expect(values.largest).toBeGreaterThan(0.98 * Math.sqrt(6 / 72));
  });
});

describe("seeds", () => {
  test("an integer repeats, a generator goes on, nothing differs", async () => {
    const repeated = new initializers.RandomUniform({ seed: 5 });
    expect(await numbers(repeated, [4])).toEqual(await numbers(repeated, [4]));
    const moving = new initializers.RandomUniform({ seed: new random.SeedGenerator(5) });
    expect(await numbers(moving, [4])).not.toEqual(await numbers(moving, [4]));
    const draws = await Promise.all([1, 2].map(() => numbers(new initializers.RandomNormal(), [4])));
    expect(draws[0]).not.toEqual(draws[1]);
  });

  test("setRandomSeed makes models repeat, their layers differ", async () => {
    const kernels = async () => {
      utils.setRandomSeed(11);
      const made = [new layers.Dense(3), new layers.Dense(3)];
      for (const layer of made) layer.apply([[1, 2]]);
      return Promise.all(made.map(async ({ kernel }) => [...((await kernel?.data()) ?? [])]));
    };
    const [first, second] = [await kernels(), await kernels()];
    expect(first).toEqual(second);
    expect(first[0]).not.toEqual(first[1]);
  });
});

describe("Orthogonal", () => {
  test.each([
    [[7, 4], 4],
    [[4, 7], 4],
    [[2, 3, 5], 5],
    [[64, 64], 64],
  ])("%j: orthonormal vectors times the gain", async (shape, count) => {
    const values = await numbers(new initializers.Orthogonal({ gain: 2, seed: 3 }), shape);
    const columns = shape.at(-1) as number;
    const isWide = values.length / columns < columns;
    const vectors = Array.from({ length: count }, (_, j) =>
      values.filter((_, i) => (isWide ? Math.floor(i / columns) : i % columns) === j),
    );
    for (const [a, left] of vectors.entries()) {
      for (const [b, right] of vectors.slice(0, a + 1).entries()) {
        const product = left.reduce((sum, value, i) => sum + value * (right[i] as number), 0);
        expect(product).toBeCloseTo(a === b ? 4 : 0, 5);
      }
    }
  });

  test("starts from the normals of the device", async () => {
    const device = await random.normal([200], { seed: 42 }).data();
    random.hostNormal(42, 200).forEach((value, i) => {
      expect(Math.abs(value - (device[i] as number))).toBeLessThan(1e-6);
    });
  });

  test("a seed generator goes on, until a compiled function has used it", async () => {
    const seed = new random.SeedGenerator(4);
    const moving = new initializers.Orthogonal({ seed });
    const first = await numbers(moving, [3, 3]);
    expect(first).toEqual(await numbers(new initializers.Orthogonal({ seed: 4 }), [3, 3]));
    expect(await numbers(moving, [3, 3])).not.toEqual(first);
    jit(() => random.uniform([2], { seed }))();
    expect(() => moving.apply([3, 3])).toThrow(/state is on the device/);
    expect(() => moving.apply([3])).toThrow(/no matrix/);
  });
});

describe("constants", () => {
  test("values and dtypes", async () => {
    expect(await numbers(new initializers.Zeros(), [2])).toEqual([0, 0]);
    expect(await numbers(new initializers.Ones(), [2])).toEqual([1, 1]);
    expect(await numbers(new initializers.Constant({ value: 2.5 }), [2])).toEqual([2.5, 2.5]);
    expect(await new initializers.Identity({ gain: 3 }).apply([2, 3]).array()).toEqual([
      [3, 0, 0],
      [0, 3, 0],
    ]);
    expect(new initializers.Ones().apply([2], { dtype: "int32" }).dtype).toBe("int32");
  });
});

test("configurations make equal initializers", async () => {
  const made = [
    new initializers.RandomNormal({ mean: 1, stddev: 2, seed: 3 }),
    new initializers.RandomUniform({ minval: 0, maxval: 4, seed: 3 }),
    new initializers.VarianceScaling({ scale: 2, mode: "fan_avg", distribution: "uniform", seed: 3 }),
    new initializers.TruncatedNormal({ seed: 3 }),
    new initializers.GlorotUniform({ seed: 3 }),
    new initializers.Constant({ value: 4 }),
  ];
  for (const initializer of made) {
    const Made = initializer.constructor as new (config: object) => initializers.Initializer;
    const config = JSON.parse(JSON.stringify(initializer.getConfig()));
    expect(await numbers(new Made(config), [3, 2])).toEqual(await numbers(initializer, [3, 2]));
  }
});

test("bad input", () => {
  expect(() => initializers.getInitializer("glorot_unifrm")).toThrow(/did you mean "glorot_uniform"/);
  expect(() => new initializers.Identity().apply([2])).toThrow(/not a matrix/);
  expect(() => new initializers.VarianceScaling({ scale: 0 })).toThrow(/scale is not positive/);
});
