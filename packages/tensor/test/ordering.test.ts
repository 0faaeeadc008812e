/** @file Orders, searches, segments and scatters on the cpu, and what wrong arguments are told. */
import { describe, expect, test } from "vitest";
import { DtypeError, ops, ShapeError, tensor, ValueError } from "../src/index.ts";
import { orderingSuite } from "./orderingSuite.ts";

orderingSuite("cpu");

describe("errors in the house form", () => {
  const x = tensor([[3, 1, 2]]);
  test.each([
    ["an axis that does not exist", () => ops.sort(x, { axis: 2 }), ValueError, "sort"],
    ["an axis of a scalar", () => ops.argsort(tensor(1)), ValueError, "argsort"],
    ["k beyond the axis", () => ops.topK(x, 4), ValueError, "topK"],
    ["k of 0", () => ops.topK(x, 0), ValueError, "topK"],
    ["k of a scalar", () => ops.topK(tensor(1), 1), ValueError, "topK"],
    ["targets of another batch", () => ops.inTopK([0, 1], x, 1), ShapeError, "inTopK"],
    ["a place beyond the axis", () => ops.argpartition(x, 3), ValueError, "argpartition"],
    ["a matrix to search in", () => ops.searchsorted(x, [1]), ShapeError, "searchsorted"],
    [
      "another side",
      () => ops.searchsorted([1], [1], { side: "middle" as "left" }),
      ValueError,
      "searchsorted",
    ],
    ["a matrix of bins", () => ops.digitize([1], x), ShapeError, "digitize"],
    ["no size", () => ops.unique(x, {} as { size: number }), ValueError, "unique"],
    ["nothing to be distinct", () => ops.unique(tensor([]), { size: 1 }), ShapeError, "unique"],
    ["float ids", () => ops.segmentSum(x, tensor([0.5]), { numSegments: 1 }), DtypeError, "segmentSum"],
    ["ids of another length", () => ops.segmentMax(x, [0, 1], { numSegments: 2 }), ShapeError, "segmentMax"],
    [
      "no number of segments",
      () => ops.segmentMin(x, [0], {} as { numSegments: number }),
      ValueError,
      "segmentMin",
    ],
    ["floats to count", () => ops.bincount(x, { minlength: 3 }), DtypeError, "bincount"],
    [
      "weights of another length",
      () => ops.bincount([1], { weights: x, minlength: 3 }),
      ShapeError,
      "bincount",
    ],
    ["an empty range", () => ops.histogram(x, { range: [1, 1] }), ValueError, "histogram"],
    ["no bins", () => ops.histogram(x, { bins: 0 }), ValueError, "histogram"],
    ["no size of positions", () => ops.nonzero(x, {} as { size: number }), ValueError, "nonzero"],
    ["float indices", () => ops.scatter(tensor([[0.5]]), [1], [2]), DtypeError, "scatter"],
    [
      "another reduction",
      () => ops.scatterUpdate(x, [[0]], [[1, 2, 3]], { reduction: "sub" as "add" }),
      ValueError,
      "scatterUpdate",
    ],
    ["an axis to run along", () => ops.cumsum(x, { axis: -3 }), ValueError, "cumsum"],
  ] as const)("%s", (_, run, kind, name) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(new RegExp(`^${name}: [^]*\n  Received: [^]*\n  Expected: [^]*\n  Fix: `));
  });
});
