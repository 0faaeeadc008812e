/** @file Generated kernels on a device: scalar operations, dtypes, loads and stores, loop schedules. */
import { describe, expect, test } from "vitest";
import type { Binding, LoopKernel } from "../src/ir/kernel.ts";
import { loop, Program, read, set, write } from "./codegenKernels.ts";
import { gpuDevice } from "./gpuDevice.ts";
import { checkRows, type RowCase } from "./rowKernels.ts";
import { runKernel } from "./runKernel.ts";
import { checkScalar, runScalar } from "./runScalar.ts";
import { scalarCases } from "./scalarCases.ts";
import { reductionTolerance } from "./tolerances.ts";

const both = [1, 4] as const;

describe("float operations follow Math in float64", () => {
  for (const scalarCase of scalarCases) {
    test.each(both)(`${scalarCase.op}, %i lanes`, async (lanes) => {
      const { excess, where } = await checkScalar(await gpuDevice(), scalarCase, lanes);
      expect(excess, where).toBeLessThanOrEqual(1);
    });
  }
});

const ints = [-2147483648, -1000, -7, -3, -1, 0, 1, 2, 3, 5, 31, 1000, 2147483647];
const pairsOf = (values: readonly number[]) => [
  Int32Array.from(values.flatMap((a) => values.map(() => a))),
  Int32Array.from(values.flatMap(() => values)),
];
const nonZero = ints.filter((value) => value !== 0);

function powInt(a: number, b: number): number {
  if (b < 0) return a === 1 ? 1 : a === -1 ? (b % 2 === 0 ? 1 : -1) : 0;
  let result = 1;
  for (let i = 0; i < Math.min(b, 64); i++) result = Math.imul(result, a);
  return result;
}

const integerCases: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
  idiv: (a, b) => (a / b) | 0,
  irem: (a, b) => (a % b) | 0,
  floorDiv: (a, b) => Math.floor(a / b) | 0,
  mod: (a, b) => (((a % b) + b) % b) | 0,
  max: Math.max,
  min: Math.min,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  shr: (a, b) => a >> b,
};

describe("int32 operations", () => {
  test.each(Object.keys(integerCases))("%s", async (op) => {
    const [a, b] = pairsOf(/div|rem|mod/i.test(op) ? nonZero : ints);
    for (const lanes of both) {
      const out = new Int32Array(a!.length);
      await runScalar(await gpuDevice(), op, [a!, b!], out, { from: "int32", to: "int32", lanes });
      expect([...out]).toEqual([...a!].map((x, i) => integerCases[op]!(x, b![i]!) + 0));
    }
  });

  test("pow wraps and takes negative exponents", async () => {
    const [a, b] = pairsOf([-3, -1, 0, 1, 2, 7, 20]);
    const out = new Int32Array(a!.length);
    await runScalar(await gpuDevice(), "pow", [a!, b!], out, { from: "int32", to: "int32", lanes: 4 });
    expect([...out]).toEqual([...a!].map((x, i) => powInt(x, b![i]!)));
  });
});

describe("casts", () => {
  const floats = Float32Array.of(
    0,
    -0,
    0.9,
    -0.9,
    2.5,
    -7.9,
    3e9,
    -3e9,
    5e9,
    1e20,
    Infinity,
    -Infinity,
    NaN,
    16777217,
  );

  test("float32 to int32 truncates and saturates, NaN to 0", async () => {
    const out = new Int32Array(floats.length);
    await runScalar(await gpuDevice(), "cast", [floats], out, { from: "float32", to: "int32", lanes: 4 });
    const [low, high] = [-2147483648, 2147483647];
    expect([...out]).toEqual([0, 0, 0, 0, 2, -7, high, low, high, high, high, low, 0, 16777216]);
  });

  test("float32 to uint32", async () => {
    const out = new Uint32Array(floats.length);
    await runScalar(await gpuDevice(), "cast", [floats], out, { from: "float32", to: "uint32", lanes: 1 });
    const top = 4294967295;
    expect([...out]).toEqual([0, 0, 0, 0, 2, 0, 3e9, 0, top, top, top, 0, 0, 16777216]);
  });

  test("to bool: NaN is true, both zeros are false", async () => {
    const out = new Uint32Array(floats.length);
    await runScalar(await gpuDevice(), "cast", [floats], out, { from: "float32", to: "bool", lanes: 4 });
    expect([...out]).toEqual([...floats].map((x) => Number(x !== 0)));
  });

  test("int32 and bool to float32", async () => {
    const out = new Float32Array(4);
    const device = await gpuDevice();
    await runScalar(device, "cast", [Int32Array.of(-5, 0, 7, 2147483647)], out, {
      from: "int32",
      to: "float32",
      lanes: 4,
    });
    expect([...out]).toEqual([-5, 0, 7, 2147483648]);
    await runScalar(device, "cast", [Uint32Array.of(0, 1, 7, 0)], out, {
      from: "bool",
      to: "float32",
      lanes: 1,
    });
    expect([...out]).toEqual([0, 1, 1, 0]);
  });
});

