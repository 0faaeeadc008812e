/** @file Attention templates for the tests, with a float64 reference. */
import type { Instr, TemplateKernel } from "../src/ir/kernel.ts";
import {
  type AttentionExtents,
  attentionBackwardTemplate,
  attentionForwardTemplate,
  attentionLaunch,
} from "../src/templates/attention.ts";
import { binding } from "./cpuReference.ts";

export interface AttentionCase extends AttentionExtents {
  readonly causal: boolean;
}

const base = { batch: 2, heads: 2, kvHeads: 2, depth: 8, valueDepth: 8 };
export const attentionCases: readonly AttentionCase[] = [
  { ...base, time: 1, source: 1, causal: false },
  { ...base, time: 70, source: 35, causal: false },
  { ...base, time: 33, source: 130, causal: false, valueDepth: 12 },
  { ...base, time: 130, source: 130, causal: true, depth: 16 },
  { ...base, time: 40, source: 40, causal: true, heads: 6 },
  { ...base, batch: 1, time: 20, source: 70, causal: true, heads: 4, kvHeads: 1, depth: 64, valueDepth: 64 },
];

export const scale = 0.35;

/** Reads binding `i` at the position. */
const plainCode = (i: number): Instr[] => [
  { op: "axis", dtype: "int32", args: [], value: 0 },
  { op: "load", dtype: "float32", args: [0], value: i },
];

export function attentionKernel(direction: "forward" | "backward", spec: AttentionCase) {
  const template = direction === "forward" ? attentionForwardTemplate : attentionBackwardTemplate;
  const launch = attentionLaunch(direction, spec, scale, spec.causal);
  const [numInputs, numOutputs] = [template.inputs.length, template.outputs.length];
  const own = launch.params.length;
  const kernel: TemplateKernel = {
    form: "template",
    label: template.name,
    template,
    constants: launch.constants,
    workgroupSize: launch.workgroupSize,
    inputs: template.inputs.map((_, i) => ({ code: plainCode(i), value: 1, vector: false, size: own + i })),
    outputs: template.outputs.map((_, i) => ({
      binding: numInputs + i,
      offset: null,
      vector: false,
      size: own + numInputs + i,
    })),
    bindings: [
      ...template.inputs.map(() => binding("float32", "read")),
      ...template.outputs.map(() => binding("float32", "read_write")),
    ],
    numOwnParams: own,
    numParams: own + numInputs + numOutputs,
  };
  return { kernel, launch };
}

/** Numbers in [-1, 1). */
function numbers(size: number, seed: number): Float32Array {
  let state = (seed * 2654435761) >>> 0;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  });
}

/** Operands and results of both directions, in double precision where they are computed. */
export function attentionReference(spec: AttentionCase) {
  const { batch, time, source, heads, kvHeads, depth, valueDepth, causal } = spec;
  const q = numbers(batch * time * heads * depth, 1);
  const k = numbers(batch * source * kvHeads * depth, 2);
  const v = numbers(batch * source * kvHeads * valueDepth, 3);
  const g = numbers(batch * time * heads * valueDepth, 4);
  const o = new Float64Array(g.length);
  const [lse, delta] = [new Float64Array(batch * heads * time), new Float64Array(batch * heads * time)];
  const [dq, dk, dv] = [new Float64Array(q.length), new Float64Array(k.length), new Float64Array(v.length)];
  const at = (x: Float32Array | Float64Array, i: number) => x[i] as number;
  for (let b = 0; b < batch; b++)
    for (let t = 0; t < time; t++)
      for (let h = 0; h < heads; h++) {
        const query = (b * time + t) * heads + h;
        const keys = Array.from(
          { length: causal ? Math.min(source, t + 1) : source },
          (_, s) => (b * source + s) * kvHeads + Math.floor((h * kvHeads) / heads),
        );
        const product = (x: Float32Array, i: number, y: Float32Array, j: number, width: number) => {
          let sum = 0;
          for (let c = 0; c < width; c++) sum += at(x, i * width + c) * at(y, j * width + c);
          return sum;
        };
        const scores = keys.map((key) => Math.fround(scale) * product(q, query, k, key, depth));
        const row = (b * heads + h) * time + t;
        const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
        lse[row] = Math.log(total);
        const powers = scores.map((score) => Math.exp(score) / total);
        for (const [i, key] of keys.entries())
          for (let c = 0; c < valueDepth; c++)
            o[query * valueDepth + c] =
              at(o, query * valueDepth + c) + (powers[i] as number) * at(v, key * valueDepth + c);
        for (let c = 0; c < valueDepth; c++)
          delta[row] = at(delta, row) + at(g, query * valueDepth + c) * at(o, query * valueDepth + c);
        for (const [i, key] of keys.entries()) {
          const power = powers[i] as number;
          const slope = Math.fround(scale) * power * (product(g, query, v, key, valueDepth) - at(delta, row));
          for (let c = 0; c < depth; c++) {
            dq[query * depth + c] = at(dq, query * depth + c) + slope * at(k, key * depth + c);
            dk[key * depth + c] = at(dk, key * depth + c) + slope * at(q, query * depth + c);
          }
          for (let c = 0; c < valueDepth; c++)
            dv[key * valueDepth + c] = at(dv, key * valueDepth + c) + power * at(g, query * valueDepth + c);
        }
      }
  return { q, k, v, g, o, lse, delta, dq, dk, dv };
}

/** Buffers of a call: inputs, then outputs filled with something else than the results. */
export function attentionData(
  direction: "forward" | "backward",
  reference: ReturnType<typeof attentionReference>,
) {
  const { q, k, v, g, o, lse, delta, dq, dk, dv } = reference;
  const inputs =
    direction === "forward" ? [q, k, v] : [q, k, v, Float32Array.from(lse), Float32Array.from(delta), g];
  const wanted = direction === "forward" ? [o, lse] : [dq, dk, dv];
  return {
    data: [...inputs, ...wanted.map((x) => new Float32Array(x.length).fill(7))],
    wanted,
    first: inputs.length,
  };
}

/** The words of a call: the template's own, then the operands' sizes. */
export const attentionWords = (params: readonly number[], data: readonly Float32Array[]): number[] => [
  ...params,
  ...data.map(({ length }) => length),
];

/** Largest difference, relative to 1. */
export function worst(found: ArrayLike<number>, wanted: Float64Array): number {
  return wanted.reduce(
    (most, value, i) => Math.max(most, Math.abs((found[i] as number) - value) / Math.max(1, Math.abs(value))),
    0,
  );
}
