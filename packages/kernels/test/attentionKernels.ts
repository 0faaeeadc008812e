/** @file Attention templates for the tests, with a float64 reference. */
import type { Instr, Template, TemplateKernel } from "../src/ir/kernel.ts";
import {
  type AttentionExtents,
  type AttentionRules,
  attentionBiasTemplate,
  attentionByBias,
  attentionByKeys,
  attentionByQueries,
  attentionForwardTemplate,
  attentionGradientTemplate,
  attentionKeysTemplate,
  attentionQueriesTemplate,
  type PairAxes,
} from "../src/templates/attention.ts";
import { binding } from "./cpuReference.ts";

export interface AttentionCase extends AttentionExtents {
  readonly causal: boolean;
  /** Extents along [batch, heads, time, source] of the operands that there are: 1 where one serves all. */
  readonly bias?: PairAxes;
  readonly mask?: PairAxes;
  readonly factor?: PairAxes;
  readonly kept?: number;
  readonly emptyZero?: boolean;
}

const base = { batch: 2, heads: 2, kvHeads: 2, depth: 8, valueDepth: 8 };
const short = { ...base, time: 19, source: 21, causal: false };
export const attentionCases: readonly AttentionCase[] = [
  { ...base, time: 1, source: 1, causal: false },
  { ...base, time: 70, source: 35, causal: false },
  { ...base, time: 33, source: 130, causal: false, valueDepth: 12 },
  { ...base, time: 130, source: 130, causal: true, depth: 16 },
  { ...base, time: 40, source: 40, causal: true, heads: 6 },
  { ...base, batch: 1, time: 20, source: 70, causal: true, heads: 4, kvHeads: 1, depth: 64, valueDepth: 64 },
  { ...short, mask: [2, 1, 1, 21], kept: 0.75 },
  { ...short, bias: [1, 2, 19, 21], mask: [2, 2, 19, 21] },
  { ...short, bias: [2, 1, 1, 21], factor: [1, 2, 19, 1] },
  { ...short, bias: [1, 1, 1, 1], causal: true, heads: 4, mask: [1, 4, 19, 21], kept: 0.5, emptyZero: true },
  { ...short, time: 70, causal: true, mask: [2, 1, 70, 21], bias: [1, 2, 70, 1], kept: 0.9 },
];

/** The case in words. */
export function attentionTitle(spec: AttentionCase): string {
  const { time, source, causal, heads, kvHeads, bias, mask, factor, kept, emptyZero } = spec;
  const axes = Object.entries({ bias, mask, factor }).flatMap(([name, extents]) =>
    extents ? [`${name} ${extents.join("x")}`] : [],
  );
  const all = [...axes, ...(kept ? [`dropout ${1 - kept}`] : []), ...(emptyZero ? ["empty rows zero"] : [])];
  return [`${time} to ${source}`, `causal ${causal}`, `${heads} of ${kvHeads} heads`, ...all].join(", ");
}

export const kinds = ["forward", "queries", "keys", "bias"] as const;
/** With all cotangents at once, which no shader computes. */
export const cpuKinds = [...kinds, "gradient"] as const;
export type AttentionKind = (typeof cpuKinds)[number];

const templates: Record<AttentionKind, Template> = {
  forward: attentionForwardTemplate,
  queries: attentionQueriesTemplate,
  keys: attentionKeysTemplate,
  bias: attentionBiasTemplate,
  gradient: attentionGradientTemplate(false),
};

const templateOf = (kind: AttentionKind, { bias }: AttentionCase): Template =>
  kind === "gradient" && bias ? attentionGradientTemplate(true) : templates[kind];

export const scale = 0.35;

const stridesOf = (extents: PairAxes | undefined): PairAxes | null => {
  if (!extents) return null;
  const [, h, t, s] = extents;
  const strides = [h * t * s, t * s, s, 1];
  return extents.map((extent, i) => (extent === 1 ? 0 : strides[i])) as unknown as PairAxes;
};

function rulesOf({ causal, bias, mask, factor, kept = 0, emptyZero = false }: AttentionCase): AttentionRules {
  const [ofBias, ofMask, ofFactor] = [bias, mask, factor].map(stridesOf);
  return {
    scale,
    causal,
    kept: kept || null,
    emptyZero,
    bias: ofBias ?? null,
    mask: ofMask ?? null,
    factor: ofFactor ?? null,
  };
}

function launchOf(kind: AttentionKind, spec: AttentionCase) {
  if (kind === "bias" || kind === "gradient")
    return attentionByBias(spec, rulesOf(spec), spec.bias ?? [1, 1, 1, 1]);
  return (kind === "keys" ? attentionByKeys : attentionByQueries)(spec, rulesOf(spec));
}