test("threefry gives the known answers of Random123, both words of a draw from one call", async () => {
  const known = [
    [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, 0xc4923a9c, 0x483df7a0],
    [1, 2, 3, 4, 0, 0],
  ] as const;
  const words = [0, 1, 2, 3].map((w) => Uint32Array.from(known, (row) => row[w]!));
  for (const lanes of both) {
    const out = [new Uint32Array(4), new Uint32Array(4)];
    for (const [i, op] of ["threefry0", "threefry1"].entries()) {
      await runScalar(await gpuDevice(), op, words, out[i]!, { from: "uint32", to: "uint32", lanes });
      expect([...out[i]!].slice(0, 3)).toEqual(known.slice(0, 3).map((row) => row[4 + i]));
    }
  }
});

/** out[i] = load(i + offset) as `to`, cast from the value's dtype. */
function copyKernel(
  source: Binding,
  dtype: "uint8" | "int8" | "bool" | "int32",
  offset: number,
  vector: boolean,
): LoopKernel {
  const p = new Program();
  const axis = p.axis(0);
  const index = p.push("add", "int32", [axis, p.const(offset, "int32")]);
  const value = p.push("cast", "float32", [p.load(0, index, dtype, vector)]);
  return loop({
    lanes: 4,
    laneAxis: 0,
    bindings: [source, write()],
    body: { code: p.code, stores: [set(1, axis, value)] },
    numParams: 1,
  });
}

describe("loads and stores", () => {
  const bytes = Uint8Array.of(0, 1, 127, 128, 255, 200, 7, 8, 9, 250, 0, 3);
  const words = new Uint32Array(bytes.buffer);

  test.each([true, false])("packed bytes, vector %s", async (vector) => {
    const device = await gpuDevice();
    const offset = vector ? 4 : 1;
    const length = 7;
    const out = new Float32Array(length);
    await runKernel(
      device,
      copyKernel(read("uint8", vector), "uint8", offset, vector),
      [words, out],
      [length],
    );
    expect([...out]).toEqual([...bytes.subarray(offset, offset + length)]);
    await runKernel(device, copyKernel(read("int8", vector), "int8", offset, vector), [words, out], [length]);
    expect([...out]).toEqual([...new Int8Array(bytes.buffer, offset, length)]);
  });

  test("a store by lanes leaves what lies behind the last element", async () => {
    const out = new Float32Array(8).fill(-1);
    await runKernel(
      await gpuDevice(),
      copyKernel(read("int32"), "int32", 0, false),
      [Int32Array.of(5, 6, 7, 8, 9, 10, 11, 12), out],
      [5],
    );
    expect([...out]).toEqual([5, 6, 7, 8, 9, -1, -1, -1]);
  });

  test("a value of another dtype keeps its bits in a shared binding", async () => {
    const p = new Program();
    const axis = p.axis(0);
    const doubled = p.push("add", "int32", [p.load(0, axis, "int32"), p.load(0, axis, "int32")]);
    const kernel = loop({
      bindings: [write("float32")],
      body: { code: p.code, stores: [set(0, axis, doubled)] },
    });
    const data = new Float32Array(Int32Array.of(5, -7, 100).buffer);
    await runKernel(await gpuDevice(), kernel, [data], [3]);
    expect([...new Int32Array(data.buffer)]).toEqual([10, -14, 200]);
  });

  test.each(both)("or sets a flag only for existing elements, %i lanes", async (lanes) => {
    const p = new Program();
    const axis = p.axis(0);
    const x = p.load(0, axis, "float32", lanes === 4);
    const bad = p.push("not", "bool", [p.push("isFinite", "bool", [x])]);
    const kernel = loop({
      lanes,
      laneAxis: lanes === 4 ? 0 : -1,
      bindings: [read("float32", lanes === 4), { dtype: "uint32", access: "atomic", vector: false }],
      body: {
        code: p.code,
        stores: [{ op: "or", binding: 1, index: p.const(2, "int32"), value: bad, level: "full" }],
      },
      numParams: 1,
    });
    const data = new Float32Array(100).fill(1);
    for (const [length, at, flag] of [
      [70, 70, 0],
      [70, 69, 1],
      [70, 3, 1],
    ] as const) {
      data.fill(1)[at] = Number.NaN;
      const flags = new Uint32Array(4);
      await runKernel(await gpuDevice(), kernel, [data, flags], [length]);
      expect([...flags]).toEqual([0, 0, flag, 0]);
    }
  });

  test("infinite, NaN and negative zero constants", async () => {
    const p = new Program();
    const axis = p.axis(0);
    const values = [
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
      -0,
      3.4028234663852886e38,
      1e-45,
      0.1,
    ];
    const stores = values.map((value, i) => {
      const at = p.push("add", "int32", [axis, p.const(i, "int32")]);
      return set(0, at, p.const(value));
    });
    const out = new Float32Array(values.length);
    await runKernel(
      await gpuDevice(),
      loop({ bindings: [write()], body: { code: p.code, stores } }),
      [out],
      [1],
    );
    // A subnormal constant may be flushed.
    expect([...out].map((x, i) => (i === 5 && x === 0 ? Math.fround(1e-45) : x))).toEqual(
      values.map(Math.fround),
    );
  });
});

