/** @file Sample rows of attention and its gradient. */
import type { Node, Primitive, RefArray } from "../src/graph/node.ts";
import { record } from "../src/graph/node.ts";
import { attention, attentionPrimitive } from "../src/primitives/attention.ts";
import {
  attentionBiasPrimitive,
  attentionGradientPrimitive,
  attentionKeysPrimitive,
  attentionQueriesPrimitive,
} from "../src/primitives/attentionGradient.ts";
import { type AttentionInputs, attentionAttrs, packInputs } from "../src/primitives/attentionScores.ts";
import { part } from "../src/primitives/bundle.ts";
import { where } from "../src/primitives/logic.ts";
import { constant, number, randomBits } from "../src/primitives/source.ts";
import type { Sample } from "./samples.ts";
import { booleans, uniform, values } from "./samplesInputs.ts";

const q = uniform([2, 3, 2, 2], -1, 1, 1);
const k = uniform([2, 4, 2, 2], -1, 1, 2);
const v = uniform([2, 4, 2, 3], -1, 1, 3);
const plain = { scale: 0.7, causal: false };
const rebuilds = true;
/** The last key of every row, and all keys of the first sample's second row, are masked. */
const mask = values(
  [2, 1, 3, 4],
  Array.from({ length: 24 }, (_, i) => Number(i % 4 !== 3 && (i < 4 || i >= 8))),
  "bool",
);

const bits = (shape: readonly number[]): Node => randomBits(number(7, "uint32"), number(11, "uint32"), shape);

const rows: readonly Omit<Sample, "primitive">[] = [
  {
    label: "attention",
    inputs: [q, k, v],
    build: ([q, k, v]) => attention({ q, k, v } as Record<"q" | "k" | "v", Node>, plain),
  },
  {
    label: "attention causal, one head",
    inputs: [uniform([1, 4, 1, 2]), uniform([1, 4, 1, 2], -1, 1, 2), uniform([1, 4, 1, 2], -1, 1, 3)],
    build: ([q, k, v]) => attention({ q, k, v } as Record<"q" | "k" | "v", Node>, { scale: 1, causal: true }),
  },
  {
    label: "attention with bias and mask",
    inputs: [q, k, v, uniform([2, 1, 4], -1, 1, 4), mask],
    build: ([q, k, v, bias, mask]) =>
      attention({ q, k, v, bias, mask } as Record<"q" | "k" | "v" | "bias" | "mask", Node>, plain),
  },
  {
    label: "attention of grouped heads with factors, causal",
    inputs: [
      uniform([1, 3, 4, 2]),
      uniform([1, 3, 2, 2], -1, 1, 2),
      uniform([1, 3, 2, 2], -1, 1, 3),
      booleans([1, 4, 3, 3]),
    ],
    build: ([q, k, v, kept]) =>
      attention(
        { q, k, v, factor: where(kept as Node, constant(2), constant(0)) } as Record<
          "q" | "k" | "v" | "factor",
          Node
        >,
        { scale: 0.5, causal: true },
      ),
  },
  {
    label: "attention with dropout and mask, zeros where all is masked",
    inputs: [q, k, v, mask],
    build: ([q, k, v, mask]) =>
      attention(
        { q, k, v, mask, bits: bits([2, 2, 3, 4]) } as Record<"q" | "k" | "v" | "mask" | "bits", Node>,
        { ...plain, rate: 0.3, emptyZero: true },
      ),
  },
];

const itself: Omit<Sample, "primitive"> = {
  label: "attention of a tensor with itself",
  inputs: [uniform([1, 3, 2, 2], -1, 1, 5)],
  build: ([x]) => attention({ q: x, k: x, v: x } as Record<"q" | "k" | "v", Node>, plain),
};

const maskedCausal: Omit<Sample, "primitive"> = {
  label: "attention masked and causal, a row without any position",
  inputs: [
    uniform([1, 3, 1, 2]),
    uniform([1, 3, 1, 2], -1, 1, 2),
    uniform([1, 3, 1, 2], -1, 1, 3),
    values([1, 1, 3, 3], [0, 1, 1, 1, 1, 0, 1, 0, 1], "bool"),
  ],
  build: ([q, k, v, mask]) =>
    attention({ q, k, v, mask } as Record<"q" | "k" | "v" | "mask", Node>, { scale: 1, causal: true }),
};

/** The log-sum-exp that a fused kernel reads is not read here. */
const gradientInputs: readonly RefArray[] = [
  q,
  k,
  v,
  uniform([2, 1, 4], -1, 1, 4),
  mask,
  uniform([2, 2, 3], -1, 1, 7),
  uniform([2, 2, 3], -1, 1, 8),
  uniform([2, 3, 2, 3], -1, 1, 9),
];

/** A record of the gradient over q, k, v, bias, mask, then log-sum-exp, delta and cotangent. */
function gradientOf(primitive: Primitive, nodes: readonly Node[]): Node {
  const [q, k, v, bias, mask, ...rest] = nodes as [Node, Node, Node, Node, Node, ...Node[]];
  const inputs: AttentionInputs = { q, k, v, bias, mask, bits: bits([2, 2, 3, 4]) };
  return record(
    primitive,
    [...packInputs(inputs), ...rest],
    attentionAttrs(inputs, { ...plain, rate: 0.25 }),
  );
}

const gradients: readonly Sample[] = [0, 1, 2, 3].map((index) => ({
  label: `attentionGradient of input ${index}`,
  primitive: attentionGradientPrimitive,
  inputs: gradientInputs,
  build: (nodes) => part(gradientOf(attentionGradientPrimitive, nodes), index),
  rebuilds,
}));

const parts: readonly Sample[] = (
  [
    ["attentionQueries", attentionQueriesPrimitive, null],
    ["attentionKeys, keys", attentionKeysPrimitive, 0],
    ["attentionKeys, values", attentionKeysPrimitive, 1],
    ["attentionBias", attentionBiasPrimitive, null],
  ] as const
).map(([label, primitive, index]) => ({
  label,
  primitive,
  inputs: gradientInputs,
  build: (nodes) => {
    const node = gradientOf(primitive, nodes);
    return index === null ? node : part(node, index);
  },
  noGradient: "stands for a part of attentionGradient when kernels are chosen",
}));

const sized = (label: string, time: number, source: number, depth: number): Sample => ({
  label: `attention ${label}`,
  primitive: attentionPrimitive,
  inputs: [
    uniform([2, time, 3, depth], -1, 1, 1),
    uniform([2, source, 3, depth], -1, 1, 2),
    uniform([2, source, 3, depth], -1, 1, 3),
  ],
  build: ([q, k, v]) =>
    attention({ q, k, v } as Record<"q" | "k" | "v", Node>, {
      scale: depth ** -0.5,
      causal: time === source,
    }),
  noGradient: "a size test: small rows check the rule",
  rebuilds,
});

export const attentions: readonly Sample[] = [
  ...[...rows, itself, maskedCausal].map((row) => ({ ...row, primitive: attentionPrimitive, rebuilds })),
  ...gradients,
  ...parts,
  sized("of 33 causal", 33, 33, 17),
  sized("of 65 to 31", 65, 31, 8),
];
