/** @file Public operations: dtypes of results, edge cases of shapes, and the errors they give. */
import { describe, expect, test } from "vitest";
import { DtypeError, ShapeError, type TenrecError, ValueError } from "../src/graph/errors.ts";
import * as ops from "../src/ops/index.ts";
import { type Tensor, tensor } from "../src/tensor.ts";
import { nested } from "./opsHost.ts";

const int = (data: readonly number[]) => tensor(data, { dtype: "int32" });
const bool = (data: readonly boolean[]) => tensor(data);
/** log 2 to the 4 decimals that results are compared in. */
const ln2 = Math.round(Math.LN2 * 1e4) / 1e4;
const bytes = tensor(new Uint8Array([1, 200]));

describe("dtypes", () => {
  const rows: readonly (readonly [string, Tensor, string])[] = [
    ["int32 + 1", ops.add(int([1]), 1), "int32"],
    ["int32 + 0.5", ops.add(int([1]), 0.5), "float32"],
    ["int32 + float32", ops.add(int([1]), tensor([1])), "float32"],
    ["bool + bool", ops.add(bool([true]), bool([true])), "bool"],
    ["bool + 1", ops.add(bool([true]), 1), "int32"],
    ["uint8 + uint8", ops.add(bytes, bytes), "int32"],
    ["uint8 / 255", ops.divide(bytes, 255), "float32"],
    ["two numbers", ops.add(1, 2), "float32"],
    ["int32 / int32", ops.divide(int([1]), int([2])), "float32"],
    ["int32 // int32", ops.floorDivide(int([7]), int([2])), "int32"],
    ["exp of int32", ops.exp(int([1])), "float32"],
    ["floor of int32", ops.floor(int([1])), "int32"],
    ["abs of bool", ops.abs(bool([true])), "int32"],
    ["int32 squared", ops.power(int([3]), 2), "int32"],
    ["int32 to the power -1", ops.power(int([4]), -1), "float32"],
    ["mean of int32", ops.mean(int([1, 2])), "float32"],
    ["sum of bool", ops.sum(bool([true, false])), "int32"],
    ["sum of uint8", ops.sum(bytes), "int32"],
    ["max of bool", ops.max(bool([true, false])), "bool"],
    ["argmax", ops.argmax(tensor([1, 2])), "int32"],
    ["comparison", ops.less(int([1]), 2), "bool"],
    ["where with a fraction", ops.where(bool([true]), int([1]), 0.5), "float32"],
    ["concatenate", ops.concatenate([int([1]), tensor([2])]), "float32"],
    ["arange of integers", ops.arange(3), "int32"],
    ["arange of fractions", ops.arange(0, 1, 0.5), "float32"],
    ["zerosLike", ops.zerosLike(int([1])), "int32"],
    ["matmul of int32", ops.matmul(int([1]), int([2])), "int32"],
    ["softmax of int32", ops.softmax(int([1, 2])), "float32"],
  ];
  test.each(rows)("%s", (_, result, dtype) => expect(result.dtype).toBe(dtype));
});

