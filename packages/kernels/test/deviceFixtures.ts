/** @file Hand-written kernels and small plans for tests of devices, which need no code generator. */
import type { Binding, LoopKernel } from "../src/ir/kernel.ts";
import type { Call, Plan, PlanBuffer } from "../src/ir/plan.ts";
import type { EmitWgsl } from "../src/program/pipelines.ts";

const main =
  "@compute @workgroup_size(64) fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) local: u32)";
const index = "let i = (wid.x + wid.y * count.x) * 64u + local; if (i >= params[0].x) { return; }";
const params = (binding: number): string =>
  `@group(0) @binding(${binding}) var<uniform> params: array<vec4u, 1>;`;
const input = (binding: number): string =>
  `@group(0) @binding(${binding}) var<storage, read> x${binding}: array<f32>;`;
const output = (binding: number): string =>
  `@group(0) @binding(${binding}) var<storage, read_write> y: array<f32>;`;

/** WGSL by kernel label. Params: word 0 the number of elements, word 1 a float32. */
const sources: Readonly<Record<string, string>> = {
  /** y = x + params[1] */
  addScalar: `${input(0)}${output(1)}${params(2)}${main} { ${index} y[i] = x0[i] + bitcast<f32>(params[0].y); }`,
  /** y = x0 + x1 */
  add: `${input(0)}${input(1)}${output(2)}${params(3)}${main} { ${index} y[i] = x0[i] + x1[i]; }`,
  /** y = 2 y */
  double: `${output(0)}${params(1)}${main} { ${index} y[i] = y[i] * 2.0; }`,
  /** y = i, over more workgroups than one dimension holds */
  iota: `${output(0)}${params(1)}${main} { ${index} y[i] = f32(i); }`,
  /** y = 7 without params */
  seven: `${output(0)}${main} { y[local] = 7.0; }`,
  broken: `${output(0)}${params(1)}${main} { ${index} y[i] = notThere; }`,
};

export const emit: EmitWgsl = ({ label }) => ({ code: sources[label]!, label });

/** A kernel as far as devices look at it. */
export function kernel(label: string, access: readonly Binding["access"][], numParams = 2): LoopKernel {
  return {
    form: "loop",
    label,
    rows: 1,
    cols: 0,
    schedule: "flat",
    workgroupSize: 64,
    lanes: 1,
    laneAxis: 0,
    bindings: access.map((each) => ({ dtype: "float32", access: each, vector: false })),
    numParams,
    stages: [],
    body: { code: [], stores: [] },
  };
}

const accesses: Readonly<Record<string, readonly Binding["access"][]>> = {
  addScalar: ["read", "read_write"],
  add: ["read", "read", "read_write"],
  double: ["read_write"],
  iota: ["read_write"],
  seven: ["read_write"],
  broken: ["read_write"],
};

/**
 * A call of a fixture kernel on `length` elements; `buffers` are plan buffers, bound whole. `scalar` fills
 * params[1].
 */
export function call(
  label: string,
  buffers: readonly number[],
  length: number,
  extra: Partial<Call> & { value?: number; scalar?: number } = {},
): Call {
  const { value = 0, scalar, ...rest } = extra;
  const numParams = label === "seven" ? 0 : 2;
  const words = new Uint32Array([length, new Uint32Array(new Float32Array([value]).buffer)[0]!]);
  return {
    kind: "call",
    kernel: kernel(label, accesses[label] ?? [], numParams),
    key: label,
    bindings: buffers.map((buffer) => ({ buffer, offset: 0, bytes: length * 4 })),
    params: words.slice(0, numParams),
    workgroups: Math.ceil(length / 64),
    scalars: scalar === undefined ? [] : [{ word: 1, scalar }],
    ...rest,
  };
}

export function external(index: number, length: number): PlanBuffer {
  return { kind: "external", index, bytes: length * 4 };
}

export function slot(number: number, length: number): PlanBuffer {
  return { kind: "slot", slot: number, bytes: length * 4 };
}

/** A plan with the counts derived from its parts. */
export function plan(parts: Pick<Plan, "buffers" | "steps"> & Partial<Plan>): Plan {
  const { buffers, steps, copies = [] } = parts;
  const externals = buffers.flatMap((buffer) => (buffer.kind === "external" ? [buffer.index + 1] : []));
  const results = copies.flatMap(({ to }) => ("result" in to ? [to.result + 1] : []));
  const scalars = steps.flatMap((step) =>
    step.kind === "call" ? step.scalars.map(({ scalar }) => scalar + 1) : [],
  );
  return {
    label: "test",
    copies,
    numExternals: Math.max(0, ...externals),
    numResults: Math.max(0, ...results),
    numScalars: Math.max(0, ...scalars),
    slotBytes: 0,
    ...parts,
  };
}

/**
 * result 0 = (x + scalar 0) doubled + x, for externals [x]: two slots, three kernels and a scalar. `length`
 * elements, slots from `firstSlot`.
 */
export function chainPlan(length: number, firstSlot = 0): Plan {
  return plan({
    label: `chain ${length}`,
    buffers: [external(0, length), slot(firstSlot, length), slot(firstSlot + 1, length)],
    steps: [
      call("addScalar", [0, 1], length, { scalar: 0 }),
      call("double", [1], length),
      call("add", [0, 1, 2], length),
    ],
    copies: [{ from: 2, fromOffset: 0, to: { result: 0, offset: 0 }, bytes: length * 4 }],
  });
}

export function floats(...values: readonly number[]): Float32Array<ArrayBuffer> {
  return new Float32Array(values);
}

/** The bits of float32 scalars, as `run` takes them. */
export function scalarBits(...values: readonly number[]): Uint32Array {
  return new Uint32Array(floats(...values).buffer);
}
