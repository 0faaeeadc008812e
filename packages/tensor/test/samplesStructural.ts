/** @file Sample rows of sources, movement, reductions, indexing and products. */
import type { Node, Primitive } from "../src/graph/node.ts";
import { matmul, matmulPrimitive } from "../src/primitives/contraction.ts";
import * as indexing from "../src/primitives/indexing.ts";
import * as movement from "../src/primitives/movement.ts";
import { prod, prodPrimitive } from "../src/primitives/product.ts";
import * as reduce from "../src/primitives/reduce.ts";
import * as source from "../src/primitives/source.ts";
import type { Sample } from "./samples.ts";
import { booleans, integers, separated, uniform, values } from "./samplesInputs.ts";

const v = movement;
const r = reduce;
const s = source;
const one = (of: (x: Node) => Node) => (inputs: readonly Node[]) => of(inputs[0] as Node);
const two = (of: (x: Node, y: Node) => Node) => (inputs: readonly Node[]) =>
  of(inputs[0] as Node, inputs[1] as Node);
const noInput = { noGradient: "no float input" };
const integerResult = { noGradient: "the result is no float" };
const key = [values([], [7], "uint32"), values([], [11], "uint32")];

const sources: readonly Sample[] = [
  {
    label: "fill literal",
    primitive: s.fillPrimitive,
    inputs: [],
    build: () => s.fill(1, [2, 3], "float32"),
    ...noInput,
  },
  {
    label: "fill param",
    primitive: s.fillPrimitive,
    inputs: [],
    build: () => s.fill(0.3, [2, 3], "float32"),
    ...noInput,
  },
  {
    label: "fill int32",
    primitive: s.fillPrimitive,
    inputs: [],
    build: () => s.fill(-7, [3], "int32"),
    ...noInput,
  },
  {
    label: "iota",
    primitive: s.iotaPrimitive,
    inputs: [],
    build: () => s.iota([2, 3, 2], 1, "int32"),
    ...noInput,
  },
  {
    label: "iota float32",
    primitive: s.iotaPrimitive,
    inputs: [],
    build: () => s.iota([5], 0, "float32"),
    ...noInput,
  },
  {
    label: "randomBits",
    primitive: s.randomBitsPrimitive,
    inputs: key,
    build: two((a, b) => s.randomBits(a, b, [3, 5])),
    ...noInput,
  },
  {
    label: "randomSplit",
    primitive: s.randomSplitPrimitive,
    inputs: key,
    build: two((a, b) => s.randomSplit(a, b, 4)),
    ...noInput,
  },
];

const reshapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3, 4],
    [2, 12],
  ],
  [
    [2, 12],
    [2, 3, 4],
  ],
  [
    [4, 6],
    [3, 8],
  ],
  [
    [1, 6, 1],
    [2, 3],
  ],
  [[6], [1, 2, 1, 3]],
  [[1], []],
];

