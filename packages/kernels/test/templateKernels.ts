/** @file Template kernels for the tests: running totals with plain and computed operands, and their reference. */
import type { Instr, Template, TemplateKernel } from "../src/ir/kernel.ts";
import { cumulativeOperations } from "../src/templates/codes.ts";
import { cumulativeTemplate } from "../src/templates/cumulative.ts";
import { binding } from "./cpuReference.ts";

export interface CumulativeCase {
  readonly operation: keyof typeof cumulativeOperations;
  readonly dtype: "float32" | "int32";
  readonly rows: number;
  readonly length: number;
  readonly exclusive?: boolean;
  readonly reverse?: boolean;
  readonly walk?: boolean;
  /** x is computed as load * 2 from a matrix stored column by column; y lies behind 8 other elements. */
  readonly computed?: boolean;
}

/** Words: 0 rows, 1 length, 2 size, 3 offset of y. */
const numParams = 4;

function plainCode(): Instr[] {
  return [
    { op: "axis", dtype: "int32", args: [], value: 0 },
    { op: "load", dtype: "float32", args: [0], value: 0 },
  ];
}

/** 2 * x[i / length + (i % length) * rows]. */
function computedCode(dtype: "float32" | "int32"): Instr[] {
  return [
    { op: "axis", dtype: "int32", args: [], value: 0 },
    { op: "param", dtype: "int32", args: [], value: 0 },
    { op: "param", dtype: "int32", args: [], value: 1 },
    { op: "idiv", dtype: "int32", args: [0, 2] },
    { op: "irem", dtype: "int32", args: [0, 2] },
    { op: "mul", dtype: "int32", args: [4, 1] },
    { op: "add", dtype: "int32", args: [3, 5] },
    { op: "load", dtype, args: [6], value: 0 },
    { op: "const", dtype, args: [], value: 2 },
    { op: "mul", dtype, args: [7, 8] },
  ];
}

const threads = 64;

export function cumulativeKernel(spec: CumulativeCase): TemplateKernel {
  const { operation, dtype, computed = false } = spec;
  const code = computed ? computedCode(dtype) : plainCode().map((step) => loaded(step, dtype));
  return {
    form: "template",
    label: "cumulative",
    template: cumulativeTemplate(dtype),
    constants: {
      OPERATION: cumulativeOperations[operation],
      EXCLUSIVE: spec.exclusive ?? false,
      REVERSE: spec.reverse ?? false,
      WALK: spec.walk ?? false,
      THREADS: threads,
    },
    workgroupSize: threads,
    inputs: [{ code, value: code.length - 1, vector: false, size: 2 }],
    outputs: [{ binding: 1, offset: computed ? 3 : null, vector: false, size: 2 }],
    bindings: [binding(dtype), binding(dtype, "read_write")],
    numOwnParams: 2,
    numParams,
  };
}

function loaded(step: Instr, dtype: "float32" | "int32"): Instr {
  return step.op === "load" ? { ...step, dtype } : step;
}

export function cumulativeWords({ rows, length, computed }: CumulativeCase): number[] {
  return [rows, length, rows * length, computed ? 8 : 0];
}

export function cumulativeWorkgroups({ rows, walk }: CumulativeCase): number {
  return walk ? Math.ceil(rows / threads) : rows;
}

/** Buffers of a call: x, and y full of sevens. */
export function cumulativeData(spec: CumulativeCase): [Float32Array | Int32Array, Float32Array | Int32Array] {
  const { dtype, rows, length, operation, computed } = spec;
  const size = rows * length;
  // Near 1, so that products stay in range.
  const factor = (i: number) => (1 + Math.sin(i) / 8) / (computed ? 2 : 1);
  const term = (i: number) => Math.sin(i * i) * (dtype === "int32" ? 3000 : 3);
  const numbers = Array.from({ length: size }, (_, i) => (operation === "prod" ? factor(i) : term(i)));
  const rest = Array.from({ length: size + (computed ? 8 : 0) }, () => 7);
  return dtype === "float32"
    ? [new Float32Array(numbers), new Float32Array(rest)]
    : [new Int32Array(numbers), new Int32Array(rest)];
}

