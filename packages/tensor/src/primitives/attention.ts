/** @file Scaled dot-product attention and its gradient. Scores exist in the decompositions alone; a fused kernel needs none. */
import { ShapeError } from "../graph/errors.ts";
import { type Attrs, type Bundle, type Node, type Primitive, record } from "../graph/node.ts";
import { broadcastShapes, shapeOf } from "../graph/shape.ts";
import { add, mul, sub, scale as times } from "./arithmetic.ts";
import { type BundleContext, bundle, part } from "./bundle.ts";
import { gradientThrough } from "./composite.ts";
import { matmul } from "./contraction.ts";
import { at, commonDtype, typesText } from "./factory.ts";
import { and, greaterEqual, where } from "./logic.ts";
import { reshape, transpose } from "./movement.ts";
import { sum, sumTo } from "./reduce.ts";
import { logSumExp, softmax } from "./softmax.ts";
import { constant, iota } from "./source.ts";

/** Score of a masked position, as in JAX: -0.7 times the largest float32. Finite, so that a row without any position has no NaN. */
const maskedScore = -0.7 * 3.4028234663852886e38;

/**
 * q [batch, time, heads, depth], k and v [batch, source, kvHeads, depth]; `heads` is a multiple of `kvHeads`. Broadcast to
 * [batch, heads, time, source]: `bias` (added to the scores), `mask` (bool, false: not attended) and `factor` (of the probabilities: dropout).
 */
export interface AttentionInputs {
  readonly q: Node;
  readonly k: Node;
  readonly v: Node;
  readonly bias?: Node | null;
  readonly mask?: Node | null;
  readonly factor?: Node | null;
}

export interface AttentionSettings {
  /** Factor of q k. */
  readonly scale: number;
  /** Whether position t attends to positions up to t only. */
  readonly causal: boolean;
}

/** Inputs are q, k, v, then bias, mask and factor as far as the attributes tell; what follows belongs to the gradient. */
function unpack(
  inputs: readonly Node[],
  attrs: Attrs,
): Required<AttentionInputs> & { rest: readonly Node[] } {
  let next = 3;
  const take = (name: string): Node | null => (attrs[name] ? at(inputs, next++) : null);
  const [bias, mask, factor] = [take("biased"), take("masked"), take("weighted")];
  const [q, k, v] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  return { q, k, v, bias, mask, factor, rest: inputs.slice(next) };
}

const packed = ({ q, k, v, bias, mask, factor }: AttentionInputs): Node[] =>
  [q, k, v, bias, mask, factor].filter((node) => node !== null && node !== undefined);

interface Extents {
  readonly batch: number;
  readonly time: number;
  readonly source: number;
  readonly heads: number;
  readonly kvHeads: number;
}

function extentsOf({ q, k }: AttentionInputs): Extents {
  const [batch, time, heads] = q.shape as unknown as [number, number, number];
  return { batch, time, heads, source: at(k.shape, 1), kvHeads: at(k.shape, 2) };
}

/** [batch, length, heads, depth] as [batch, kvHeads, heads / kvHeads, length, depth]: groups of heads share keys and values by broadcasting. */
function grouped(x: Node, kvHeads: number): Node {
  const [batch, length, heads, depth] = x.shape as unknown as [number, number, number, number];
  return transpose(reshape(x, [batch, length, kvHeads, heads / kvHeads, depth]), [0, 2, 3, 1, 4]);
}

/** The way back of `grouped`. */
function ungrouped(x: Node): Node {
  const [batch, kvHeads, group, length, depth] = x.shape as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  return reshape(transpose(x, [0, 3, 1, 2, 4]), [batch, length, kvHeads * group, depth]);
}

/** What broadcasts to [batch, heads, time, source] as [batch, kvHeads, group, time, source]. */
function groupedScores(x: Node, { heads, kvHeads }: Extents): Node {
  const [batch = 1, own = 1, time = 1, source = 1] = [...[1, 1, 1, 1].slice(x.shape.length), ...x.shape];
  return reshape(x, [batch, own === 1 ? 1 : kvHeads, own === 1 ? 1 : heads / kvHeads, time, source]);
}

