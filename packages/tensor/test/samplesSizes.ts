/** @file Sample rows at sizes that meet the edges of vectors, workgroups and tiles. Their gradients are those of the small rows. */
import type { Node } from "../src/graph/node.ts";
import { relu } from "../src/primitives/activations.ts";
import { add, mul } from "../src/primitives/arithmetic.ts";
import { matmul, matmulPrimitive } from "../src/primitives/contraction.ts";
import { sparseCrossEntropy, sparseCrossEntropyPrimitive } from "../src/primitives/crossEntropy.ts";
import { scatterAdd, scatterAddPrimitive, take, takePrimitive } from "../src/primitives/indexing.ts";
import {
  concat,
  concatPrimitive,
  pad,
  padPrimitive,
  transpose,
  transposePrimitive,
} from "../src/primitives/movement.ts";
import * as reduce from "../src/primitives/reduce.ts";
import { softmax, softmaxPrimitive } from "../src/primitives/softmax.ts";
import { randomBits, randomBitsPrimitive } from "../src/primitives/source.ts";
import type { Sample } from "./samples.ts";
import { integers, separated, uniform, values } from "./samplesInputs.ts";

const sized = { noGradient: "a size test: small rows check the rule" };
const one = (of: (x: Node) => Node) => (inputs: readonly Node[]) => of(inputs[0] as Node);
const two = (of: (x: Node, y: Node) => Node) => (inputs: readonly Node[]) =>
  of(inputs[0] as Node, inputs[1] as Node);

/** m, n, k: one row, one column, below, at and above tile sizes. */
const products: readonly Sample[] = (
  [
    [1, 65, 33],
    [31, 1, 64],
    [64, 64, 64],
    [33, 10, 127],
    [127, 65, 3],
  ] as const
).flatMap(([m, n, k]) =>
  [
    [false, false],
    [true, false],
    [false, true],
  ].map(([transposeA = false, transposeB = false]) => ({
    label: `matmul ${m}x${n}x${k}${transposeA ? " aT" : ""}${transposeB ? " bT" : ""}`,
    primitive: matmulPrimitive,
    inputs: [
      uniform(transposeA ? [k, m] : [m, k], -1, 1, 1),
      uniform(transposeB ? [n, k] : [k, n], -1, 1, 2),
    ],
    build: two((a, b) => matmul(a, b, { transposeA, transposeB })),
    ...sized,
  })),
);

const reductions: readonly Sample[] = (
  [
    ["sum", reduce.sumPrimitive, reduce.sum],
    ["max", reduce.maxPrimitive, reduce.max],
    ["argmax", reduce.argmaxPrimitive, reduce.argmax],
  ] as const
).flatMap(([name, primitive, of]) =>
  (
    [
      ["long rows", [3, 1027], [1]],
      ["short rows", [127, 3], [1]],
      ["columns", [65, 33], [0]],
      ["a matrix", [31, 64], [0, 1]],
      ["outer and inner axes", [5, 7, 9], [0, 2]],
    ] as const
  ).map(([label, shape, axes]) => ({
    label: `${name} of ${label}`,
    primitive,
    // Positive: the rounding of a float32 sum is then small beside the result.
    inputs: [name === "sum" ? uniform(shape, 0.1, 1) : separated(shape)],
    build: one((x) => of(x, axes)),
    ...sized,
  })),
);

const others: readonly Sample[] = [
  {
    label: "elementwise chain of 1027",
    primitive: null,
    inputs: [uniform([1027], -1, 1, 1), uniform([1027], -1, 1, 2)],
    build: two((x, y) => relu(add(mul(x, y), x))),
    ...sized,
  },
  {
    label: "dense layer 33x65x31",
    primitive: null,
    inputs: [uniform([33, 31], -1, 1, 1), uniform([31, 65], -1, 1, 2), uniform([65], -1, 1, 3)],
    build: ([x, w, b]) => relu(add(matmul(x as Node, w as Node), b as Node)),
    ...sized,
  },
  {
    label: "transpose 33x65",
    primitive: transposePrimitive,
    inputs: [uniform([33, 65])],
    build: one((x) => transpose(x, [1, 0])),
    ...sized,
  },
  {
    label: "concatenate columns 3 and 5 of 33",
    primitive: concatPrimitive,
    inputs: [uniform([33, 3], -1, 1, 1), uniform([33, 5], -1, 1, 2)],
    build: (inputs) => concat(inputs, 1),
    ...sized,
  },
  {
    label: "pad 31x33 to 33x36",
    primitive: padPrimitive,
    inputs: [uniform([31, 33])],
    build: one((x) => pad(x, [1, 0], [1, 3])),
    ...sized,
  },
  {
    label: "take 31 of 100 rows",
    primitive: takePrimitive,
    inputs: [uniform([100, 64]), integers([31], 0, 100)],
    build: two((x, i) => take(x, i, 0)),
    ...sized,
  },
  {
    label: "scatterAdd 31 rows into 100",
    primitive: scatterAddPrimitive,
    inputs: [uniform([31, 65]), integers([31], 0, 100)],
    build: two((x, i) => scatterAdd(x, i, 0, 100)),
    ...sized,
  },
  {
    label: "softmax of 33 rows of 10",
    primitive: softmaxPrimitive,
    inputs: [uniform([33, 10])],
    build: one((x) => softmax(x, [1])),
    ...sized,
  },
  {
    label: "softmax of 3 rows of 129",
    primitive: softmaxPrimitive,
    inputs: [uniform([3, 129])],
    build: one((x) => softmax(x, [1])),
    ...sized,
  },
  {
    label: "sparseCrossEntropy of 127 rows of 10",
    primitive: sparseCrossEntropyPrimitive,
    inputs: [uniform([127, 10], 0.1, 1), integers([127], 0, 10)],
    build: two((x, y) => sparseCrossEntropy(softmax(x, [1]), y, 1)),
    ...sized,
  },
  {
    label: "randomBits of 1027",
    primitive: randomBitsPrimitive,
    inputs: [values([], [3], "uint32"), values([], [4000000000], "uint32")],
    build: two((a, b) => randomBits(a, b, [1027])),
    ...sized,
  },
];

export const sizes: readonly Sample[] = [...products, ...reductions, ...others];
