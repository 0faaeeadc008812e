/** @file Random numbers on the cpu device, and the arguments that are refused. */
import { describe, expect, test } from "vitest";
import { DtypeError } from "../src/graph/errors.ts";
import { init, jit, random, reset, ShapeError, tensor, ValueError } from "../src/index.ts";
import { hostOrder } from "../src/random/hostOrder.ts";
import { randomSuite } from "./randomSuite.ts";

randomSuite("cpu", 1e-6);

describe("refused", () => {
  const cases: readonly [string, () => unknown, typeof ValueError, string][] = [
    [
      "a rate above 1",
      () => random.dropout([1], 1.5),
      ValueError,
      "dropout: the rate is no fraction.\n  Received: rate 1.5.",
    ],
    ["a negative rate", () => random.dropout([1], -0.1), ValueError, "Expected: a number from 0 to 1"],
    ["no rate", () => random.dropout([1], Number.NaN), ValueError, "Received: rate NaN."],
    [
      "an empty range",
      () => random.uniform([2], { minval: 2, maxval: 1 }),
      ValueError,
      "Received: minval 2, maxval 1.",
    ],
    [
      "an integer range backwards",
      () => random.randint([2], 5, 1),
      ValueError,
      "minval 5, maxval 1, dtype int32.",
    ],
    ["a fraction as a bound", () => random.randint([2], 0, 1.5), ValueError, "Fix: round the bounds"],
    [
      "a bound outside of the dtype",
      () => random.randint([2], -1, 1, { dtype: "uint32" }),
      ValueError,
      "from 0 to",
    ],
    [
      "floats as integers",
      () => random.randint([2], 0, 1, { dtype: "float32" }),
      ValueError,
      "unknown dtype",
    ],
    ["integers as floats", () => random.uniform([2], { dtype: "int32" }), DtypeError, "Fix: use randint"],
    [
      "an unknown dtype",
      () => random.normal([2], { dtype: "double" as "float32" }),
      DtypeError,
      'dtype "double"',
    ],
    ["no shape", () => random.normal([-1]), ShapeError, "Received: shape [-1]."],
    [
      "a fraction as seed",
      () => random.normal([1], { seed: 0.5 }),
      ValueError,
      "normal: not a seed.\n  Received: number 0.5.",
    ],
    ["a negative seed", () => new random.SeedGenerator(-1), ValueError, "SeedGenerator: not a seed."],
    ["a seed above 32 bits", () => random.setRandomSeed(2 ** 32), ValueError, "from 0 to 4294967295"],
    [
      "an axis that is none",
      () => random.shuffle([1, 2], { axis: 1 }),
      ValueError,
      "the axis does not exist",
    ],
    ["a fraction as a count", () => random.permutation(1.5), ValueError, "n is not a valid count"],
    ["logits in one row", () => random.categorical([1, 2], 3), ShapeError, "Expected: [rows, classes]."],
    [
      "a noise shape that does not fit",
      () => random.dropout([1, 2], 0.5, { noiseShape: [3] }),
      ShapeError,
      "noiseShape [3]",
    ],
    [
      "a covariance of another size",
      () => random.multivariateNormal([0, 0], tensor([[1]])),
      ShapeError,
      "covariance float32[1,1]",
    ],
  ];
  test.each(cases)("%s", (_, call, type, text) => {
    expect(call).toThrow(type);
    expect(call).toThrow(text);
  });
});

describe("orders on the host", () => {
  test("are permutations of every vector, of any size", () => {
    for (const extents of [
      [1, 0, 1],
      [1, 1, 1],
      [3, 7, 2],
      [1, 70_000, 1],
    ] as const) {
      const [outer, n, inner] = extents;
      const order = hostOrder([1, 2], extents);
      for (let vector = 0; vector < outer * inner; vector++) {
        const seen = new Set<number>();
        const start = Math.floor(vector / inner) * n * inner + (vector % inner);
        for (let i = 0; i < n; i++) seen.add(order[start + i * inner] as number);
        expect(seen.size).toBe(n);
      }
    }
  });

  test("take a key's words as well", () => {
    expect(random.hostPermutation([3, 0], 20)).toEqual(random.hostPermutation(3, 20));
    expect(random.hostPermutation([3, 1], 20)).not.toEqual(random.hostPermutation(3, 20));
  });
});

test("the global generator outlives the device that had its state", async () => {
  random.setRandomSeed(4);
  const onDevice = jit(() => random.uniform([2]));
  const before = await onDevice().data();
  await reset();
  await init({ backend: "cpu" });
  expect(await random.uniform([2]).data()).not.toEqual(before);
  expect(await random.uniform([2]).data()).toHaveLength(2);
});