/** Reads binding `i` at the position. */
const loadCode = (i: number, dtype: Instr["dtype"]): Instr[] => [
  { op: "axis", dtype: "int32", args: [], value: 0 },
  { op: "load", dtype, args: [0], value: i },
];

/** The random bits of the tests, computed where they are read. */
const bitsFactor = 2654435761;
const bitsAt = (i: number): number => Math.imul(i + 77, bitsFactor) >>> 0;
const bitsCode: readonly Instr[] = [
  { op: "axis", dtype: "int32", args: [], value: 0 },
  { op: "cast", dtype: "uint32", args: [0] },
  { op: "const", dtype: "uint32", args: [], value: 77 },
  { op: "add", dtype: "uint32", args: [1, 2] },
  { op: "const", dtype: "uint32", args: [], value: bitsFactor },
  { op: "mul", dtype: "uint32", args: [3, 4] },
];

/** Whether an operand is in memory; the others are code: a device has few bindings. */
const isStored = (name: string, spec: AttentionCase): boolean =>
  name !== "bits" && (!["bias", "mask", "factor"].includes(name) || spec[name as "bias"] !== undefined);

function inputCode(
  { name, dtype }: Template["inputs"][number],
  place: number,
  spec: AttentionCase,
): readonly Instr[] {
  if (isStored(name, spec)) return loadCode(place, dtype);
  return name === "bits" && spec.kept ? bitsCode : [{ op: "const", dtype, args: [], value: 1 }];
}

export function attentionKernel(kind: AttentionKind, spec: AttentionCase) {
  const template = templateOf(kind, spec);
  const launch = launchOf(kind, spec);
  const own = launch.params.length;
  const stored = template.inputs.filter(({ name }) => isStored(name, spec));
  const inputs = template.inputs.map((operand, i) => {
    const code = inputCode(operand, stored.indexOf(operand), spec);
    return { code, value: code.length - 1, vector: false, size: own + i };
  });
  const kernel: TemplateKernel = {
    form: "template",
    label: template.name,
    template,
    constants: launch.constants,
    workgroupSize: launch.workgroupSize,
    inputs,
    outputs: template.outputs.map((_, i) => ({
      binding: stored.length + i,
      offset: null,
      vector: false,
      size: own + inputs.length + i,
    })),
    bindings: [
      ...stored.map(({ dtype }) => binding(dtype, "read")),
      ...template.outputs.map(() => binding("float32", "read_write")),
    ],
    numOwnParams: own,
    numParams: own + inputs.length + template.outputs.length,
  };
  return { kernel, launch };
}

/** Words of a simple generator. */
function randomWords(size: number, seed: number): Uint32Array {
  let state = (seed * 2654435761) >>> 0;
  return Uint32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  });
}

/** Numbers in [-1, 1). */
const numbers = (size: number, seed: number): Float32Array =>
  Float32Array.from(randomWords(size, seed), (word) => (word >>> 8) / 2 ** 23 - 1);

const sizeOf = (extents: PairAxes | undefined): number => (extents ?? [1]).reduce((a, b) => a * b, 1);
const at = (x: ArrayLike<number>, i: number): number => x[i] as number;