/** Which scores count, by mask and order; null: all. */
function allowedOf(inputs: AttentionInputs, { causal }: AttentionSettings): Node | null {
  const extents = extentsOf(inputs);
  const { time, source } = extents;
  const given = inputs.mask ? groupedScores(inputs.mask, extents) : null;
  if (!causal) return given;
  const isBefore = greaterEqual(iota([time, 1], 0, "int32"), iota([1, source], 1, "int32"));
  return given ? and(given, isBefore) : isBefore;
}

/** Scaled, biased and masked q k of every head: [batch, kvHeads, group, time, source]. */
function scoresOf(inputs: AttentionInputs, settings: AttentionSettings): Node {
  const { q, k, bias } = inputs;
  const extents = extentsOf(inputs);
  const { kvHeads } = extents;
  const product = times(
    matmul(grouped(q, kvHeads), grouped(k, kvHeads), { transposeB: true }),
    settings.scale,
  );
  const biased = bias ? add(product, groupedScores(bias, extents)) : product;
  const allowed = allowedOf(inputs, settings);
  return allowed ? where(allowed, biased, constant(maskedScore)) : biased;
}

const settingsOf = (attrs: Attrs): AttentionSettings => attrs as unknown as AttentionSettings;
const weighted = (x: Node, factor: Node | null, extents: Extents): Node =>
  factor ? mul(x, groupedScores(factor, extents)) : x;

function forward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const parts = unpack(inputs, attrs);
  const extents = extentsOf(parts);
  const scores = scoresOf(parts, settingsOf(attrs));
  const probabilities = weighted(softmax(scores, [4]), parts.factor, extents);
  const output = ungrouped(matmul(probabilities, grouped(parts.v, extents.kvHeads)));
  const { batch, heads, time } = extents;
  return [output, reshape(logSumExp(scores, [4]), [batch, heads, time])];
}

/**
 * P softmax of the scores, dP = g v; dS = P (dP - delta) with delta = sum of P dP = sum of g o; dq = dS k scale, dk = dS q scale, dv = P g,
 * dbias = dS. Further inputs: log-sum-exp of the scores (a fused kernel computes P from it), delta, both [batch, heads, time], and g.
 */
function backward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const parts = unpack(inputs, attrs);
  const { q, k, v, bias, mask, factor, rest } = parts;
  const extents = extentsOf(parts);
  const { batch, heads, kvHeads, time } = extents;
  const settings = settingsOf(attrs);
  const probabilities = softmax(scoresOf(parts, settings), [4]);
  const cotangent = grouped(at(rest, 2), kvHeads);
  const delta = reshape(at(rest, 1), [batch, kvHeads, heads / kvHeads, time, 1]);
  const product = weighted(matmul(cotangent, grouped(v, kvHeads), { transposeB: true }), factor, extents);
  const full = mul(probabilities, sub(product, delta));
  // Where all positions of a row are masked their probabilities are equal, but nothing flows.
  const allowed = mask ? allowedOf(parts, settings) : null;
  const ofScores = allowed ? where(allowed, full, constant(0)) : full;
  const scaled = (x: Node): Node => times(x, settings.scale);
  const overGroup = (x: Node): Node => ungrouped(sum(x, [2], true));
  const results = [
    scaled(ungrouped(matmul(ofScores, grouped(k, kvHeads)))),
    scaled(overGroup(matmul(ofScores, grouped(q, kvHeads), { transposeA: true }))),
    overGroup(matmul(weighted(probabilities, factor, extents), cotangent, { transposeA: true })),
  ];
  if (!bias) return results;
  const square = reshape(ofScores, [batch, heads, time, extents.source]);
  return [...results, sumTo(square, bias.shape)];
}

function checkAttention(parts: AttentionInputs): void {
  const { q, k, v, bias, mask, factor } = parts;
  commonDtype(
    "dotProductAttention",
    packed({ q, k, v, bias: bias ?? null, factor: factor ?? null }),
    "float",
  );
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
  for (const [name, node] of Object.entries({ bias, mask, factor }))
    if (node && broadcastShapes(node.shape, scores) !== scores)
      throw new ShapeError("dotProductAttention", `${name} does not fit the scores.`, {
        received: `${name} ${typesText([node])}, scores [${scores.join()}].`,
        expected: "a shape that broadcasts to [batch, heads, time, source].",
        fix: "insert axes with expandDims: a mask of keys [batch, source] becomes [batch, 1, 1, source].",
      });
}