test.each(both)("flat kernels recover several axes: a transpose, %i lanes", async (lanes) => {
  const [a, b, c] = [3, 5, 8];
  const p = new Program();
  const to = p.rowMajor([0, 1, 2]);
  const row = p.push("mul", "int32", [p.axis(2), p.param(1)]);
  const plane = p.push("mul", "int32", [p.push("add", "int32", [row, p.axis(1)]), p.param(0)]);
  const from = p.push("add", "int32", [plane, p.axis(0)]);
  const kernel = loop({
    rows: 3,
    lanes,
    laneAxis: lanes === 4 ? 2 : -1,
    bindings: [read(), write("float32", lanes === 4)],
    body: { code: p.code, stores: [set(1, to, p.load(0, from), "full", lanes === 4)] },
    numParams: 3,
  });
  const source = Float32Array.from({ length: a * b * c }, (_, i) => i);
  const out = new Float32Array(source.length);
  await runKernel(await gpuDevice(), kernel, [source, out], [a, b, c]);
  const expected = Float32Array.from({ length: out.length }, (_, i) => {
    const [x, y, z] = [Math.floor(i / (b * c)), Math.floor(i / c) % b, i % c];
    return source[(z * b + y) * a + x]!;
  });
  expect(out).toEqual(expected);
});

describe("rows", () => {
  const shapes: Pick<RowCase, "rows" | "cols">[] = [
    { rows: [7], cols: [100] },
    { rows: [], cols: [44] },
    { rows: [3, 4], cols: [3, 8] },
    { rows: [8], cols: [4] },
    { rows: [4], cols: [300] },
  ];
  const variants: Pick<RowCase, "schedule" | "lanes" | "workgroupSize">[] = [
    { schedule: "thread", lanes: "none" },
    { schedule: "thread", lanes: "inner" },
    { schedule: "thread", lanes: "rows" },
    { schedule: "workgroup", lanes: "none" },
    { schedule: "workgroup", lanes: "inner" },
    { schedule: "workgroup", lanes: "rows" },
    { schedule: "workgroup", lanes: "inner", workgroupSize: 128 },
  ];
  for (const variant of variants) {
    const name = `${variant.schedule}, lanes ${variant.lanes}, ${variant.workgroupSize ?? 64} invocations`;
    const fitting = shapes.filter(({ rows }) => variant.lanes !== "rows" || (rows.at(-1) ?? 1) % 4 === 0);
    test(name, async () => {
      for (const shape of fitting) {
        const error = await checkRows(await gpuDevice(), { ...shape, ...variant });
        expect(error, JSON.stringify(shape)).toBeLessThan(reductionTolerance);
      }
    });
    test(`${name}: NaN is kept and is the first best`, async () => {
      for (const shape of fitting.filter(({ rows }) => rows.length > 0)) {
        const error = await checkRows(await gpuDevice(), { ...shape, ...variant }, true);
        expect(error, JSON.stringify(shape)).toBeLessThan(reductionTolerance);
      }
    });
  }
});

test.each(["thread", "workgroup"] as const)(
  "a row store does not disturb what the row still reads, %s",
  async (schedule) => {
    const [rows, cols] = [40, 1000];
    const p = new Program();
    const at = p.rowMajor([0, 1]);
    const x = p.load(0, at);
    const scale = p.load(1, p.axis(0));
    const grown = p.push("add", "float32", [scale, p.push("stage", "float32", [], { value: 0 })]);
    const y = p.push("mul", "float32", [x, scale]);
    const kernel = loop({
      cols: 1,
      schedule,
      bindings: [read(), write(), write()],
      stages: [{ op: "sum", value: x, dtype: "float32" }],
      body: { code: p.code, stores: [set(1, p.axis(0), grown, "row"), set(2, at, y)] },
      numParams: 2,
    });
    const ones = new Float32Array(rows * cols).fill(1);
    const scales = Float32Array.from({ length: rows }, (_, r) => r);
    const out = new Float32Array(rows * cols);
    await runKernel(await gpuDevice(), kernel, [ones, scales, out], [rows, cols]);
    expect(scales).toEqual(Float32Array.from({ length: rows }, (_, r) => r + cols));
    expect(out).toEqual(Float32Array.from({ length: rows * cols }, (_, i) => Math.floor(i / cols)));
  },
);

const shaderFiles = import.meta.glob<string>("../../../shaders/**/*.wgsl", {
  query: "?raw",
  import: "default",
  eager: true,
});

test.each(Object.keys(shaderFiles))("%s is valid WGSL as it stands", async (path) => {
  const module = (await gpuDevice()).createShaderModule({ code: shaderFiles[path]! });
  const { messages } = await module.getCompilationInfo();
  expect(messages.map(({ lineNum, message }) => `${lineNum}: ${message}`)).toEqual([]);
});
