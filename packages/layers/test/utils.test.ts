/** @file utils: one-hot rows. */
import { init, tensor } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { utils } from "../src/index.ts";

beforeAll(() => init({ backend: "cpu" }));

describe("toCategorical", () => {
  test("from nested arrays, typed arrays, columns and tensors", async () => {
    const wanted = [
      [1, 0, 0],
      [0, 0, 1],
    ];
    expect(await utils.toCategorical([0, 2]).array()).toEqual(wanted);
    expect(await utils.toCategorical(Uint8Array.of(0, 2)).array()).toEqual(wanted);
    expect(await utils.toCategorical([[0], [2]]).array()).toEqual(wanted);
    expect(await utils.toCategorical({ data: Int32Array.of(0, 2), shape: [2] }).array()).toEqual(wanted);
    expect(await utils.toCategorical(tensor([0, 2]), 3).array()).toEqual(wanted);
    expect(
      utils.toCategorical(
        [
          [0, 1],
          [1, 1],
        ],
        4,
      ).shape,
    ).toEqual([2, 2, 4]);
    expect(utils.toCategorical([0]).dtype).toBe("float32");
  });

  test("bad labels are named", () => {
    expect(() => utils.toCategorical([0, 3], 3)).toThrow(/3 at position 1[\s\S]*from 0 to 2/);
    expect(() => utils.toCategorical([0.5])).toThrow(/0.5 at position 0/);
    expect(() => utils.toCategorical([-1])).toThrow(/not a class label/);
    expect(() => utils.toCategorical(tensor([0, 1]))).toThrow(/number of classes is missing/);
  });
});