/** Operands and results of all kernels, in double precision where they are computed. */
export function attentionReference(spec: AttentionCase) {
  const { batch, time, source, heads, kvHeads, depth, valueDepth, causal } = spec;
  const { kept, emptyZero } = spec;
  const q = numbers(batch * time * heads * depth, 1);
  const k = numbers(batch * source * kvHeads * depth, 2);
  const v = numbers(batch * source * kvHeads * valueDepth, 3);
  const g = numbers(batch * time * heads * valueDepth, 4);
  const bias = numbers(sizeOf(spec.bias), 5);
  const mask = Uint32Array.from(randomWords(sizeOf(spec.mask), 6), (word) => Number(word >>> 24 > 99));
  const factor = numbers(sizeOf(spec.factor), 7);
  // A query whose keys are all masked.
  if (spec.mask && spec.mask[2] > 1) mask.fill(0, 2 * spec.mask[3], 3 * spec.mask[3]);
  const o = new Float64Array(g.length);
  const [lse, delta] = [new Float64Array(batch * heads * time), new Float64Array(batch * heads * time)];
  const [dq, dk, dv] = [new Float64Array(q.length), new Float64Array(k.length), new Float64Array(v.length)];
  const dbias = new Float64Array(bias.length);
  const product = (x: Float32Array, i: number, y: Float32Array, j: number, width: number) => {
    let sum = 0;
    for (let c = 0; c < width; c++) sum += at(x, i * width + c) * at(y, j * width + c);
    return sum;
  };
  const add = (x: Float64Array, i: number, y: Float32Array, j: number, width: number, by: number) => {
    for (let c = 0; c < width; c++) x[i * width + c] = at(x, i * width + c) + by * at(y, j * width + c);
  };
  for (let b = 0; b < batch; b++)
    for (let t = 0; t < time; t++)
      for (let h = 0; h < heads; h++) {
        const query = (b * time + t) * heads + h;
        const row = (b * heads + h) * time + t;
        const keyAt = (s: number) => (b * source + s) * kvHeads + Math.floor((h * kvHeads) / heads);
        const place = (extents: PairAxes | undefined, s: number) =>
          (stridesOf(extents) ?? [0, 0, 0, 0]).reduce(
            (sum, stride, i) => sum + stride * ([b, h, t, s][i] as number),
            0,
          );
        const all = Array.from({ length: source }, (_, s) => s);
        const counts = (s: number) =>
          (!causal || s <= t) && (!spec.mask || at(mask, place(spec.mask, s)) === 1);
        const allowed = all.filter(counts);
        const scores = allowed.map(
          (s) =>
            Math.fround(scale) * product(q, query, k, keyAt(s), depth) +
            (spec.bias ? at(bias, place(spec.bias, s)) : 0),
        );
        const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
        const isEmpty = allowed.length === 0;
        lse[row] = isEmpty ? Math.fround(3e38) : Math.log(total);
        const powers = isEmpty
          ? all.map(() => (emptyZero ? 0 : 1 / source))
          : scores.map((score) => Math.exp(score) / total);
        const weights = (isEmpty ? all : allowed).map((s) => {
          const own = spec.factor ? at(factor, place(spec.factor, s)) : 1;
          if (!kept) return own;
          return (bitsAt(row * source + s) >>> 9) / 2 ** 23 < Math.fround(kept) ? own / kept : 0;
        });
        for (const [i, s] of (isEmpty ? all : allowed).entries()) {
          const power = at(powers, i) * at(weights, i);
          add(o, query, v, keyAt(s), valueDepth, power);
          add(dv, keyAt(s), g, query, valueDepth, power);
        }
        for (let c = 0; c < valueDepth; c++)
          delta[row] = at(delta, row) + at(g, query * valueDepth + c) * at(o, query * valueDepth + c);
        for (const [i, s] of allowed.entries()) {
          const toPower = product(g, query, v, keyAt(s), valueDepth) * at(weights, i);
          const slope = at(powers, i) * (toPower - at(delta, row));
          add(dq, query, k, keyAt(s), depth, Math.fround(scale) * slope);
          add(dk, keyAt(s), q, query, depth, Math.fround(scale) * slope);
          dbias[place(spec.bias, s)] = at(dbias, place(spec.bias, s)) + slope;
        }
      }
  return {
    operands: { q, k, v, bias, mask, factor },
    bitsSize: kept ? batch * heads * time * source : 1,
    g,
    o,
    lse,
    delta,
    dq,
    dk,
    dv,
    dbias,
  };
}

/** Buffers of a call (the inputs in memory, then outputs filled with something else than the results) and the sizes of all operands. */
export function attentionData(
  kind: AttentionKind,
  spec: AttentionCase,
  reference: ReturnType<typeof attentionReference>,
) {
  const { operands, g, o, lse, delta, dq, dk, dv, dbias, bitsSize } = reference;
  const backward = { lse: Float32Array.from(lse), delta: Float32Array.from(delta), g };
  const given = Object.entries(kind === "forward" ? operands : { ...operands, ...backward });
  const inputs = given.flatMap(([name, values]) => (isStored(name, spec) ? [values] : []));
  const gradient = [dq, dk, dv, ...(spec.bias ? [dbias] : [])];
  const wanted = { forward: [o, lse], queries: [dq], keys: [dk, dv], bias: [dbias], gradient }[kind];
  const sizes = [...Object.values(operands).map(({ length }) => length), bitsSize];
  const later = kind === "forward" ? [] : Object.values(backward).map(({ length }) => length);
  return {
    data: [...inputs, ...wanted.map((x) => new Float32Array(x.length).fill(7))],
    sizes: [...sizes, ...later, ...wanted.map(({ length }) => length)],
    wanted,
    first: inputs.length,
  };
}

/** Largest difference, relative to 1. */
export function worst(found: ArrayLike<number>, wanted: Float64Array): number {
  return wanted.reduce(
    (most, value, i) => Math.max(most, Math.abs((found[i] as number) - value) / Math.max(1, Math.abs(value))),
    0,
  );
}