function forwardResults(inputs: readonly Node[], attrs: Attrs): ReturnType<Bundle["results"]> {
  const parts = unpack(inputs, attrs);
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
function forwardVjp(
  [ofOutput, ofLog]: readonly (Node | null)[],
  { inputs, attrs, wants, result }: BundleContext,
): (Node | null)[] {
  const output = ofOutput ? result(0) : null;
  const products = ofOutput && output ? transpose(sum(mul(ofOutput, output), [3]), [0, 2, 1]) : null;
  const g = ofOutput ?? times(result(0), 0);
  const delta = products && ofLog ? sub(products, ofLog) : (products ?? times(ofLog as Node, -1));
  const gradient = record(attentionGradientPrimitive, [...inputs, result(1), delta, g], attrs);
  const biased = attrs.biased ? 3 : -1;
  return inputs.map((_, i) => (wants[i] && (i < 3 || i === biased) ? part(gradient, i) : null));
}

/** Derivatives of the gradient: those of its decomposition, which is recorded again. */
function backwardVjp(
  cotangents: readonly (Node | null)[],
  { inputs, attrs, wants }: BundleContext,
): (Node | null)[] {
  return gradientThrough(() => backward(inputs, attrs), cotangents, inputs, wants);
}

/** Depth up to which an invocation's rows stay in registers. */
const maxDepth = 64;
/** Operands and results of the backward kernel. */
const fusedBindings = 9;
/** Scores per row from which storing them costs more than computing them again. */
const longSource = 64;

/**
 * The fused kernel where it pays: no bias, mask or factors, depths of at most 64 in fours, and a GPU: in software the products of
 * the decomposition are faster.
 */
function fused(direction: "forward" | "backward"): NonNullable<Primitive["template"]> {
  return (inputs, attrs, target) => {
    const { attentionForwardTemplate, attentionBackwardTemplate, attentionLaunch } = target.templates;
    const parts = unpack(inputs, attrs);
    const extents = { ...extentsOf(parts), depth: at(parts.q.shape, 3), valueDepth: at(parts.v.shape, 3) };
    const isPlain = !attrs.biased && !attrs.masked && !attrs.weighted;
    const fits = [extents.depth, extents.valueDepth].every((depth) => depth % 4 === 0 && depth <= maxDepth);
    const takes = !target.software && target.name === "webgpu" && target.maxBindings >= fusedBindings;
    if (!isPlain || !fits || !takes || extents.source < longSource) return null;
    const { scale, causal } = settingsOf(attrs);
    const template = direction === "forward" ? attentionForwardTemplate : attentionBackwardTemplate;
    return { template, ...attentionLaunch(direction, extents, scale, causal) };
  };
}

/** Results: output [batch, time, heads, value depth] and log-sum-exp of the scores [batch, heads, time]. */
export const attentionPrimitive: Primitive = /*#__PURE__*/ bundle("attention", {
  results: forwardResults,
  decompose: forward,
  vjp: forwardVjp,
  template: /*#__PURE__*/ fused("forward"),
});

/** Results: cotangents of q, k, v and, if there is one, the bias. */
export const attentionGradientPrimitive: Primitive = /*#__PURE__*/ bundle("attentionGradient", {
  results: (inputs, attrs) => {
    const { q, k, v, bias } = unpack(inputs, attrs);
    return [q, k, v, ...(bias ? [bias] : [])].map(({ shape, dtype }) => ({ shape, dtype }));
  },
  decompose: backward,
  vjp: backwardVjp,
  template: /*#__PURE__*/ fused("backward"),
});

/** softmax(q k scale + bias, masked) v of every head. `factor` is constant to gradients. */
export function attention(inputs: AttentionInputs, { scale, causal }: AttentionSettings): Node {
  const { bias, mask, factor } = inputs;
  const given = { biased: Boolean(bias), masked: Boolean(mask), weighted: Boolean(factor) };
  return part(record(attentionPrimitive, packed(inputs), { scale, causal, ...given }), 0);
}