/** The largest error of y against float64 running totals, relative to the largest total. */
export function cumulativeError(
  spec: CumulativeCase,
  x: ArrayLike<number>,
  result: ArrayLike<number>,
): number {
  const { rows, length, operation, reverse, exclusive, computed } = spec;
  const combine = { sum: add, prod: multiply, max: Math.max, min: Math.min }[operation];
  const limit = spec.dtype === "int32" ? 2 ** 31 : Infinity;
  const start = { sum: 0, prod: 1, max: -limit, min: spec.dtype === "int32" ? limit - 1 : limit }[operation];
  let [error, scale] = [0, 1e-30];
  for (let row = 0; row < rows; row++) {
    let total = start;
    for (let step = 0; step < length; step++) {
      const k = reverse ? length - 1 - step : step;
      const before = total;
      total = combine(total, computed ? 2 * x[row + k * rows]! : x[row * length + k]!);
      const expected = exclusive ? before : total;
      const found = result[(computed ? 8 : 0) + row * length + k]!;
      if (!Object.is(found, expected)) error = Math.max(error, Math.abs(found - expected));
      if (Number.isFinite(expected)) scale = Math.max(scale, Math.abs(expected));
    }
  }
  return error / scale;
}

const add = (a: number, b: number) => a + b;
const multiply = (a: number, b: number) => a * b;

/** Ragged sizes, all operations and constants, plain and computed operands. */
export const cumulativeCases: CumulativeCase[] = [
  ...(["sum", "prod", "max", "min"] as const).flatMap((operation): CumulativeCase[] => [
    { operation, dtype: "float32", rows: 3, length: 1 },
    { operation, dtype: "float32", rows: 2, length: 257, exclusive: true },
    { operation, dtype: "float32", rows: 5, length: 300, reverse: true, computed: true },
  ]),
  { operation: "sum", dtype: "float32", rows: 1, length: 5000 },
  { operation: "sum", dtype: "float32", rows: 130, length: 7, walk: true, exclusive: true, reverse: true },
  { operation: "max", dtype: "int32", rows: 4, length: 63, exclusive: true },
  { operation: "sum", dtype: "int32", rows: 70, length: 33, computed: true },
  { operation: "min", dtype: "int32", rows: 70, length: 31, walk: true, reverse: true },
];

/** A template whose operands come four at a time: y = x + y. */
export const addFour: Template = {
  name: "addFour",
  wgsl: `// @hook
fn param(word: i32) -> i32 {
}

// @hook
fn load4_x(i: i32) -> vec4<f32> {
}

// @hook
fn read4_y(i: i32) -> vec4<f32> {
}

// @hook
fn store4_y(i: i32, value: vec4<f32>) {
}

fn kernel(group: u32, lid: u32) {
  let i = i32(group * 64u + lid) * 4;
  if (i < param(0)) { store4_y(i, load4_x(i) + read4_y(i)); }
}
`,
  inputs: [{ name: "x", dtype: "float32", lanes: 4 }],
  outputs: [{ name: "y", dtype: "float32", lanes: 4 }],
  cpu: ({ inputs: [x], outputs: [y], params }) => {
    for (let i = 0; i < params[0]!; i++) y![i] = y![i]! + x![i]!;
  },
};

/** The same with y further on by 4 * (word 2 % 3) elements: a place that moves with an iteration. */
export function movingKernel(): TemplateKernel {
  const kernel = addFourKernel(false);
  const code: Instr[] = [
    { op: "param", dtype: "int32", args: [], value: 2 },
    { op: "const", dtype: "int32", args: [], value: 3 },
    { op: "irem", dtype: "int32", args: [0, 1] },
    { op: "const", dtype: "int32", args: [], value: 4 },
    { op: "mul", dtype: "int32", args: [2, 3] },
  ];
  const outputs = kernel.outputs.map((output) => ({ ...output, shift: { code, value: 4 } }));
  return { ...kernel, outputs, numParams: 3 };
}

/** y[i] += x[i] with x and y bound as scalars or vectors; x four elements, y eight elements into their bindings. */
export function addFourKernel(vector: boolean): TemplateKernel {
  const code: Instr[] = [
    { op: "axis", dtype: "int32", args: [], value: 0 },
    { op: "const", dtype: "int32", args: [], value: 4 },
    { op: "add", dtype: "int32", args: [0, 1] },
    { op: "load", dtype: "float32", args: [2], value: 0, ...(vector ? { access: "vector" as const } : {}) },
  ];
  return {
    form: "template",
    label: "addFour",
    template: addFour,
    constants: {},
    workgroupSize: 64,
    inputs: [{ code, value: 3, vector, size: 0 }],
    outputs: [{ binding: 1, offset: 1, vector, size: 0 }],
    bindings: [
      { dtype: "float32", access: "read", vector },
      { dtype: "float32", access: "read_write", vector },
    ],
    numOwnParams: 1,
    numParams: 2,
  };
}
