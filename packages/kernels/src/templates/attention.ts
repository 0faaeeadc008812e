/** @file Attention without stored scores: its kernels and how they are called. */
import type { Template, TemplateOperand } from "../ir/kernel.ts";

/** Extents of a call: q [batch, time, heads, depth], k [batch, source, kvHeads, depth], v [batch, source, kvHeads, valueDepth]. */
export interface AttentionExtents {
  readonly batch: number;
  readonly time: number;
  readonly source: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly depth: number;
  readonly valueDepth: number;
}

/** Extents or strides along [batch, heads, time, source]. */
export type PairAxes = readonly [number, number, number, number];

export interface AttentionRules {
  /** Factor of q k. */
  readonly scale: number;
  /** Whether position t attends to positions up to t only. */
  readonly causal: boolean;
  /** Share of the probabilities that dropout keeps; null: no dropout. */
  readonly kept: number | null;
  /** Whether a query without any key has zeros; else it has the mean of all values. */
  readonly emptyZero: boolean;
  /** Strides of what is added to scores, of the keys that count and of the factors of probabilities; null where there are none. */
  readonly bias: PairAxes | null;
  readonly mask: PairAxes | null;
  readonly factor: PairAxes | null;
}

/** Constants, param words and workgroups of a call. */
export interface AttentionLaunch {
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly params: readonly number[];
  readonly workgroups: number;
  readonly workgroupSize: number;
}

const threads = 64;
const noStrides: PairAxes = [0, 0, 0, 0];
const blocksOf = (count: number): number => Math.ceil(count / threads);
const bitsOf = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0] as number;

function launch(
  { batch, time, source, heads, kvHeads, depth, valueDepth }: AttentionExtents,
  { scale, causal, kept, emptyZero, bias, mask, factor }: AttentionRules,
  own: readonly number[],
  workgroups: number,
): AttentionLaunch {
  const constants = {
    DEPTH: depth,
    VALUE_DEPTH: valueDepth,
    THREADS: threads,
    CAUSAL: causal,
    BIASED: bias !== null,
    MASKED: mask !== null,
    WEIGHTED: factor !== null,
    DROPPED: kept !== null,
    EMPTY_ZERO: emptyZero,
  };
  const strides = [bias, mask, factor].flatMap((axes) => axes ?? noStrides);
  const shared = [time, source, heads, kvHeads, batch, bitsOf(scale), bitsOf(kept ?? 1), ...strides];
  return { constants, params: [...shared, ...own], workgroups, workgroupSize: threads };
}

/** How the output, or the cotangent of the queries, is computed. */
export function attentionByQueries(extents: AttentionExtents, rules: AttentionRules): AttentionLaunch {
  const blocks = blocksOf(extents.time);
  return launch(extents, rules, [blocks], extents.batch * extents.heads * blocks);
}

/** How the cotangents of keys and values are computed. */
export function attentionByKeys(extents: AttentionExtents, rules: AttentionRules): AttentionLaunch {
  const blocks = blocksOf(extents.source);
  return launch(extents, rules, [blocks], extents.batch * extents.kvHeads * blocks);
}

/** How a cotangent of the bias with the extents `result` is computed: 1 where it is summed. */
export function attentionByBias(
  extents: AttentionExtents,
  rules: AttentionRules,
  result: PairAxes,
): AttentionLaunch {
  return launch(extents, rules, result, blocksOf(result.reduce((a, b) => a * b, 1)));
}

const operand = (name: string, dtype: TemplateOperand["dtype"] = "float32"): TemplateOperand => ({
  name,
  dtype,
  lanes: 1,
});
const forwardInputs: readonly TemplateOperand[] = [
  ...["q", "k", "v", "bias"].map((name) => operand(name)),
  operand("mask", "bool"),
  operand("factor"),
  operand("bits", "uint32"),
];
const backwardInputs = [...forwardInputs, ...["lse", "delta", "g"].map((name) => operand(name))];

const attentionTemplate = (
  name: string,
  inputs: readonly TemplateOperand[],
  outputs: readonly string[],
): Template => ({
  name,
  inputs,
  outputs: outputs.map((output) => operand(output)),
});

/**
 * Inputs q, k, v, bias, mask (bool), factor and random bits [batch, heads, time, source] (uint32), anything where the rules have none; outputs o
 * [batch, time, heads, valueDepth] and lse [batch, heads, time], 3e38 for a query without any key. Depths are multiples of 4.
 */
export const attentionForwardTemplate: Template = /*#__PURE__*/ attentionTemplate(
  "attentionForward",
  forwardInputs,
  ["o", "lse"],
);

/** Inputs of the forward kernel, then lse, delta [batch, heads, time] and g, the cotangent of o; output the cotangent of q. */
export const attentionQueriesTemplate: Template = /*#__PURE__*/ attentionTemplate(
  "attentionQueries",
  backwardInputs,
  ["dq"],
);

/** The same inputs; outputs the cotangents of k and v. */
export const attentionKeysTemplate: Template = /*#__PURE__*/ attentionTemplate(
  "attentionKeys",
  backwardInputs,
  ["dk", "dv"],
);

/** The same inputs; output the cotangent of the bias, summed along the axes that the call names. */
export const attentionBiasTemplate: Template = /*#__PURE__*/ attentionTemplate(
  "attentionBias",
  backwardInputs,
  ["dbias"],
);

/**
 * All of these outputs, that of a bias as `biased` tells, with the bias' own extents: for processors, where a kernel may walk the pairs of a head
 * and add to what it has stored. There is no WGSL.
 */
export const attentionGradientTemplate = (biased: boolean): Template => ({
  name: biased ? "attentionGradientBiased" : "attentionGradient",
  inputs: backwardInputs,
  outputs: ["dq", "dk", "dv", ...(biased ? ["dbias"] : [])].map((output) => operand(output)),
});
