/** The cpu backend's generated loops against plain loops, on ragged shapes. */
import { describe, expect, test } from "vitest";
import type { LoopKernel } from "../src/ir/kernel.ts";
import { binding, bits, Code, loopKernel, random, runOnCpu, words } from "./cpuReference.ts";

const sizes = [1, 3, 31, 33, 64, 65, 127, 255, 256, 257, 1000];

describe("flat kernels", () => {
  test.each(sizes)("elementwise over %i elements", async (n) => {
    const code = new Code();
    const i = code.axis(0);
    const value = code.add(code.mul(code.load(0, i), code.load(1, i)), code.param(1, "float32"));
    code.store(2, i, code.op("tanh", "float32", value));
    const kernel = loopKernel(code, {
      rows: 1,
      bindings: [binding(), binding(), binding("float32", "read_write")],
    });
    const [x, y] = [random(n, 1), random(n, 2)];
    const [, , out] = await runOnCpu(kernel, words(kernel, n, bits(0.25)), [x, y, new Float32Array(n)]);
    out.forEach((v, k) => expect(v).toBeCloseTo(Math.tanh(x[k]! * y[k]! + 0.25), 6));
  });

  test.each([
    [128, 10],
    [3, 300],
    [40, 3],
    [1, 1],
    [7, 33],
  ])("adds a bias along the last axis of [%i, %i]", async (rows, cols) => {
    const code = new Code();
    const x = code.load(0, code.index([0, 2], [1, 3]));
    code.store(2, code.index([0, 2], [1, 3]), code.add(x, code.load(1, code.axis(1))));
    const kernel = loopKernel(code, {
      rows: 2,
      bindings: [binding(), binding(), binding("float32", "read_write")],
    });
    const [a, b] = [random(rows * cols), random(cols, 2)];
    const params = words(kernel, rows, cols, cols, 1);
    const [, , out] = await runOnCpu(kernel, params, [a, b, new Float32Array(rows * cols)]);
    out.forEach((v, k) => expect(v).toBe(Math.fround(a[k]! + b[k % cols]!)));
  });

  test.each([
    [5, 7, 3],
    [2, 33, 40],
    [64, 2, 2],
    [1, 300, 2],
  ])("transposes [%i, %i, %i] to reversed axes", async (p, q, r) => {
    const code = new Code();
    const from = code.index([0, 3], [1, 4], [2, 5]);
    code.store(1, code.index([0, 6], [1, 7], [2, 8]), code.load(0, from));
    const kernel = loopKernel(code, { rows: 3, bindings: [binding(), binding("float32", "read_write")] });
    const a = random(p * q * r);
    // Axes are those of the result [r, q, p].
    const params = words(kernel, r, q, p, 1, r, q * r, q * p, p, 1);
    const [, out] = await runOnCpu(kernel, params, [a, new Float32Array(a.length)]);
    for (let i = 0; i < r; i++)
      for (let j = 0; j < q; j++)
        for (let k = 0; k < p; k++) expect(out[(i * q + j) * p + k]).toBe(a[(k * q + j) * r + i]);
  });

  test("pads with a selection whose loads leave the buffer", async () => {
    const code = new Code();
    const i = code.axis(0);
    const from = code.op("sub", "int32", i, code.param(1));
    const inside = code.op(
      "and",
      "bool",
      code.op("ge", "bool", from, code.const(0)),
      code.op("lt", "bool", from, code.param(2)),
    );
    code.store(1, i, code.op("select", "float32", inside, code.load(0, from), code.const(0, "float32")));
    const kernel = loopKernel(code, { rows: 1, bindings: [binding(), binding("float32", "read_write")] });
    const a = random(300);
    const [, out] = await runOnCpu(kernel, words(kernel, 400, 50, 300), [a, new Float32Array(400)]);
    out.forEach((v, k) => expect(v).toBe(k < 50 || k >= 350 ? 0 : a[k - 50]));
  });

  test("gathers rows by index and scatters them back", async () => {
    const [rows, width] = [37, 40];
    const code = new Code();
    const row = code.load(1, code.axis(0), "int32");
    const from = code.add(code.mul(row, code.param(2)), code.axis(1));
    code.store(2, code.index([0, 2], [1, 3]), code.load(0, from));
    code.store(3, from, code.load(0, from));
    const kernel = loopKernel(code, {
      rows: 2,
      bindings: [
        binding(),
        binding("int32"),
        binding("float32", "read_write"),
        binding("float32", "read_write"),
      ],
    });
    const table = random(50 * width);
    const ids = Int32Array.from({ length: rows }, (_, k) => (k * 17) % 50);
    const outputs = [new Float32Array(rows * width), new Float32Array(50 * width)] as const;
    const [, , picked, back] = await runOnCpu(kernel, words(kernel, rows, width, width, 1), [
      table,
      ids,
      ...outputs,
    ]);
    picked.forEach((v, k) => expect(v).toBe(table[ids[Math.floor(k / width)]! * width + (k % width)]));
    back.forEach((v, k) => expect(v).toBe(ids.includes(Math.floor(k / width)) ? table[k] : 0));
  });

  test("gathers single elements by a loaded index", async () => {
    const code = new Code();
    code.store(2, code.axis(0), code.load(0, code.load(1, code.axis(0), "int32")));
    const kernel = loopKernel(code, {
      rows: 1,
      bindings: [binding(), binding("int32"), binding("float32", "read_write")],
    });
    const ids = Int32Array.from({ length: 600 }, (_, k) => (k * 7) % 90);
    const table = random(90);
    const [, , out] = await runOnCpu(kernel, words(kernel, 600), [table, ids, new Float32Array(600)]);
    out.forEach((v, k) => expect(v).toBe(table[ids[k]!]));
  });

  test("updates in place, several outputs, a flag by or (Adam's shape)", async () => {
    const n = 1001;
    const code = new Code();
    const i = code.axis(0);
    const [p, m, g] = [code.load(0, i), code.load(1, i), code.load(2, i)];
    const next = code.add(code.mul(m, code.const(0.5, "float32")), g);
    code.store(1, i, next);
    code.store(0, i, code.op("sub", "float32", p, code.mul(next, m)));
    code.store(3, code.const(2), code.op("cast", "uint32", code.op("isNan", "bool", g)), "full", "or");
    const inPlace = binding("float32", "read_write");
    const kernel = loopKernel(code, {
      rows: 1,
      bindings: [inPlace, inPlace, binding(), binding("uint32", "atomic")],
    });
    const [a, b, c] = [random(n, 1), random(n, 2), random(n, 3)];
    c[700] = NaN;
    const [pOut, mOut, , flags] = await runOnCpu(kernel, words(kernel, n), [a, b, c, new Uint32Array(4)]);
    for (let k = 0; k < n; k++) {
      const expected = Math.fround(Math.fround(b[k]! * 0.5) + c[k]!);
      expect(mOut[k]).toBe(expected);
      expect(pOut[k]).toBe(Math.fround(a[k]! - Math.fround(expected * b[k]!)));
    }
    expect([...flags]).toEqual([0, 0, 1, 0]);
  });

  test("runs kernels of four lanes with vector access", async () => {
    const n = 130;
    const code = new Code();
    const i = code.axis(0);
    code.store(1, i, code.mul(code.load(0, i, "float32", true), code.const(3, "float32")));
    const vector = { ...binding(), vector: true };
    const bindings = [vector, { ...vector, access: "read_write" as const }];
    const kernel = loopKernel(code, { rows: 1, lanes: 4, bindings });
    const a = random(132);
    const [, out] = await runOnCpu(kernel, words(kernel, n), [a, new Float32Array(132)]);
    for (let k = 0; k < n; k++) expect(out[k]).toBe(Math.fround(a[k]! * 3));
  });

  test("numbers known at build time are folded, those of the run are not", async () => {
    const code = new Code();
    const half = code.op("div", "float32", code.param(1, "float32"), code.const(2, "float32"));
    const isNan = code.op("cast", "float32", code.op("isNan", "bool", code.param(3, "float32")));
    code.store(1, code.axis(0), code.add(code.mul(code.load(0, code.axis(0)), half), isNan));
    const rows = code.op("idiv", "int32", code.param(0), code.const(3));
    code.store(2, code.axis(0), code.op("add", "int32", rows, code.op("neg", "int32", code.param(2))));
    const bindings = [binding(), binding("float32", "read_write"), binding("int32", "read_write")];
    const kernel = loopKernel(code, { rows: 1, bindings });
    const a = random(70);
    const params = words(kernel, 70, bits(0.5), -5, bits(NaN));
    const [, out, ints] = await runOnCpu(kernel, params, [a, new Float32Array(70), new Int32Array(70)]);
    out.forEach((v, k) => expect(v).toBe(Math.fround(Math.fround(a[k]! * 0.25) + 1)));
    expect(new Set(ints)).toEqual(new Set([23 + 5]));
  });

  test("bounds by a number keep NaN, and selections between a value and 0 choose either", async () => {
    const code = new Code();
    const x = code.load(0, code.axis(0));
    const [zero, one] = [code.const(0, "float32"), code.const(1, "float32")];
    const isAbove = code.op("gt", "bool", x, zero);
    const results = [
      code.op("max", "float32", x, zero),
      code.op("max", "float32", zero, x),
      code.op("min", "float32", x, one),
      code.op("min", "float32", one, x),
      code.op("select", "float32", isAbove, x, zero),
      code.op("select", "float32", isAbove, zero, x),
    ];
    results.forEach((result, i) => code.store(i + 1, code.axis(0), result));
    const outputs = results.map(() => binding("float32", "read_write"));
    const kernel = loopKernel(code, { rows: 1, bindings: [binding(), ...outputs] });
    const input = Float32Array.of(-2, 3, NaN, 0.5, -Infinity, Infinity);
    const [, ...found] = await runOnCpu(kernel, words(kernel, 6), [
      input,
      ...results.map(() => new Float32Array(6)),
    ]);
    const [above, below] = [
      [0, 3, NaN, 0.5, 0, Infinity],
      [-2, 1, NaN, 0.5, -Infinity, 1],
    ];
    const [kept, dropped] = [
      [0, 3, 0, 0.5, 0, Infinity],
      [-2, 0, NaN, 0, -Infinity, 0],
    ];
    expect(found.map((array) => [...array!])).toEqual([above, above, below, below, kept, dropped]);
  });

  test("loads packed bytes and reinterprets words", async () => {
    const code = new Code();
    const i = code.axis(0);
    const pixel = code.op("cast", "float32", code.load(0, i, "uint8"));
    code.store(3, i, code.add(pixel, code.op("cast", "float32", code.load(1, i, "int8"))));
    code.store(4, i, code.load(2, i, "int32"));
    code.store(5, i, code.op("bitcast", "uint32", code.load(2, i)));
    const out = binding("float32", "read_write");
    const bindings = [binding("uint8"), binding("uint32"), binding(), out, out, out];
    const kernel = loopKernel(code, { rows: 1, bindings });
    const x = Uint8Array.from({ length: 300 }, (_, k) => k * 7);
    const y = Int8Array.from({ length: 300 }, (_, k) => k * 5);
    const z = random(300);
    const outputs = [new Float32Array(300), new Uint32Array(300), new Uint32Array(300)] as const;
    const results = await runOnCpu(kernel, words(kernel, 300), [x, y, z, ...outputs]);
    const [sums, loaded, cast] = results.slice(3);
    sums!.forEach((v, k) => expect(v).toBe(x[k]! + y[k]!));
    loaded!.forEach((v, k) => expect(v).toBe(bits(z[k]!)));
    cast!.forEach((v, k) => expect(v).toBe(bits(z[k]!)));
  });
});

