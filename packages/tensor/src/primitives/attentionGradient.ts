/** @file The gradient of attention: probabilities are computed again, from the log-sum-exp of the scores where a kernel is fused. */
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { mul, sub, scale as times } from "./arithmetic.ts";
import { biasSums, fusedBias, fusedGradient, fusedKeys, fusedQueries } from "./attentionKernels.ts";
import {
  type AttentionParts,
  type AttentionSettings,
  allowedOf,
  extentsOf,
  grouped,
  pairShape,
  scoresOf,
  settingsOf,
  ungrouped,
  unpackInputs,
  weighted,
  withoutEmpty,
} from "./attentionScores.ts";
import { type BundleContext, bundle, part } from "./bundle.ts";
import { composite, gradientThrough } from "./composite.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import { where } from "./logic.ts";
import { reshape } from "./movement.ts";
import { sum, sumTo } from "./reduce.ts";
import { softmax } from "./softmax.ts";
import { constant } from "./source.ts";

interface Slopes {
  readonly parts: AttentionParts;
  readonly settings: AttentionSettings;
  /** P, without the factors of probabilities. */
  readonly probabilities: Node;
  /** dS. */
  readonly ofScores: Node;
  /** g by groups of heads. */
  readonly cotangent: Node;
}

/** P = softmax of the scores, dP = g v; dS = P (dP - delta) with delta = sum of P dP = sum of g o. */
function slopesOf(inputs: readonly Node[], attrs: Attrs): Slopes {
  const parts = unpackInputs(inputs, attrs);
  const { v, mask, rest } = parts;
  const { batch, heads, kvHeads, time } = extentsOf(parts);
  const settings = settingsOf(attrs);
  const probabilities = softmax(scoresOf(parts, settings), [4]);
  const cotangent = grouped(at(rest, 2), kvHeads);
  const delta = reshape(at(rest, 1), [batch, kvHeads, heads / kvHeads, time, 1]);
  const product = weighted(matmul(cotangent, grouped(v, kvHeads), { transposeB: true }), parts, settings);
  const full = mul(probabilities, sub(product, delta));
  // Where all positions of a row are masked their probabilities are equal, but nothing flows.
  const allowed = mask ? allowedOf(parts, settings) : null;
  const ofScores = allowed ? where(allowed, full, constant(0)) : full;
  return { parts, settings, probabilities, ofScores, cotangent };
}

const overGroup = (x: Node): Node => ungrouped(sum(x, [2], true));

/** dq = dS k scale. */
function queryCotangent({ parts, settings, ofScores }: Slopes): Node {
  const { kvHeads } = extentsOf(parts);
  return times(ungrouped(matmul(ofScores, grouped(parts.k, kvHeads))), settings.scale);
}

/** dk = dS q scale, dv = P g. */
function keyCotangents({ parts, settings, probabilities, ofScores, cotangent }: Slopes): Node[] {
  const { kvHeads } = extentsOf(parts);
  const weights = weighted(withoutEmpty(probabilities, parts, settings), parts, settings);
  return [
    times(overGroup(matmul(ofScores, grouped(parts.q, kvHeads), { transposeA: true })), settings.scale),
    overGroup(matmul(weights, cotangent, { transposeA: true })),
  ];
}

/** dbias = dS, summed to `shape`. */
function biasCotangent({ parts, ofScores }: Slopes, shape: readonly number[]): Node {
  const { batch, heads, time, source } = extentsOf(parts);
  return sumTo(reshape(ofScores, [batch, heads, time, source]), shapeOf(shape));
}

/** Cotangents of q, k, v and, if there is one, the bias. */
function cotangents(inputs: readonly Node[], attrs: Attrs): Node[] {
  const slopes = slopesOf(inputs, attrs);
  const { bias } = slopes.parts;
  const results = [queryCotangent(slopes), ...keyCotangents(slopes)];
  return bias ? [...results, biasCotangent(slopes, bias.shape)] : results;
}

const shapeOfInput = (i: number) => (inputs: readonly Node[]) => at(inputs, i).shape;
const float32 = () => "float32" as const;

/** Inputs of all records here: those of the forward operation, its log-sum-exp, delta, both [batch, heads, time], and g. */
export const attentionQueriesPrimitive: Primitive = {
  .../*#__PURE__*/ composite("attentionQueries", {
    shape: /*#__PURE__*/ shapeOfInput(0),
    dtype: float32,
    decompose: (inputs, attrs) => queryCotangent(slopesOf(inputs, attrs)),
    vjp: null,
  }),
  template: fusedQueries,
};

export const attentionKeysPrimitive: Primitive = /*#__PURE__*/ bundle("attentionKeys", {
  results: (inputs) => [1, 2].map((i) => ({ shape: at(inputs, i).shape, dtype: "float32" })),
  decompose: (inputs, attrs) => keyCotangents(slopesOf(inputs, attrs)),
  vjp: null,
  template: fusedKeys,
});

/** The cotangent of the bias, to be summed further. */
export const attentionBiasPrimitive: Primitive = {
  .../*#__PURE__*/ composite("attentionBias", {
    shape: biasSums,
    dtype: float32,
    decompose: (inputs, attrs) => biasCotangent(slopesOf(inputs, attrs), biasSums(inputs, attrs)),
    vjp: null,
  }),
  template: fusedBias,
};

/** One kernel, or decomposition, for each kind of cotangent; equal parts of decompositions are merged. */
function decompose(inputs: readonly Node[], attrs: Attrs): Node[] {
  const { bias } = unpackInputs(inputs, attrs);
  const keys = record(attentionKeysPrimitive, inputs, attrs);
  const results = [record(attentionQueriesPrimitive, inputs, attrs), part(keys, 0), part(keys, 1)];
  if (!bias) return results;
  const sums = sumTo(record(attentionBiasPrimitive, inputs, attrs), shapeOf(pairShape(bias)));
  return [...results, reshape(sums, bias.shape)];
}

/** Derivatives of the gradient: those of its decomposition, which is recorded again. */
function vjp(given: readonly (Node | null)[], { inputs, attrs, wants }: BundleContext): (Node | null)[] {
  return gradientThrough(() => cotangents(inputs, attrs), given, inputs, wants);
}

/** Results: cotangents of q, k, v and, if there is one, the bias. */
export const attentionGradientPrimitive: Primitive = /*#__PURE__*/ bundle("attentionGradient", {
  results: (inputs, attrs) => {
    const { q, k, v, bias } = unpackInputs(inputs, attrs);
    return [q, k, v, ...(bias ? [bias] : [])].map(({ shape, dtype }) => ({ shape, dtype }));
  },
  decompose,
  vjp,
  template: fusedGradient,
});
