/** @file Sample rows of composites and activations. */
import type { Node } from "../src/graph/node.ts";
import * as activations from "../src/primitives/activations.ts";
import { mul } from "../src/primitives/arithmetic.ts";
import * as crossEntropy from "../src/primitives/crossEntropy.ts";
import {
  customGradient,
  customGradientPrimitive,
  stopGradient,
  stopGradientPrimitive,
} from "../src/primitives/gradientControl.ts";
import { cholesky, choleskyPrimitive } from "../src/primitives/linalg.ts";
import {
  logSoftmax,
  logSoftmaxPrimitive,
  logSumExp,
  softmax,
  softmaxPrimitive,
} from "../src/primitives/softmax.ts";
import type { Sample } from "./samples.ts";
import { positiveDefinite, separated, uniform, values } from "./samplesInputs.ts";

const t = activations;
const c = crossEntropy;
const one = (of: (x: Node) => Node) => (inputs: readonly Node[]) => of(inputs[0] as Node);
const two = (of: (x: Node, y: Node) => Node) => (inputs: readonly Node[]) =>
  of(inputs[0] as Node, inputs[1] as Node);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => Math.log(1 + Math.exp(x));
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/** Inputs of -3 to 3 that stay clear of multiples of 1/2 by 1/8, where kinks are. */
const clearOfKinks = separated([3, 4], 4);

const scalarRows: readonly (readonly [
  string,
  Sample["primitive"],
  (x: Node) => Node,
  (x: number) => number,
])[] = [
  ["relu", t.reluPrimitive, t.relu, (x) => Math.max(x, 0)],
  ["relu6", t.relu6Primitive, t.relu6, (x) => clamp(x, 0, 6)],
  ["leakyRelu", t.leakyReluPrimitive, (x) => t.leakyRelu(x, 0.2), (x) => (x > 0 ? x : Math.fround(0.2) * x)],
  ["elu", t.eluPrimitive, (x) => t.elu(x, 1.5), (x) => (x > 0 ? x : 1.5 * Math.expm1(x))],
  ["celu", t.celuPrimitive, (x) => t.celu(x, 2), (x) => (x > 0 ? x : 2 * Math.expm1(x / 2))],
  ["selu", null, t.selu, (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))],
  ["hardSigmoid", t.hardSigmoidPrimitive, t.hardSigmoid, (x) => clamp(x / 6 + 0.5, 0, 1)],
  ["hardSilu", null, t.hardSilu, (x) => x * clamp(x / 6 + 0.5, 0, 1)],
  ["hardTanh", t.hardTanhPrimitive, t.hardTanh, (x) => clamp(x, -1, 1)],
  ["softsign", t.softsignPrimitive, t.softsign, (x) => x / (1 + Math.abs(x))],
  ["silu", null, t.silu, (x) => x * sigmoid(x)],
  ["mish", null, t.mish, (x) => x * Math.tanh(softplus(x))],
  ["logSigmoid", null, t.logSigmoid, (x) => Math.log(sigmoid(x))],
  ["tanhShrink", null, t.tanhShrink, (x) => x - Math.tanh(x)],
  ["softShrink", null, (x) => t.softShrink(x, 0.5), (x) => x - clamp(x, -0.5, 0.5)],
  ["hardShrink", null, (x) => t.hardShrink(x, 0.5), (x) => (Math.abs(x) > 0.5 ? x : 0)],
  ["threshold", null, (x) => t.threshold(x, 0.5, -2), (x) => (x > 0.5 ? x : -2)],
  ["squareplus", null, (x) => t.squareplus(x, 4), (x) => (x + Math.sqrt(x * x + 4)) / 2],
  ["sparsePlus", null, t.sparsePlus, (x) => (x <= -1 ? 0 : x < 1 ? ((x + 1) / 2) ** 2 : x)],
  ["sparseSigmoid", null, t.sparseSigmoid, (x) => clamp((x + 1) / 2, 0, 1)],
  [
    "gelu approximate",
    null,
    (x) => t.gelu(x, true),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
];

const activationRows: readonly Sample[] = [
  ...scalarRows.map(([label, primitive, of, scalar]) => ({
    label,
    primitive,
    inputs: [clearOfKinks],
    build: one(of),
    scalar,
  })),
  { label: "gelu", primitive: null, inputs: [uniform([2, 3])], build: one((x) => t.gelu(x, false)) },
  { label: "glu", primitive: null, inputs: [uniform([2, 6])], build: one((x) => t.glu(x, 1)) },
  {
    label: "relu with slope, limit and threshold",
    primitive: null,
    inputs: [clearOfKinks],
    build: one((x) => t.reluWith(x, { negativeSlope: 0.25, maxValue: 2, threshold: 0.5 })),
    scalar: (x) => (x > 0.5 ? Math.min(x, 2) : 0) - 0.25 * Math.max(0.5 - x, 0),
  },
];

