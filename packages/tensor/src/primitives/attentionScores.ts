/** @file What attention and its gradient share: inputs, extents and, in their decompositions, scores. */
import type { Attrs, Node } from "../graph/node.ts";
import { add, div, mul, scale as times } from "./arithmetic.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import { and, greaterEqual, less, where } from "./logic.ts";
import { reshape, transpose } from "./movement.ts";
import { unitOfBits } from "./randomUnit.ts";
import { constant, iota, number } from "./source.ts";

/** Score of a masked position, as in JAX: -0.7 times the largest float32. Finite, so that a row without any position has no NaN. */
const maskedScore = -0.7 * 3.4028234663852886e38;

/**
 * q [batch, time, heads, depth], k and v [batch, source, kvHeads, depth]; `heads` is a multiple of `kvHeads`. Broadcast to
 * [batch, heads, time, source]: `bias` (added to the scores), `mask` (bool, false: not attended) and `factor` (of the probabilities).
 * `bits` are random ones of that shape, for dropout.
 */
export interface AttentionInputs {
  readonly q: Node;
  readonly k: Node;
  readonly v: Node;
  readonly bias?: Node | null;
  readonly mask?: Node | null;
  readonly factor?: Node | null;
  readonly bits?: Node | null;
}

export interface AttentionSettings {
  /** Factor of q k. */
  readonly scale: number;
  /** Whether position t attends to positions up to t only. */
  readonly causal: boolean;
  /** Share of the probabilities that is dropped, by the bits. */
  readonly rate?: number;
  /** Whether a query without any position has zeros; else it has the mean of all values. */
  readonly emptyZero?: boolean;
}

/** The inputs, null where the attributes tell that there are none; what follows them belongs to the gradient. */
export interface AttentionParts extends Required<AttentionInputs> {
  readonly rest: readonly Node[];
}

/** The optional inputs and the attributes that tell of them, in the order of the inputs. */
const options = { bias: "biased", mask: "masked", factor: "weighted", bits: "dropped" } as const;
/** What stands for an input that is not there: kernels have all of them. */
const absent = {
  bias: () => constant(0),
  mask: () => constant(1, "bool"),
  factor: () => constant(1),
  bits: () => constant(0, "uint32"),
} as const;
/** Inputs of the forward operation. */
export const numInputs = 7;
export const biasInput = 3;

const optionNames = Object.keys(options) as readonly (keyof typeof options)[];

export function packInputs(inputs: AttentionInputs): Node[] {
  const optional = optionNames.map((name) => inputs[name] ?? absent[name]());
  return [inputs.q, inputs.k, inputs.v, ...optional];
}

export function attentionAttrs(inputs: AttentionInputs, settings: AttentionSettings): Attrs {
  const { scale, causal, rate = 0, emptyZero = false } = settings;
  const given = optionNames.map((name) => [options[name], Boolean(inputs[name])] as const);
  return { scale, causal, rate, emptyZero, ...Object.fromEntries(given) };
}

export function unpackInputs(inputs: readonly Node[], attrs: Attrs): AttentionParts {
  const [q, k, v] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  const [bias, mask, factor, bits] = optionNames.map((name, i) =>
    attrs[options[name]] ? at(inputs, biasInput + i) : null,
  ) as [Node | null, Node | null, Node | null, Node | null];
  return { q, k, v, bias, mask, factor, bits, rest: inputs.slice(numInputs) };
}

export const settingsOf = (attrs: Attrs): Required<AttentionSettings> =>
  attrs as unknown as Required<AttentionSettings>;

export interface Extents {
  readonly batch: number;
  readonly time: number;
  readonly source: number;
  readonly heads: number;
  readonly kvHeads: number;
}

export function extentsOf({ q, k }: AttentionInputs): Extents {
  const [batch, time, heads] = q.shape as unknown as [number, number, number];
  return { batch, time, heads, source: at(k.shape, 1), kvHeads: at(k.shape, 2) };
}

/** The extents of what broadcasts to [batch, heads, time, source] along these axes. */
export const pairShape = ({ shape }: Node): [number, number, number, number] =>
  [...[1, 1, 1, 1].slice(shape.length), ...shape] as [number, number, number, number];

/** [batch, length, heads, depth] as [batch, kvHeads, heads / kvHeads, length, depth]: groups of heads share keys and values by broadcasting. */
export function grouped(x: Node, kvHeads: number): Node {
  const [batch, length, heads, depth] = x.shape as unknown as [number, number, number, number];
  return transpose(reshape(x, [batch, length, kvHeads, heads / kvHeads, depth]), [0, 2, 3, 1, 4]);
}

/** The way back of `grouped`. */
export function ungrouped(x: Node): Node {
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
  const [batch, own, time, source] = pairShape(x);
  return reshape(x, [batch, own === 1 ? 1 : kvHeads, own === 1 ? 1 : heads / kvHeads, time, source]);
}

/** Which scores count, by mask and order; null: all. */
export function allowedOf(parts: AttentionParts, { causal }: AttentionSettings): Node | null {
  const extents = extentsOf(parts);
  const { time, source } = extents;
  const given = parts.mask ? groupedScores(parts.mask, extents) : null;
  if (!causal) return given;
  const isBefore = greaterEqual(iota([time, 1], 0, "int32"), iota([1, source], 1, "int32"));
  return given ? and(given, isBefore) : isBefore;
}

/** Scaled, biased and masked q k of every head: [batch, kvHeads, group, time, source]. */
export function scoresOf(parts: AttentionParts, settings: AttentionSettings): Node {
  const { q, k, bias } = parts;
  const extents = extentsOf(parts);
  const { kvHeads } = extents;
  const product = times(
    matmul(grouped(q, kvHeads), grouped(k, kvHeads), { transposeB: true }),
    settings.scale,
  );
  const biased = bias ? add(product, groupedScores(bias, extents)) : product;
  const allowed = allowedOf(parts, settings);
  return allowed ? where(allowed, biased, constant(maskedScore)) : biased;
}

/** x 0 where a query without any position is to have zeros. */
export function withoutEmpty(x: Node, parts: AttentionParts, settings: AttentionSettings): Node {
  const allowed = settings.emptyZero && parts.mask ? allowedOf(parts, settings) : null;
  return allowed ? where(allowed, x, constant(0)) : x;
}

/** Probabilities, or their cotangents, times the factors and those of dropout: 0 or 1 / (1 - rate). */
export function weighted(x: Node, parts: AttentionParts, { rate = 0 }: AttentionSettings): Node {
  const { factor, bits } = parts;
  const extents = extentsOf(parts);
  const product = factor ? mul(x, groupedScores(factor, extents)) : x;
  if (!bits) return product;
  const kept = number(keptShare(rate));
  const isKept = less(unitOfBits(groupedScores(bits, extents)), kept);
  return where(isKept, div(product, kept), constant(0));
}

/** The share that dropout keeps, as it computes with it. */
export const keptShare = (rate: number): number => Math.fround(1 - rate);
