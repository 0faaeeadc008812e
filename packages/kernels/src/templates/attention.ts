/** @file Attention without stored scores, forward and backward. */
import type { Template, TemplateArray, TemplateRun } from "../ir/kernel.ts";
import { attentionBackward, attentionForward } from "../shaders.ts";

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

/** Constants, param words and workgroups of a call. */
export interface AttentionLaunch {
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly params: readonly number[];
  readonly workgroups: number;
  readonly workgroupSize: number;
}

const threads = 64;

const bitsOf = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0] as number;
const numberOf = (bits: number): number => new Float32Array(Int32Array.of(bits).buffer)[0] as number;

/** How the template of this direction is called. */
export function attentionLaunch(
  direction: "forward" | "backward",
  extents: AttentionExtents,
  scale: number,
  causal: boolean,
): AttentionLaunch {
  const { batch, time, source, heads, kvHeads, depth, valueDepth } = extents;
  const [blocks, keyBlocks] = [Math.ceil(time / threads), Math.ceil(source / threads)];
  const [queries, keys] = [batch * heads * blocks, batch * kvHeads * keyBlocks];
  const shared = [time, source, heads, kvHeads, blocks, bitsOf(scale)];
  return {
    constants: { DEPTH: depth, VALUE_DEPTH: valueDepth, CAUSAL: causal, THREADS: threads },
    params: direction === "forward" ? shared : [...shared, queries, keyBlocks],
    workgroups: direction === "forward" ? queries : queries + keys,
    workgroupSize: threads,
  };
}

/** Visits each pair of a query and a key that it attends to, with their offsets in q or g and k or v, and the row of lse. */
function eachPair(
  { params, constants, inputs }: TemplateRun,
  visit: (query: number, key: number, row: number, isLast: boolean) => void,
): void {
  const [time = 0, source = 0, heads = 0, kvHeads = 0] = params;
  const rows = (inputs[0] as TemplateArray).length / (constants.DEPTH as number);
  for (let query = 0; query < rows; query++) {
    const head = query % heads;
    const step = Math.floor(query / heads) % time;
    const batch = Math.floor(query / heads / time);
    const end = constants.CAUSAL ? Math.min(source, step + 1) : source;
    for (let key = 0; key < end; key++) {
      const at = (batch * source + key) * kvHeads + Math.floor(head / (heads / kvHeads));
      visit(query, at, (batch * heads + head) * time + step, key === end - 1);
    }
  }
}

/** Product of row `i` of a and row `j` of b, both `width` long. */
function dot(a: TemplateArray, i: number, b: TemplateArray, j: number, width: number): number {
  let sum = 0;
  for (let c = 0; c < width; c++) sum += (a[i * width + c] as number) * (b[j * width + c] as number);
  return sum;
}

/** Row `i` of `to` plus `factor` times row `j` of `from`. */
function addRow(
  to: TemplateArray,
  i: number,
  from: TemplateArray,
  j: number,
  width: number,
  factor: number,
): void {
  for (let c = 0; c < width; c++)
    to[i * width + c] = (to[i * width + c] as number) + factor * (from[j * width + c] as number);
}

function runForward(run: TemplateRun): void {
  const [q, k, v] = run.inputs as [TemplateArray, TemplateArray, TemplateArray];
  const [o, lse] = run.outputs as [TemplateArray, TemplateArray];
  const { DEPTH: depth, VALUE_DEPTH: width } = run.constants as { DEPTH: number; VALUE_DEPTH: number };
  const scale = numberOf(run.params[5] as number);
  let scores: number[] = [];
  let keys: number[] = [];
  eachPair(run, (query, key, row, isLast) => {
    scores.push(scale * dot(q, query, k, key, depth));
    keys.push(key);
    if (!isLast) return;
    const top = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - top));
    const total = powers.reduce((a, b) => a + b, 0);
    o.fill(0, query * width, (query + 1) * width);
    for (const [i, power] of powers.entries()) addRow(o, query, v, keys[i] as number, width, power / total);
    lse[row] = top + Math.log(total);
    [scores, keys] = [[], []];
  });
}

function runBackward(run: TemplateRun): void {
  const [q, k, v, lse, delta, g] = run.inputs as readonly TemplateArray[] as [
    TemplateArray,
    TemplateArray,
    TemplateArray,
    TemplateArray,
    TemplateArray,
    TemplateArray,
  ];
  const [dq, dk, dv] = run.outputs as [TemplateArray, TemplateArray, TemplateArray];
  const { DEPTH: depth, VALUE_DEPTH: width } = run.constants as { DEPTH: number; VALUE_DEPTH: number };
  const scale = numberOf(run.params[5] as number);
  for (const output of run.outputs) output.fill(0);
  eachPair(run, (query, key, row) => {
    const power = Math.exp(scale * dot(q, query, k, key, depth) - (lse[row] as number));
    const slope = scale * power * (dot(g, query, v, key, width) - (delta[row] as number));
    addRow(dq, query, k, key, depth, slope);
    addRow(dk, key, q, query, depth, slope);
    addRow(dv, key, g, query, width, power);
  });
}

const operand = (name: string) => ({ name, dtype: "float32", lanes: 1 }) as const;

/** Inputs q, k, v; outputs o [batch, time, heads, valueDepth] and lse [batch, heads, time]. Depths are multiples of 4. */
export const attentionForwardTemplate: Template = {
  name: "attentionForward",
  wgsl: attentionForward,
  inputs: ["q", "k", "v"].map(operand),
  outputs: ["o", "lse"].map(operand),
  cpu: runForward,
};

/** Inputs q, k, v, lse, delta [batch, heads, time] and g, the cotangent of o; outputs their cotangents dq, dk, dv. */
export const attentionBackwardTemplate: Template = {
  name: "attentionBackward",
  wgsl: attentionBackward,
  inputs: ["q", "k", "v", "lse", "delta", "g"].map(operand),
  outputs: ["dq", "dk", "dv"].map(operand),
  cpu: runBackward,
};