const movements: readonly Sample[] = [
  ...reshapes.map(([from, to]) => ({
    label: `reshape [${from}] to [${to}]`,
    primitive: v.reshapePrimitive,
    inputs: [uniform(from)],
    build: one((x) => v.reshape(x, to)),
  })),
  {
    label: "transpose",
    primitive: v.transposePrimitive,
    inputs: [uniform([2, 3, 4])],
    build: one((x) => v.transpose(x, [2, 0, 1])),
  },
  {
    label: "transposeMatrix",
    primitive: v.transposePrimitive,
    inputs: [uniform([2, 3, 4])],
    build: one(v.transposeMatrix),
  },
  {
    label: "broadcastTo",
    primitive: v.broadcastPrimitive,
    inputs: [uniform([3, 1])],
    build: one((x) => v.broadcastTo(x, [2, 3, 4])),
  },
  {
    label: "slice",
    primitive: v.slicePrimitive,
    inputs: [uniform([4, 5])],
    build: one((x) => v.slice(x, [1, 0], [2, 4])),
  },
  {
    label: "slice with steps",
    primitive: v.slicePrimitive,
    inputs: [uniform([7, 6])],
    build: one((x) => v.slice(x, [1, 0], [3, 2], [2, 3])),
  },
  {
    label: "flip",
    primitive: v.flipPrimitive,
    inputs: [uniform([2, 3, 2])],
    build: one((x) => v.flip(x, [0, 2])),
  },
  {
    label: "pad",
    primitive: v.padPrimitive,
    inputs: [uniform([2, 3])],
    build: one((x) => v.pad(x, [1, 0], [2, 1], [0, 0], 0.25)),
  },
  {
    label: "pad with interior",
    primitive: v.padPrimitive,
    inputs: [uniform([3, 2])],
    build: one((x) => v.pad(x, [0, 1], [0, 2], [1, 2])),
  },
  {
    label: "concatenate",
    primitive: v.concatPrimitive,
    inputs: [uniform([2, 1, 3], -1, 1, 1), uniform([2, 4, 3], -1, 1, 2), uniform([2, 2, 3], -1, 1, 3)],
    build: (inputs) => v.concat(inputs, 1),
  },
  {
    label: "concatenate of many",
    primitive: v.concatPrimitive,
    inputs: Array.from({ length: 10 }, (_, i) => uniform([1 + (i % 2), 2], -1, 1, i)),
    build: (inputs) => v.concat(inputs, 0),
  },
];

const reductions: readonly Sample[] = (
  [
    ["sum", r.sumPrimitive, r.sum],
    ["prod", prodPrimitive, prod],
    ["max", r.maxPrimitive, r.max],
    ["min", r.minPrimitive, r.min],
  ] as const
).flatMap(([name, primitive, of]) => [
  { label: name, primitive, inputs: [separated([3, 4])], build: one((x) => of(x, [1])) },
  { label: `${name} of all`, primitive, inputs: [separated([2, 3])], build: one((x) => of(x, [0, 1])) },
  {
    label: `${name} of outer axes kept`,
    primitive,
    inputs: [separated([2, 3, 2])],
    build: one((x) => of(x, [0, 2], true)),
  },
  {
    label: `${name} int32`,
    primitive,
    inputs: [integers([3, 4], -5, 9)],
    build: one((x) => of(x, [0])),
    ...integerResult,
  },
]);

const moreReductions: readonly Sample[] = [
  {
    label: "prod with zeros",
    primitive: prodPrimitive,
    inputs: [values([2, 3], [0, 2, 3, 0, 0, 5])],
    build: one((x) => prod(x, [1])),
  },
  {
    label: "prod of a long axis with a zero",
    primitive: prodPrimitive,
    inputs: [values([34], [0, ...Array.from({ length: 33 }, (_, i) => (i % 3 === 0 ? -0.9 : 1.1))])],
    build: one((x) => prod(x, [0])),
    rebuilds: true,
  },
  ...(["argmax", "argmin"] as const).flatMap((name) => {
    const primitive: Primitive = r[`${name}Primitive`];
    return [
      {
        label: name,
        primitive,
        inputs: [separated([3, 4])],
        build: one((x) => r[name](x, [1])),
        ...integerResult,
      },
      {
        label: `${name} of all`,
        primitive,
        inputs: [separated([3, 4])],
        build: one((x) => r[name](x, [0, 1])),
        ...integerResult,
      },
      {
        label: `${name} takes the first of equals`,
        primitive,
        inputs: [values([2, 4], [1, 3, 3, 1, 0, 0, 0, 0])],
        build: one((x) => r[name](x, [1])),
        ...integerResult,
      },
    ];
  }),
  {
    label: "any",
    primitive: null,
    inputs: [booleans([4, 2], 5)],
    build: one((x) => r.any(x, [1])),
    ...integerResult,
  },
  {
    label: "all",
    primitive: null,
    inputs: [booleans([4, 2], 5)],
    build: one((x) => r.all(x, [1])),
    ...integerResult,
  },
  { label: "mean", primitive: null, inputs: [uniform([3, 4])], build: one((x) => r.mean(x, [1])) },
  { label: "variance", primitive: null, inputs: [uniform([3, 4])], build: one((x) => r.variance(x, [0, 1])) },
];

