/** @file Builders of kernels for the tests of the cpu backend, and a run of one kernel on its device. */
import { type CpuOptions, openCpu } from "../src/cpu/device.ts";
import type { Device } from "../src/ir/device.ts";
import type { Binding, Body, Dtype, Instr, Kernel, LoopKernel, Stage, Store } from "../src/ir/kernel.ts";
import type { Plan } from "../src/ir/plan.ts";

export type Words = Float32Array | Int32Array | Uint32Array | Uint8Array | Int8Array;

/** Collects scalar code; every method returns the id of the step it adds. */
export class Code {
  readonly code: Instr[] = [];
  readonly stores: Store[] = [];

  op(op: string, dtype: Dtype, ...args: number[]): number {
    return this.code.push({ op, dtype, args }) - 1;
  }
  const(value: number, dtype: Dtype = "int32"): number {
    return this.code.push({ op: "const", dtype, args: [], value }) - 1;
  }
  param(value: number, dtype: Dtype = "int32"): number {
    return this.code.push({ op: "param", dtype, args: [], value }) - 1;
  }
  axis(value: number): number {
    return this.code.push({ op: "axis", dtype: "int32", args: [], value }) - 1;
  }
  stage(value: number, dtype: Dtype = "float32"): number {
    return this.code.push({ op: "stage", dtype, args: [], value }) - 1;
  }
  acc(): number {
    return this.code.push({ op: "acc", dtype: "float32", args: [] }) - 1;
  }
  load(value: number, index: number, dtype: Dtype = "float32", vector = false): number {
    return (
      this.code.push({
        op: "load",
        dtype,
        args: [index],
        value,
        ...(vector ? { access: "vector" as const } : {}),
      }) - 1
    );
  }
  add(a: number, b: number): number {
    return this.op("add", this.code[a]!.dtype, a, b);
  }
  mul(a: number, b: number): number {
    return this.op("mul", this.code[a]!.dtype, a, b);
  }
  /** sum of axis * param word: `terms` are [axis, word]. */
  index(...terms: (readonly [number, number])[]): number {
    const parts = terms.map(([axis, word]) => this.mul(this.axis(axis), this.param(word)));
    return parts.length === 0 ? this.const(0) : parts.reduce((a, b) => this.add(a, b));
  }
  store(
    binding: number,
    index: number,
    value: number,
    level: "row" | "full" = "full",
    op: "set" | "or" = "set",
  ): void {
    this.stores.push({ op, binding, index, value, level });
  }
  get body(): Body {
    return { code: this.code, stores: this.stores };
  }
}

export function binding(dtype: Dtype = "float32", access: Binding["access"] = "read"): Binding {
  return { dtype, access, vector: false };
}

export function loopKernel(
  code: Code,
  fields: Partial<LoopKernel> & Pick<LoopKernel, "rows" | "bindings">,
): LoopKernel {
  return {
    form: "loop",
    label: "test",
    cols: 0,
    schedule: "flat",
    workgroupSize: 64,
    lanes: 1,
    laneAxis: 0,
    numParams: 16,
    stages: [] as Stage[],
    body: code.body,
    ...fields,
  };
}

/** Param words; floats as `bits(x)`. */
export function words(kernel: Kernel, ...values: number[]): Uint32Array {
  const params = new Uint32Array(kernel.numParams);
  params.set(values);
  return params;
}

export function bits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}

/** A plan of one call whose bindings are externals, one each. */
export function planOf(kernel: Kernel, params: Uint32Array, arrays: readonly Words[]): Plan {
  return {
    label: "test",
    buffers: arrays.map((array, index) => ({ kind: "external", index, bytes: array.byteLength })),
    steps: [
      {
        kind: "call",
        kernel,
        key: JSON.stringify(kernel),
        bindings: arrays.map((array, buffer) => ({ buffer, offset: 0, bytes: array.byteLength })),
        params,
        workgroups: 1,
        scalars: [],
      },
    ],
    copies: [],
    numExternals: arrays.length,
    numResults: 0,
    numScalars: 0,
    slotBytes: 0,
  };
}

/** Runs one kernel on a new cpu device; returns what the bindings hold afterwards. */
export async function runOnCpu<T extends readonly Words[]>(
  kernel: Kernel,
  params: Uint32Array,
  arrays: T,
  options: CpuOptions = {},
): Promise<T> {
  const device = openCpu(options);
  const results = await runOn(device, kernel, params, arrays);
  device.dispose();
  return results;
}

/** Runs one kernel; returns what the bindings hold afterwards. */
export async function runOn<T extends readonly Words[]>(
  device: Device,
  kernel: Kernel,
  params: Uint32Array,
  arrays: T,
): Promise<T> {
  const program = device.build(planOf(kernel, params, arrays));
  const buffers = arrays.map((array) => device.alloc(array.byteLength, "input"));
  arrays.forEach((array, i) => device.write(buffers[i]!, 0, array));
  device.run(program, buffers, [], new Uint32Array(0));
  const results = await Promise.all(
    arrays.map(async (array, i) => {
      const data = await device.read(buffers[i]!, 0, array.byteLength);
      return new (array.constructor as new (buffer: ArrayBuffer) => Words)(data);
    }),
  );
  program.dispose();
  for (const buffer of buffers) device.free(buffer);
  return results as unknown as T;
}

/** Deterministic numbers in [-1, 1). */
export function random(length: number, seed = 1): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}