const reductionShapes = [
  [1, 1],
  [1, 1000],
  [3, 784],
  [128, 10],
  [300, 3],
  [33, 65],
  [64, 64],
  [500, 2],
] as const;

/** Rows of the first binding by strides in params 2 and 3: their softmax, and the logarithm of its divisor. */
function softmaxKernel(): LoopKernel {
  const code = new Code();
  const at = code.index([0, 2], [1, 3]);
  const x = code.load(0, at);
  const shifted = code.op("exp", "float32", code.op("sub", "float32", x, code.stage(0)));
  code.store(1, at, code.op("div", "float32", shifted, code.stage(1)));
  code.store(2, code.axis(0), code.op("log", "float32", code.stage(1)), "row");
  const stages = [
    { op: "max", value: x, dtype: "float32" },
    { op: "sum", value: shifted, dtype: "float32" },
  ] as const;
  const float = binding("float32", "read_write");
  const bindings = [binding(), float, float];
  return loopKernel(code, { rows: 1, cols: 1, schedule: "workgroup", stages, bindings });
}

describe("reductions", () => {
  test.each(reductionShapes)("sums, maxima and indices of rows [%i, %i]", async (rows, cols) => {
    const code = new Code();
    const x = code.load(0, code.index([0, 2], [1, 3]));
    const stages = (["sum", "max", "min", "prod", "argmax", "argmin"] as const).map((op) => ({
      op,
      value: x,
      dtype: "float32" as const,
    }));
    stages.forEach(({ op }, s) =>
      code.store(s + 1, code.axis(0), code.stage(s, op.startsWith("arg") ? "int32" : "float32"), "row"),
    );
    const float = binding("float32", "read_write");
    const int = binding("int32", "read_write");
    const bindings = [binding(), float, float, float, float, int, int];
    const kernel = loopKernel(code, { rows: 1, cols: 1, schedule: "thread", stages, bindings });
    for (const columns of [false, true]) {
      const a = random(rows * cols);
      const at = (r: number, c: number) => a[columns ? c * rows + r : r * cols + c]!;
      const params = words(kernel, rows, cols, columns ? 1 : cols, columns ? rows : 1);
      const floats = [0, 0, 0, 0].map(() => new Float32Array(rows));
      const ints = [0, 0].map(() => new Int32Array(rows));
      const [, sum, max, min, prod, argmax, argmin] = await runOnCpu(kernel, params, [a, ...floats, ...ints]);
      for (let r = 0; r < rows; r++) {
        const row = Array.from({ length: cols }, (_, c) => at(r, c));
        expect(sum![r]).toBeCloseTo(
          row.reduce((s, v) => s + v, 0),
          4,
        );
        expect(max![r]).toBe(Math.max(...row));
        expect(min![r]).toBe(Math.min(...row));
        expect(prod![r]).toBeCloseTo(
          row.reduce((s, v) => s * v, 1),
          5,
        );
        expect(argmax![r]).toBe(row.indexOf(Math.max(...row)));
        expect(argmin![r]).toBe(row.indexOf(Math.min(...row)));
      }
    }
  });

  test.each(reductionShapes)("softmax of [%i, %i]: two stages and a last pass", async (rows, cols) => {
    const kernel = softmaxKernel();
    for (const columns of [false, true]) {
      const a = random(rows * cols);
      const index = (r: number, c: number) => (columns ? c * rows + r : r * cols + c);
      const params = words(kernel, rows, cols, columns ? 1 : cols, columns ? rows : 1);
      const outputs = [new Float32Array(rows * cols), new Float32Array(rows)] as const;
      const [, out, logs] = await runOnCpu(kernel, params, [a, ...outputs]);
      for (let r = 0; r < rows; r++) {
        const row = Array.from({ length: cols }, (_, c) => a[index(r, c)]!);
        const max = Math.max(...row);
        const sum = row.reduce((s, v) => s + Math.exp(v - max), 0);
        expect(logs[r]).toBeCloseTo(Math.log(sum), 5);
        row.forEach((v, c) => expect(out[index(r, c)]).toBeCloseTo(Math.exp(v - max) / sum, 6));
      }
    }
  });

  test("softmax of rows that are masked, infinite or not numbers", async () => {
    const [rows, cols] = [5, 37];
    const a = random(rows * cols);
    const set = (row: number, first: number, value: number) =>
      a.fill(value, row * cols + first, (row + 1) * cols);
    set(0, 20, -1e9);
    set(1, 20, -Infinity);
    set(2, 36, Infinity);
    set(3, 36, NaN);
    set(4, 0, -Infinity);
    const kernel = softmaxKernel();
    const params = words(kernel, rows, cols, cols, 1);
    const [, out] = await runOnCpu(kernel, params, [a, new Float32Array(a.length), new Float32Array(rows)]);
    const row = (r: number) => [...out.subarray(r * cols, (r + 1) * cols)];
    for (const r of [0, 1]) {
      expect(row(r).slice(20)).toEqual(Array(17).fill(0));
      expect(row(r).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
    }
    for (const r of [2, 3, 4]) expect(row(r).at(-1)).toBeNaN();
  });

  test.each([false, true])("sums are as near as float32 has them (of columns: %s)", async (columns) => {
    const code = new Code();
    code.store(1, code.axis(0), code.stage(0), "row");
    const stages = [
      { op: "sum", value: code.load(0, code.index([0, 2], [1, 3])), dtype: "float32" },
    ] as const;
    const bindings = [binding(), binding("float32", "read_write")];
    const kernel = loopKernel(code, { rows: 1, cols: 1, schedule: "thread", stages, bindings });
    const [rows, cols] = [8, 125_003];
    const params = words(kernel, rows, cols, columns ? 1 : cols, columns ? rows : 1);
    // The same number all along rounds the same way all along.
    for (const data of [random(rows * cols), new Float32Array(rows * cols).fill(0.1)]) {
      const [x, sums] = await runOnCpu(kernel, params, [data, new Float32Array(rows)]);
      for (let r = 0; r < rows; r++) {
        let [sum, size] = [0, 0];
        for (let c = 0; c < cols; c++) {
          const value = x[columns ? c * rows + r : r * cols + c]!;
          sum += value;
          size += Math.abs(value);
        }
        expect(Math.abs(sums[r]! - sum)).toBeLessThan(3e-7 * size);
      }
    }
  });

  test("reduces two inner axes of four, with a scalar per row and one constant", async () => {
    const [b, h, w, c] = [3, 5, 7, 6];
    const code = new Code();
    // Rows (b, c), inner (h, w); storage [b, h, w, c].
    const at = code.index([0, 4], [2, 5], [3, 6], [1, 7]);
    const scaled = code.mul(code.load(0, at), code.load(1, code.axis(1)));
    code.store(2, code.index([0, 8], [1, 7]), code.add(code.stage(0), code.const(2, "float32")), "row");
    const stages = [{ op: "sum", value: scaled, dtype: "float32" }] as const;
    const bindings = [binding(), binding(), binding("float32", "read_write")];
    const kernel = loopKernel(code, { rows: 2, cols: 2, schedule: "thread", stages, bindings });
    const [x, scale] = [random(b * h * w * c), random(c, 2)];
    const params = words(kernel, b, c, h, w, h * w * c, w * c, c, 1, c);
    const [, , out] = await runOnCpu(kernel, params, [x, scale, new Float32Array(b * c)]);
    for (let i = 0; i < b * c; i++) {
      let sum = 2;
      for (let k = 0; k < h * w; k++)
        sum += x[(Math.floor(i / c) * h * w + k) * c + (i % c)]! * scale[i % c]!;
      expect(out[i]).toBeCloseTo(sum, 5);
    }
  });

  test("reduces everything to one number, integers wrapping, and empty rows to the identity", async () => {
    const code = new Code();
    const x = code.load(0, code.axis(0), "int32");
    code.store(1, code.const(0), code.stage(0, "int32"), "row");
    code.store(1, code.const(1), code.stage(1, "int32"), "row");
    const stages = [
      { op: "sum", value: x, dtype: "int32" },
      { op: "max", value: x, dtype: "int32" },
    ] as const;
    const bindings = [binding("int32"), binding("int32", "read_write")];
    const kernel = loopKernel(code, { rows: 0, cols: 1, schedule: "workgroup", stages, bindings });
    const ints = Int32Array.from({ length: 777 }, (_, k) => k * 123456789);
    const [, out] = await runOnCpu(kernel, words(kernel, 777), [ints, new Int32Array(2)]);
    expect(out[0]).toBe(ints.reduce((s, v) => (s + v) | 0, 0));
    expect(out[1]).toBe(Math.max(...ints));
    const [, empty] = await runOnCpu(kernel, words(kernel, 0), [ints, new Int32Array(2)]);
    expect([...empty]).toEqual([0, -0x80000000]);
  });

  test.each([
    ["float32", -Infinity, Infinity],
    ["int32", -0x80000000, 0x7fffffff],
    ["uint32", 0, 0xffffffff],
  ] as const)(
    "the first of the least %s is the greatest where there are no others",
    async (dtype, least, most) => {
      const [rows, cols] = [4, 19];
      const code = new Code();
      const [x, y] = [0, 1].map((i) => code.load(i, code.index([0, 2], [1, 3]), dtype));
      const stages = [
        { op: "argmax", value: x!, dtype },
        { op: "argmin", value: y!, dtype },
      ] as const;
      stages.forEach((_, s) => code.store(s + 2, code.axis(0), code.stage(s, "int32"), "row"));
      const int = binding("int32", "read_write");
      const bindings = [binding(dtype), binding(dtype), int, int];
      const kernel = loopKernel(code, { rows: 1, cols: 1, schedule: "thread", stages, bindings });
      const Words = { float32: Float32Array, int32: Int32Array, uint32: Uint32Array }[dtype];
      for (const columns of [false, true]) {
        const params = words(kernel, rows, cols, columns ? 1 : cols, columns ? rows : 1);
        const [a, b] = [new Words(rows * cols).fill(least), new Words(rows * cols).fill(most)];
        const last = (row: number) => (columns ? (cols - 1) * rows + row : (row + 1) * cols - 1);
        a[last(1)] = b[last(1)] = 1;
        const arrays = [a, b, new Int32Array(rows), new Int32Array(rows)];
        const [, , argmax, argmin] = await runOnCpu(kernel, params, arrays);
        expect([[...argmax!], [...argmin!]]).toEqual([
          [0, cols - 1, 0, 0],
          [0, cols - 1, 0, 0],
        ]);
      }
    },
  );

  test("max and argmax see NaN", async () => {
    const code = new Code();
    const x = code.load(0, code.axis(0));
    code.store(1, code.const(0), code.stage(0), "row");
    code.store(2, code.const(0), code.stage(1, "int32"), "row");
    const stages = [
      { op: "max", value: x, dtype: "float32" },
      { op: "argmax", value: x, dtype: "float32" },
    ] as const;
    const bindings = [binding(), binding("float32", "read_write"), binding("int32", "read_write")];
    const kernel = loopKernel(code, { rows: 0, cols: 1, schedule: "thread", stages, bindings });
    const a = random(500);
    a[321] = NaN;
    const [, max, index] = await runOnCpu(kernel, words(kernel, 500), [
      a,
      new Float32Array(1),
      new Int32Array(1),
    ]);
    expect(max[0]).toBeNaN();
    expect(index[0]).toBe(321);
  });
});