describe("values", () => {
  const rows: readonly (readonly [string, Tensor, unknown])[] = [
    ["bools add up to or", ops.add(bool([true, false]), bool([true, false])), [true, false]],
    ["bools multiply to and", ops.multiply(bool([true, true]), bool([true, false])), [true, false]],
    ["uint8 widens", ops.add(bytes, bytes), [2, 400]],
    ["power of negative bases", ops.power(tensor([-2, 3]), 3), [-8, 27]],
    ["power with a tensor of exponents", ops.power(tensor([2, 9]), tensor([3, 0.5])), [8, 3]],
    ["powers of integers", ops.power(int([2, 3]), int([10, 4])), [1024, 81]],
    ["mod of negative integers", ops.mod(int([-7, 7]), int([3, -3])), [2, -2]],
    ["round to places", ops.round(tensor([1.234, 1.255]), { decimals: 1 }), [1.2, 1.3]],
    [
      "nanToNum of infinities",
      ops.nanToNum(tensor([Infinity, -Infinity]), { posinf: 9, neginf: -8 }),
      [9, -8],
    ],
    ["divideNoNan", ops.divideNoNan(tensor([0, 1]), tensor([0, 0])), [0, 0]],
    [
      "sum over two axes",
      ops.sum(
        tensor([
          [
            [1, 2],
            [3, 4],
          ],
          [
            [5, 6],
            [7, 8],
          ],
        ]),
        { axis: [0, -1] },
      ),
      [14, 22],
    ],
    [
      "a bare axis",
      ops.sum(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        1,
      ),
      [3, 7],
    ],
    ["mean of nothing kept", ops.mean(tensor([[1, 2]]), { axis: [0, 1], keepdims: true }), [[1.5]]],
    ["sum over no axes", ops.sum(tensor([1, 2]), { axis: [] }), [1, 2]],
    [
      "argmax of all",
      ops.argmax(
        tensor([
          [1, 9],
          [3, 4],
        ]),
      ),
      1,
    ],
    [
      "argmax kept",
      ops.argmax(
        tensor([
          [1, 9],
          [3, 4],
        ]),
        { axis: 1, keepdims: true },
      ),
      [[1], [1]],
    ],
    ["argmax of a scalar", ops.argmax(tensor(3)), 0],
    ["logsumexp of -infinity", ops.logsumexp(tensor([-Infinity, 0])), 0],
    ["expandDims of two axes", ops.expandDims(tensor([1, 2]), [0, 2]), [[[1], [2]]]],
    ["squeeze one axis", ops.squeeze(tensor([[[1]], [[2]]]), { axis: 2 }), [[1], [2]]],
    ["split by positions", ops.split(tensor([1, 2, 3, 4]), [1, 3])[1] as Tensor, [2, 3]],
    [
      "tile in more axes",
      ops.tile(tensor([1, 2]), [2, 1]),
      [
        [1, 2],
        [1, 2],
      ],
    ],
    ["repeat along an axis", ops.repeat(tensor([[1, 2]]), 2, { axis: 1 }), [[1, 1, 2, 2]]],
    ["roll backwards", ops.roll(tensor([1, 2, 3, 4]), -1), [2, 3, 4, 1]],
    [
      "roll an axis",
      ops.roll(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        1,
        { axis: 1 },
      ),
      [
        [2, 1],
        [4, 3],
      ],
    ],
    ["pad edge", ops.pad(tensor([1, 2]), 2, { mode: "edge" }), [1, 1, 1, 2, 2, 2]],
    ["pad reflect", ops.pad(tensor([1, 2, 3]), [[2, 1]], { mode: "reflect" }), [3, 2, 1, 2, 3, 2]],
    ["pad symmetric", ops.pad(tensor([1, 2, 3]), 2, { mode: "symmetric" }), [2, 1, 1, 2, 3, 3, 2]],
    [
      "pad pairs",
      ops.pad(tensor([[1]]), [
        [1, 0],
        [0, 1],
      ]),
      [
        [0, 0],
        [1, 0],
      ],
    ],
    ["slice to the end", ops.slice(tensor([1, 2, 3]), [1], [-1]), [2, 3]],
    [
      "take of the flattened tensor",
      ops.take(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        [3, -4],
      ),
      [4, 1],
    ],
    [
      "take with a scalar",
      ops.take(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        1,
        { axis: 0 },
      ),
      [3, 4],
    ],
    [
      "oneHot first",
      ops.oneHot([0, 1], 2, { axis: 0, dtype: "int32" }),
      [
        [1, 0],
        [0, 1],
      ],
    ],
    [
      "oneHot out of range",
      ops.oneHot([-1, 5], 2),
      [
        [0, 0],
        [0, 0],
      ],
    ],
    [
      "scatter in two axes",
      ops.scatter(
        [
          [0, 1],
          [1, 0],
        ],
        tensor([5, 6]),
        [2, 2],
      ),
      [
        [0, 5],
        [6, 0],
      ],
    ],
    [
      "scatter rows",
      ops.scatter([[1]], tensor([[5, 6]]), [2, 2]),
      [
        [0, 0],
        [5, 6],
      ],
    ],
    ["scatterUpdate, last wins", ops.scatterUpdate(tensor([1, 2]), [[0], [0]], tensor([8, 9])), [9, 2]],
    [
      "eye with an offset",
      ops.eye(2, { m: 3, k: 1 }),
      [
        [0, 1, 0],
        [0, 0, 1],
      ],
    ],
    [
      "triu",
      ops.triu(ops.ones([2, 3]), { k: 1 }),
      [
        [0, 1, 1],
        [0, 0, 1],
      ],
    ],
    ["arange down", ops.arange(3, 0, -1), [3, 2, 1]],
    ["arange of nothing", ops.arange(3, 1), []],
    ["linspace without its end", ops.linspace(0, 1, { num: 4, endpoint: false }), [0, 0.25, 0.5, 0.75]],
    [
      "linspace of tensors",
      ops.linspace(tensor([0, 1]), 2, { num: 2 }),
      [
        [0, 1],
        [2, 2],
      ],
    ],
    [
      "full of a tensor",
      ops.full([2, 2], tensor([1, 2])),
      [
        [1, 2],
        [1, 2],
      ],
    ],
    [
      "dot of vector and matrix",
      ops.dot(
        tensor([1, 2]),
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
      [7, 10],
    ],
    ["dot with a scalar", ops.dot(tensor([1, 2]), 3), [3, 6]],
    [
      "tensordot of named axes",
      ops.tensordot(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        tensor([
          [1, 2],
          [3, 4],
        ]),
        { axes: [0, 1] },
      ),
      [
        [7, 15],
        [10, 22],
      ],
    ],
    [
      "tensordot of no axes",
      ops.tensordot(tensor([1, 2]), tensor([3, 4]), { axes: 0 }),
      [
        [3, 4],
        [6, 8],
      ],
    ],
    ["matmul batched", ops.matmul(ops.ones([2, 1, 2]), tensor([[1], [2]])), [[[3]], [[3]]]],
    [
      "trace with an offset",
      ops.trace(
        tensor([
          [1, 2],
          [3, 4],
        ]),
        { offset: 1 },
      ),
      2,
    ],
    [
      "diag above",
      ops.diag(tensor([1, 2]), { k: 1 }),
      [
        [0, 1, 0],
        [0, 0, 2],
        [0, 0, 0],
      ],
    ],
    [
      "diag below",
      ops.diag(tensor([1, 2]), { k: -1 }),
      [
        [0, 0, 0],
        [1, 0, 0],
        [0, 2, 0],
      ],
    ],
    [
      "diagonal of a matrix",
      ops.diag(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ),
      [1, 5],
    ],
    [
      "diagonal below",
      ops.diag(
        tensor([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
        { k: -1 },
      ),
      [3, 6],
    ],
    [
      "average along an axis",
      ops.average(
        tensor([
          [1, 3],
          [5, 9],
        ]),
        { axis: 1, weights: [1, 0] },
      ),
      [1, 5],
    ],
    [
      "cumsum of the flattened tensor",
      ops.cumsum(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
      [1, 3, 6, 10],
    ],
    ["norm of order 1", ops.norm(tensor([[3, -4]]), { ord: 1, axis: 1 }), [7]],
    ["norm of order infinity", ops.norm(tensor([3, -4]), { ord: Infinity }), 4],
    ["norm of order 3", ops.norm(tensor([1, -2]), { ord: 3 }), 2.0801],
    [
      "norm of a matrix",
      ops.norm(
        tensor([
          [1, 1],
          [1, 1],
        ]),
      ),
      2,
    ],
    ["moments kept", ops.moments(tensor([[1, 3]]), 1, { keepdims: true })[0], [[2]]],
    [
      "meshgrid ij",
      ops.meshgrid([tensor([1, 2]), tensor([3, 4])], { indexing: "ij" })[0] as Tensor,
      [
        [1, 1],
        [2, 2],
      ],
    ],
    [
      "softmax over all axes",
      ops.softmax(
        tensor([
          [0, 0],
          [0, 0],
        ]),
        { axis: null },
      ),
      [
        [0.25, 0.25],
        [0.25, 0.25],
      ],
    ],
    ["a certain row is clipped", ops.sparseCategoricalCrossentropy([0], tensor([[0, 1]])), [16.1181]],
    [
      "labels with a last axis of 1",
      ops.sparseCategoricalCrossentropy([[1]], tensor([[0, 0]]), { fromLogits: true }),
      [ln2],
    ],
    [
      "a label that is no class",
      ops.sparseCategoricalCrossentropy([7], tensor([[0, 0]]), { fromLogits: true }),
      [0],
    ],
    [
      "categorical from logits",
      ops.categoricalCrossentropy(tensor([[0, 1]]), tensor([[0, 0]]), { fromLogits: true }),
      [ln2],
    ],
    [
      "binary from logits",
      ops.binaryCrossentropy(tensor([1, 0]), tensor([0, 100]), { fromLogits: true }),
      [ln2, 100],
    ],
    ["binary is clipped", ops.binaryCrossentropy(tensor([1]), tensor([0])), [16.1181]],
  ];
  test.each(rows)("%s", (_, result, expected) => expect(nested(result)).toEqual(expected));
});

describe("errors name what was received, what was expected and the cure", () => {
  const m = ops.ones([2, 3]);
  const rows: readonly (readonly [string, () => unknown, abstract new (...args: never[]) => TenrecError])[] =
    [
      ["add of shapes", () => ops.add(m, ops.ones([2])), ShapeError],
      ["matmul", () => ops.matmul(m, m), ShapeError],
      ["matmul of a scalar", () => ops.matmul(m, 3), ShapeError],
      ["reshape", () => ops.reshape(m, [4]), ShapeError],
      ["reshape with -1", () => ops.reshape(m, [4, -1]), ShapeError],
      ["reshape with two -1", () => ops.reshape(m, [-1, -1]), ShapeError],
      ["transpose", () => ops.transpose(m, { axes: [0] }), ValueError],
      ["axis out of range", () => ops.sum(m, { axis: 2 }), ValueError],
      ["axis twice", () => ops.sum(m, { axis: [0, -2] }), ValueError],
      ["squeeze", () => ops.squeeze(m, { axis: 0 }), ShapeError],
      ["stack of shapes", () => ops.stack([m, ops.ones([2])]), ShapeError],
      ["stack of nothing", () => ops.stack([]), ValueError],
      ["concatenate of shapes", () => ops.concatenate([m, ops.ones([3, 4])]), ShapeError],
      ["split into unequal parts", () => ops.split(m, 2, { axis: 1 }), ShapeError],
      ["slice outside", () => ops.slice(m, [1, 1], [2, 2]), ShapeError],
      ["pad mode", () => ops.pad(m, 1, { mode: "wrap" as "edge" }), ValueError],
      [
        "pad pairs",
        () =>
          ops.pad(m, [
            [1, 1],
            [1, 1],
            [1, 1],
          ]),
        ShapeError,
      ],
      ["subtract of bools", () => ops.subtract(bool([true]), bool([true])), DtypeError],
      ["bits of floats", () => ops.bitwiseAnd(tensor([1]), tensor([1])), DtypeError],
      ["float indices", () => ops.take(m, tensor([1]), { axis: 0 }), DtypeError],
      ["takeAlongAxis", () => ops.takeAlongAxis(m, [[0], [0], [0]], { axis: 1 }), ShapeError],
      ["scatter", () => ops.scatter([[0, 0, 0]], tensor([1]), [2, 2]), ShapeError],
      ["scatter values", () => ops.scatter([[0], [1]], tensor([1]), [2]), ShapeError],
      ["sliceUpdate", () => ops.sliceUpdate(m, [1, 2], ops.ones([1, 2])), ShapeError],
      ["oneHot classes", () => ops.oneHot([1], 0), ValueError],
      ["zeros shape", () => ops.zeros([-1]), ShapeError],
      ["dtype name", () => ops.zeros([1], { dtype: "float64" as "float32" }), ValueError],
      ["arange step", () => ops.arange(0, 1, 0), ValueError],
      ["max of nothing", () => ops.max(ops.zeros([0])), ValueError],
      ["tensordot axes", () => ops.tensordot(m, m, { axes: 3 }), ValueError],
      ["tensordot extents", () => ops.tensordot(m, m, { axes: [[0], [1]] }), ShapeError],
      ["glu", () => ops.glu(m), ShapeError],
      ["categorical targets", () => ops.categoricalCrossentropy(ops.ones([2]), m), ShapeError],
      ["sparse targets", () => ops.sparseCategoricalCrossentropy([1, 2, 0], m), ShapeError],
      ["cholesky", () => ops.cholesky(m), ShapeError],
      ["tril of a vector", () => ops.tril(tensor([1])), ValueError],
    ];
  test.each(rows)("%s", (_, run, kind) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(/^\w+: .+\n {2}Received: .+\n {2}Expected: .+\n {2}Fix: .+$/s);
  });
});
