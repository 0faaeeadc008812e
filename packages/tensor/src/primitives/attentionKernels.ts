/** @file When attention takes its fused kernels, and how they are called. */
import type { Target } from "@tenrec/kernels";
import type { Attrs, Node, Primitive, TemplateCall } from "../graph/node.ts";
import { stridesOf } from "../graph/shape.ts";
import { extentsOf, keptShare, pairShape, settingsOf, unpackInputs } from "./attentionScores.ts";
import { at } from "./factory.ts";

/** Depth up to which the rows of an invocation of a GPU stay in registers, and products cost a processor little. */
const maxDepth = 64;
/** Scores per row from which storing them costs more than computing them again: in memory of a GPU, in that of a processor. */
const longSource = 64;
const shortSource = 8;

type Templates = Target["templates"];
type Call = Parameters<Templates["attentionByQueries"]>;
type PairAxes = Parameters<Templates["attentionByBias"]>[2];

/** Strides of what broadcasts to the pairs of queries and keys: 0 where one element serves all. */
function stridesOfPairs(x: Node | null): PairAxes | null {
  if (!x) return null;
  const shape = pairShape(x);
  const strides = stridesOf(shape);
  return shape.map((extent, axis) => (extent === 1 ? 0 : strides[axis])) as unknown as PairAxes;
}

type Launch = (templates: Templates, ...call: Call) => TemplateCall;

interface Rows {
  readonly depth: number;
  readonly causal: boolean;
}

/** Scores per row from which a fused kernel pays. */
type Pays = (target: Target, rows: Rows) => number;
/** In software products are faster than shaders. */
const onGpu: Pays = ({ name, software }, { depth }) =>
  name === "webgpu" && !software && depth <= maxDepth ? longSource : Infinity;
/** Deep products of scores are not worth computing again, unless causality halves them. */
const onProcessor: Pays = ({ webAssembly }, { depth, causal }) =>
  webAssembly && (causal || depth <= maxDepth) ? shortSource : Infinity;
const onBoth: Pays = (target, rows) => Math.min(onGpu(target, rows), onProcessor(target, rows));

/** A fused kernel, for depths in fours. `bindings`: operands and results that are always there. */
function fused(pays: Pays, bindings: number, launch: Launch): NonNullable<Primitive["template"]> {
  return (inputs, attrs, target) => {
    const parts = unpackInputs(inputs, attrs);
    const { q, v, bias, mask, factor, bits } = parts;
    const extents = { ...extentsOf(parts), depth: at(q.shape, 3), valueDepth: at(v.shape, 3) };
    const { scale, causal, rate, emptyZero } = settingsOf(attrs);
    const depths = [extents.depth, extents.valueDepth];
    const needed = bindings + [bias, mask, factor, bits].filter(Boolean).length;
    const isLong = extents.source >= pays(target, { depth: Math.max(...depths), causal });
    if (depths.some((depth) => depth % 4 !== 0) || !isLong || target.maxBindings < needed) return null;
    const [ofBias, ofMask, ofFactor] = [bias, mask, factor].map(stridesOfPairs) as (PairAxes | null)[];
    return launch(target.templates, extents, {
      scale,
      causal,
      kept: bits ? keptShare(rate) : null,
      emptyZero,
      bias: ofBias ?? null,
      mask: ofMask ?? null,
      factor: ofFactor ?? null,
    });
  };
}

export const fusedForward = /*#__PURE__*/ fused(onBoth, 5, (templates, ...call) => ({
  template: templates.attentionForwardTemplate,
  ...templates.attentionByQueries(...call),
}));

export const fusedQueries = /*#__PURE__*/ fused(onGpu, 7, (templates, ...call) => ({
  template: templates.attentionQueriesTemplate,
  ...templates.attentionByQueries(...call),
}));

export const fusedKeys = /*#__PURE__*/ fused(onGpu, 8, (templates, ...call) => ({
  template: templates.attentionKeysTemplate,
  ...templates.attentionByKeys(...call),
}));

/** Extents of the cotangent of the bias that a kernel sums up to: where the bias has no axis of time, those of a head stay apart. */
export function biasSums(inputs: readonly Node[], attrs: Attrs): PairAxes {
  const parts = unpackInputs(inputs, attrs);
  const { batch, heads } = extentsOf(parts);
  const [ownBatch, ownHeads, time, source] = pairShape(parts.bias as Node);
  return time === 1 ? [batch, heads, 1, source] : [ownBatch, ownHeads, time, source];
}

export const fusedBias: NonNullable<Primitive["template"]> = (inputs, attrs, target) =>
  fused(onGpu, 7, (templates, ...call) => ({
    template: templates.attentionBiasTemplate,
    ...templates.attentionByBias(...call, biasSums(inputs, attrs)),
  }))(inputs, attrs, target);

/** All cotangents at once. */
export const fusedGradient: NonNullable<Primitive["template"]> = (inputs, attrs, target) => {
  const { bias } = unpackInputs(inputs, attrs);
  return fused(onProcessor, 9, (templates, ...call) => ({
    template: templates.attentionGradientTemplate(bias !== null),
    ...templates.attentionByBias(...call, bias ? pairShape(bias) : [1, 1, 1, 1]),
  }))(inputs, attrs, target);
};
