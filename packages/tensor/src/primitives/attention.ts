/** @file Scaled dot-product attention. Scores exist in the decomposition alone; a fused kernel needs none. */
import { internal, ShapeError } from "../graph/errors.ts";
import { type Attrs, type Bundle, type Node, type Primitive, record } from "../graph/node.ts";
import { broadcastShapes, shapeOf } from "../graph/shape.ts";
import { mul, sub, scale as times } from "./arithmetic.ts";
import { attentionGradientPrimitive } from "./attentionGradient.ts";
import { fusedForward } from "./attentionKernels.ts";
import {
  type AttentionInputs,
  type AttentionSettings,
  attentionAttrs,
  biasInput,
  extentsOf,
  grouped,
  packInputs,
  scoresOf,
  settingsOf,
  ungrouped,
  unpackInputs,
  weighted,
  withoutEmpty,
} from "./attentionScores.ts";
import { type BundleContext, bundle, part } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at, commonDtype, typesText } from "./factory.ts";
import { reshape, transpose } from "./movement.ts";
import { sum } from "./reduce.ts";
import { logSumExp, softmax } from "./softmax.ts";

function decompose(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const parts = unpackInputs(inputs, attrs);
  const settings = settingsOf(attrs);
  const { batch, heads, time, kvHeads } = extentsOf(parts);
  const scores = scoresOf(parts, settings);
  const probabilities = withoutEmpty(softmax(scores, [4]), parts, settings);
  const output = ungrouped(matmul(weighted(probabilities, parts, settings), grouped(parts.v, kvHeads)));
  return [output, reshape(logSumExp(scores, [4]), [batch, heads, time])];
}

function checkAttention(parts: AttentionInputs): void {
  const { q, k, v, bias, mask, factor, bits } = parts;
  const floats = [q, k, v, bias, factor].filter((node) => node !== null && node !== undefined);
  commonDtype("dotProductAttention", floats, "float");
  if (mask) commonDtype("dotProductAttention", [mask], "bool");
  const isOk =
    [q, k, v].every(({ shape }) => shape.length === 4) &&
    q.shape[0] === k.shape[0] &&
    q.shape[3] === k.shape[3] &&
    k.shape.slice(0, 3).join() === v.shape.slice(0, 3).join() &&
    at(q.shape, 2) % at(k.shape, 2) === 0;
  if (!isOk)
    throw new ShapeError("dotProductAttention", "query, key and value do not fit.", {
      received: `query, key, value ${typesText([q, k, v])}.`,
      expected:
        "query [batch, time, heads, depth], key [batch, source, kvHeads, depth], value [batch, source, kvHeads, any], heads a multiple of kvHeads.",
      fix: "give each head an axis of its own: reshape [batch, time, heads * depth] to [batch, time, heads, depth].",
    });
  const { batch, heads, time, source } = extentsOf(parts);
  const scores = shapeOf([batch, heads, time, source]);
  if (bits && bits.shape !== scores)
    throw internal(`random bits ${typesText([bits])} for [${scores.join()}]`);
  for (const [name, node] of Object.entries({ bias, mask, factor }))
    if (node && broadcastShapes(node.shape, scores) !== scores)
      throw new ShapeError("dotProductAttention", `${name} does not fit the scores.`, {
        received: `${name} ${typesText([node])}, scores [${scores.join()}].`,
        expected: "a shape that broadcasts to [batch, heads, time, source].",
        fix: "insert axes with expandDims: a mask of keys [batch, source] becomes [batch, 1, 1, source].",
      });
}

function forwardResults(inputs: readonly Node[], attrs: Attrs): ReturnType<Bundle["results"]> {
  const parts = unpackInputs(inputs, attrs);
  checkAttention(parts);
  const { batch, heads, time } = extentsOf(parts);
  return [
    { shape: [batch, time, heads, at(parts.v.shape, 3)], dtype: "float32" },
    { shape: [batch, heads, time], dtype: "float32" },
  ];
}

/**
 * Gradients through one `attentionGradient`, which recomputes P. A cotangent of the log-sum-exp adds P times itself to dS: it is taken off
 * delta.
 */
function vjp(
  [ofOutput, ofLog]: readonly (Node | null)[],
  { inputs, attrs, wants, result }: BundleContext,
): (Node | null)[] {
  const output = ofOutput ? result(0) : null;
  const products = ofOutput && output ? transpose(sum(mul(ofOutput, output), [3]), [0, 2, 1]) : null;
  const g = ofOutput ?? times(result(0), 0);
  const delta = products && ofLog ? sub(products, ofLog) : (products ?? times(ofLog as Node, -1));
  const gradient = record(attentionGradientPrimitive, [...inputs, result(1), delta, g], attrs);
  const biased = attrs.biased ? biasInput : -1;
  return inputs.map((_, i) => (wants[i] && (i < biasInput || i === biased) ? part(gradient, i) : null));
}

/** Results: output [batch, time, heads, value depth] and log-sum-exp of the scores [batch, heads, time]. */
export const attentionPrimitive: Primitive = /*#__PURE__*/ bundle("attention", {
  results: forwardResults,
  decompose,
  vjp,
  template: fusedForward,
});

/** softmax(q k scale + bias, masked) v of every head. `factor` is constant to gradients. */
export function attention(inputs: AttentionInputs, settings: AttentionSettings): Node {
  return part(record(attentionPrimitive, packInputs(inputs), attentionAttrs(inputs, settings)), 0);
}