const labels = values([3], [1, 0, 3], "int32");
const probabilities = uniform([3, 4], 0.1, 1, 3);
const targets = uniform([3, 4], 0.1, 1, 6);
/** Class 0 of the last row is certain: its probability lies above the clip. */
const certain = values([2, 3], [0.5, -1, 0.2, 30, 1, 2]);

const crossEntropies: readonly Sample[] = [
  {
    label: "sparseCrossEntropy",
    primitive: c.sparseCrossEntropyPrimitive,
    inputs: [probabilities, labels],
    build: two((x, y) => c.sparseCrossEntropy(x, y, 1)),
  },
  {
    label: "sparseCrossEntropy over axis 0, clipped and out of range",
    primitive: c.sparseCrossEntropyPrimitive,
    inputs: [values([2, 3], [0.5, -0.2, 0.3, 0.4, 2, 0.6]), values([3], [0, 0, 7], "int32")],
    build: two((x, y) => c.sparseCrossEntropy(x, y, 0)),
  },
  ...[false, true].flatMap((clip): Sample[] => [
    {
      label: `sparseSoftmaxCrossEntropy${clip ? " clip" : ""}`,
      primitive: c.sparseSoftmaxCrossEntropyPrimitive,
      inputs: [uniform([3, 4]), labels],
      build: two((x, y) => c.sparseSoftmaxCrossEntropy(x, y, 1, clip)),
    },
    {
      label: `sparseSoftmaxCrossEntropy of a certain row${clip ? " clip" : ""}`,
      primitive: c.sparseSoftmaxCrossEntropyPrimitive,
      inputs: [certain, values([2], [1, 0], "int32")],
      build: two((x, y) => c.sparseSoftmaxCrossEntropy(x, y, 1, clip)),
    },
    {
      label: `softmaxCrossEntropy${clip ? " clip" : ""}`,
      primitive: c.softmaxCrossEntropyPrimitive,
      inputs: [uniform([3, 4]), targets],
      build: two((x, y) => c.softmaxCrossEntropy(x, y, 1, clip)),
    },
  ]),
  {
    label: "categoricalCrossEntropy",
    primitive: null,
    inputs: [probabilities, targets],
    build: two((x, y) => c.categoricalCrossEntropy(x, y, 1)),
  },
  {
    label: "binaryCrossEntropy",
    primitive: null,
    inputs: [uniform([2, 3], 0.1, 0.9, 2), uniform([2, 3], 0, 1, 5)],
    build: two(c.binaryCrossEntropy),
  },
  {
    label: "binaryCrossEntropy from logits",
    primitive: null,
    inputs: [uniform([2, 3]), uniform([2, 3], 0, 1, 5)],
    build: two(c.binaryCrossEntropyFromLogits),
  },
];

const others: readonly Sample[] = [
  {
    label: "softmax",
    primitive: softmaxPrimitive,
    inputs: [uniform([3, 4])],
    build: one((x) => softmax(x, [1])),
  },
  {
    label: "softmax over axes 0 and 2",
    primitive: softmaxPrimitive,
    inputs: [uniform([2, 3, 2])],
    build: one((x) => softmax(x, [0, 2])),
  },
  {
    label: "softmax of large numbers",
    primitive: softmaxPrimitive,
    inputs: [values([1, 3], [1000, 999, -1000])],
    build: one((x) => softmax(x, [1])),
  },
  {
    label: "logSoftmax",
    primitive: logSoftmaxPrimitive,
    inputs: [uniform([3, 4])],
    build: one((x) => logSoftmax(x, [1])),
  },
  { label: "logSumExp", primitive: null, inputs: [uniform([3, 4])], build: one((x) => logSumExp(x, [0])) },
  {
    label: "cholesky",
    primitive: choleskyPrimitive,
    inputs: [positiveDefinite(3)],
    build: one(cholesky),
    rebuilds: true,
  },
  {
    label: "cholesky 9 x 9",
    primitive: choleskyPrimitive,
    inputs: [positiveDefinite(9, 4)],
    build: one(cholesky),
    noGradient: "the 3 x 3 row checks it",
    rebuilds: true,
  },
  {
    label: "stopGradient",
    primitive: stopGradientPrimitive,
    inputs: [uniform([3])],
    build: one((x) => stopGradient(x)),
    noGradient: "that is its purpose",
  },
  {
    label: "customGradient",
    primitive: customGradientPrimitive,
    inputs: [uniform([3])],
    build: one((x) => customGradient([x], mul(x, x), (g) => [mul(g, x)])),
    noGradient: "its rule differs on purpose",
  },
];

export const composites: readonly Sample[] = [...activationRows, ...crossEntropies, ...others];
