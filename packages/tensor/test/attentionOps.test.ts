/** @file dotProductAttention as users call it: dropout draws the numbers of `random.dropout`, rows without any position, errors. */
import { describe, expect, test } from "vitest";
import { ops, random, type Tensor, tensor } from "../src/index.ts";
import { valueOfTensor } from "./opsHost.ts";
import { uniform } from "./samplesInputs.ts";

const numbers = (shape: readonly number[], seed: number): Tensor =>
  tensor(Float32Array.from(uniform(shape, -1, 1, seed).data), { shape });
const [q, k, v] = [numbers([2, 3, 4, 5], 1), numbers([2, 6, 2, 5], 2), numbers([2, 6, 2, 3], 3)];
const [pairs, rate, seed] = [[2, 4, 3, 6], 0.3, 11];

/** Largest difference. */
function distance(a: Tensor, b: Tensor): number {
  const wanted = valueOfTensor(b).data;
  return valueOfTensor(a).data.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (wanted[i] as number))),
    0,
  );
}

describe("dropout", () => {
  test("drops what random.dropout drops", () => {
    const dropoutMask = random.dropout(ops.ones(pairs), rate, { seed });
    const wanted = ops.dotProductAttention(q, k, v, { dropoutMask });
    const found = ops.dotProductAttention(q, k, v, { dropoutRate: rate, seed });
    expect(distance(found, wanted)).toBeLessThan(1e-7);
    expect(distance(found, ops.dotProductAttention(q, k, v))).toBeGreaterThan(0.1);
  });

  test("a generator goes on from draw to draw; rates 0 and 1 draw nothing", () => {
    const generator = new random.SeedGenerator(seed);
    const options = { dropoutRate: rate, seed: generator };
    const first = ops.dotProductAttention(q, k, v, options);
    expect(distance(ops.dotProductAttention(q, k, v, { ...options, dropoutRate: 0 }), first)).toBeGreaterThan(
      0.1,
    );
    const none = ops.dotProductAttention(q, k, v, { ...options, dropoutRate: 1 });
    expect(valueOfTensor(none).data.every((value) => value === 0)).toBe(true);
    const second = ops.dotProductAttention(q, k, v, options);
    const again = new random.SeedGenerator(seed);
    for (const wanted of [first, second])
      expect(distance(ops.dotProductAttention(q, k, v, { dropoutRate: rate, seed: again }), wanted)).toBe(0);
  });
});

test("a query without any position has the mean of all values, or zeros", () => {
  const mask = ops.zeros([1, 1, 3, 6]);
  const mean = ops.broadcastTo(
    ops.repeat(ops.mean(v, { axis: 1, keepdims: true }), 2, { axis: 2 }),
    [2, 3, 4, 3],
  );
  expect(distance(ops.dotProductAttention(q, k, v, { mask }), mean)).toBeLessThan(1e-7);
  const zeros = ops.dotProductAttention(q, k, v, { mask, emptyRows: "zero" });
  expect(valueOfTensor(zeros).data.every((value) => value === 0)).toBe(true);
});

test("a rate that is none and an unknown choice are errors", () => {
  expect(() => ops.dotProductAttention(q, k, v, { dropoutRate: 1.5 })).toThrow(/dropoutRate is no fraction/);
  expect(() => ops.dotProductAttention(q, k, v, { emptyRows: "none" as never })).toThrow(/unknown emptyRows/);
});
