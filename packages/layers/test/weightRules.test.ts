/** @file Constraints and regularizers as functions. Their part in training: models.test.ts. */
import { init, type Tensor, tensor } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { constraints, regularizers } from "../src/index.ts";

beforeAll(() => init({ backend: "cpu" }));

const weight = () =>
  tensor([
    [3, 0.3],
    [-4, 0.4],
  ]);
const rounded = async (x: Tensor) => [...(await x.data())].map((value) => Math.round(value * 1e5) / 1e5);

describe("constraints along axis 0: columns of length 5 and 0.5", () => {
  test.each([
    [new constraints.MaxNorm({ maxValue: 1 }), [0.6, 0.3, -0.8, 0.4]],
    [new constraints.UnitNorm(), [0.6, 0.6, -0.8, 0.8]],
    [new constraints.NonNeg(), [3, 0.3, 0, 0.4]],
    [new constraints.MinMaxNorm({ minValue: 1, maxValue: 2 }), [1.2, 0.6, -1.6, 0.8]],
    [new constraints.MinMaxNorm({ minValue: 1, maxValue: 2, rate: 0.5 }), [2.1, 0.45, -2.8, 0.6]],
    [new constraints.UnitNorm({ axis: [0, 1] }), [0.59702, 0.0597, -0.79603, 0.0796]],
  ])("%o", async (constraint, wanted) => {
    expect(await rounded(constraint.apply(weight()))).toEqual(wanted);
  });

  test("zeros stay zeros", async () => {
    expect(await rounded(new constraints.UnitNorm().apply(tensor([[0], [0]])))).toEqual([0, 0]);
  });
});

describe("regularizers", () => {
  test.each([
    [new regularizers.L1(0.1), 0.77],
    [new regularizers.L2(0.1), 2.525],
    [new regularizers.L1L2({ l1: 0.1, l2: 0.1 }), 3.295],
    [new regularizers.L1L2(), 0],
  ])("%o", async (regularizer, wanted) => {
    expect(await rounded(regularizer.apply(weight()))).toEqual([wanted]);
  });
});