const indices = values([2, 3], [0, 2, -1, 1, 2, 9], "int32");

const indexed: readonly Sample[] = [
  {
    label: "take",
    primitive: indexing.takePrimitive,
    inputs: [uniform([3, 4]), indices],
    build: two((x, i) => indexing.take(x, i, 0)),
  },
  {
    label: "take inner",
    primitive: indexing.takePrimitive,
    inputs: [uniform([2, 3, 2]), indices],
    build: two((x, i) => indexing.take(x, i, 1)),
  },
  {
    label: "take one",
    primitive: indexing.takePrimitive,
    inputs: [uniform([3, 2]), values([], [1], "uint32")],
    build: two((x, i) => indexing.take(x, i, 0)),
  },
  {
    label: "takeAlongAxis",
    primitive: indexing.takeAlongAxisPrimitive,
    inputs: [uniform([2, 4]), indices],
    build: two((x, i) => indexing.takeAlongAxis(x, i, 1)),
  },
  {
    label: "scatterAdd",
    primitive: indexing.scatterAddPrimitive,
    inputs: [uniform([2, 3, 4]), indices],
    build: two((x, i) => indexing.scatterAdd(x, i, 0, 3)),
  },
  {
    label: "scatterAdd inner",
    primitive: indexing.scatterAddPrimitive,
    inputs: [uniform([2, 5, 2]), integers([5], 0, 3)],
    build: two((x, i) => indexing.scatterAdd(x, i, 1, 3)),
  },
  {
    label: "scatterAddAlongAxis",
    primitive: indexing.scatterAddAlongAxisPrimitive,
    inputs: [uniform([2, 3]), indices],
    build: two((x, i) => indexing.scatterAddAlongAxis(x, i, 1, 4)),
  },
  {
    label: "oneHot",
    primitive: null,
    inputs: [indices],
    build: one((x) => indexing.oneHot(x, 2, 4, "float32")),
    ...noInput,
  },
];

const products: readonly Sample[] = [
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      label: `matmul${transposeA ? " aT" : ""}${transposeB ? " bT" : ""}`,
      primitive: matmulPrimitive,
      inputs: [
        uniform(transposeA ? [3, 2] : [2, 3], -1, 1, 1),
        uniform(transposeB ? [4, 3] : [3, 4], -1, 1, 2),
      ],
      build: two((a, b) => matmul(a, b, { transposeA, transposeB })),
    })),
  ),
  {
    label: "matmul batched",
    primitive: matmulPrimitive,
    inputs: [uniform([2, 1, 2, 3], -1, 1, 1), uniform([3, 3, 2], -1, 1, 2)],
    build: two((a, b) => matmul(a, b)),
  },
  {
    label: "matmul batched aT bT",
    primitive: matmulPrimitive,
    inputs: [uniform([2, 3, 2], -1, 1, 1), uniform([2, 2, 3], -1, 1, 2)],
    build: two((a, b) => matmul(a, b, { transposeA: true, transposeB: true })),
  },
  {
    label: "matmul of rows by one matrix",
    primitive: matmulPrimitive,
    inputs: [uniform([2, 2, 3], -1, 1, 1), uniform([3, 2], -1, 1, 2)],
    build: two((a, b) => matmul(a, b)),
  },
  {
    label: "matmul int32",
    primitive: null,
    inputs: [integers([2, 3], -5, 5), integers([3, 4], -5, 5)],
    build: two((a, b) => matmul(a, b)),
    ...integerResult,
  },
];

export const structural: readonly Sample[] = [
  ...sources,
  ...movements,
  ...reductions,
  ...moreReductions,
  ...indexed,
  ...products,
];
