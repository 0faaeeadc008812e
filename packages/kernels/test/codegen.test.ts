/** @file Properties of generated text that need no device. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fillTemplate, TemplateError } from "../src/codegen/fillTemplate.ts";
import { emitWgsl, workgroupCount, workgroupCounts } from "../src/codegen/index.ts";
import { scalarWgsl } from "../src/codegen/scalarWgsl.ts";
import { literal } from "../src/codegen/types.ts";
import type { GemmTile, SideKernel } from "../src/ir/kernel.ts";
import * as operations from "../src/ir/scalarOps.ts";
import { gemmTile } from "../src/templates/gemmTile.ts";
import { loop, Program, read, set, write } from "./codegenKernels.ts";
import { gemmKernel } from "./gemmKernels.ts";
import { rowKernel } from "./rowKernels.ts";
import { scalarKernel } from "./runScalar.ts";
import { scalarCases } from "./scalarCases.ts";

const registers: GemmTile = { threads: [8, 8], perThread: [4, 4], shared: false, depth: 4 };

function codeOf(kernel: Parameters<typeof emitWgsl>[0]): string {
  return emitWgsl(kernel).code;
}

describe("scalar table", () => {
  test("has a rule for every operation name", () => {
    const names = Object.values(operations).flat();
    expect(Object.keys(scalarWgsl).sort()).toEqual([...names].sort());
  });

  test("every float operation has a row of cases", () => {
    const elsewhere = ["not", "idiv", "irem", ...operations.bitwise, ...operations.special];
    const names = Object.values(operations)
      .flat()
      .filter((name) => !elsewhere.includes(name as never));
    expect(scalarCases.map(({ op }) => op).sort()).toEqual([...names].sort());
  });

  test("an operation on a type it lacks says so", () => {
    expect(() => codeOf(scalarKernel("and", "float32", "float32", 2, 1))).toThrow(
      /and is not defined for f32[^]*Fix:/,
    );
  });
});

describe("literals", () => {
  test("read back to the same float32", () => {
    const words = Uint32Array.from({ length: 4000 }, (_, i) => Math.imul(i, 2654435761) >>> 0);
    for (const value of new Float32Array(words.buffer)) {
      const text = literal("f32", value);
      if (!text.startsWith("bits_f32")) expect(Math.fround(Number(text.slice(0, -1)))).toBe(value);
    }
  });

  test("never write an infinity, NaN or a subnormal as a constant", () => {
    const values = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0, 1e-40];
    expect(values.map((value) => literal("f32", value))).toEqual([
      "bits_f32(0x7f800000u)",
      "bits_f32(0xff800000u)",
      "bits_f32(0x7fc00000u)",
      "bits_f32(0x80000000u)",
      "bits_f32(0x116c2u)",
    ]);
    expect(literal("f32", 3.4028234663852886e38)).toBe("3.4028234663852886e+38f");
    expect(literal("i32", -2147483648)).toBe("i32(-2147483648)");
  });
});

describe("loop kernels", () => {
  const row = { rows: [3, 4], cols: [5, 8], schedule: "thread", lanes: "inner" } as const;

  test("are the same text every time, whatever the label", () => {
    expect(codeOf(rowKernel(row))).toBe(codeOf(rowKernel(row)));
    expect(codeOf({ ...rowKernel(row), label: "other" })).toBe(codeOf(rowKernel(row)));
  });

  test("read extents from the params, never as literals", () => {
    expect(codeOf(rowKernel(row))).toBe(codeOf(rowKernel({ ...row, rows: [7, 11], cols: [13, 16] })));
  });

  test("put the params behind the storage bindings", () => {
    expect(codeOf(rowKernel(row))).toContain(
      "@group(0) @binding(4) var<uniform> params: array<vec4<u32>, 1>;",
    );
  });

  test("one axis needs no division", () => {
    const code = codeOf(scalarKernel("neg", "float32", "float32", 1, 4));
    expect(code).not.toMatch(/[/%]/);
  });

  test("independent stages share a loop; dependent ones have their own", () => {
    const code = codeOf(rowKernel({ rows: [4], cols: [8], schedule: "thread", lanes: "none" }));
    // Six stages, then the sum of exponentials, then the stores.
    expect(code.match(/for \(var a1/g)).toHaveLength(3);
  });

  test("a step of the row stands before the inner loop", () => {
    const p = new Program();
    const scale = p.push("exp", "float32", [p.load(0, p.axis(0))]);
    const x = p.push("mul", "float32", [p.load(1, p.rowMajor([0, 1])), scale]);
    const sum = p.push("stage", "float32", [], { value: 0 });
    const code = codeOf(
      loop({
        cols: 1,
        schedule: "thread",
        bindings: [read(), read(), write()],
        stages: [{ op: "sum", value: x, dtype: "float32" }],
        body: { code: p.code, stores: [set(2, p.axis(0), sum, "row")] },
      }),
    );
    expect(code.lastIndexOf("exp_f32(")).toBeLessThan(code.indexOf("for (var a1"));
  });

  test("barriers stand in workgroup kernels alone, two per wave", () => {
    expect(codeOf(rowKernel(row))).not.toContain("workgroupBarrier");
    const workgroup = codeOf(rowKernel({ rows: [4], cols: [8], schedule: "workgroup", lanes: "none" }));
    expect(workgroup.match(/workgroupBarrier/g)).toHaveLength(4);
  });

  test("subgroups save a barrier of each wave, and are asked for", () => {
    const plain = { rows: [4], cols: [8], schedule: "workgroup", lanes: "none" } as const;
    expect(codeOf(rowKernel(plain))).not.toContain("subgroup");
    const code = codeOf(rowKernel({ ...plain, subgroups: true }));
    expect(code.match(/workgroupBarrier/g)).toHaveLength(2);
    expect(code.startsWith("enable subgroups;")).toBe(true);
  });

  test("only library functions that are used are there, in the form that is used", () => {
    const code = codeOf(scalarKernel("tanh", "float32", "float32", 1, 4));
    expect(code).toContain("fn expm1_kernel_f32x4(");
    expect(code).not.toMatch(/fn (expm1_kernel_f32|expm1_f32x4|erf_f32x4|sin_f32x4)\(/);
  });

  test("both words of a draw come from one call", () => {
    const p = new Program();
    const key = p.param(1, "uint32");
    const counter = p.push("cast", "uint32", [p.axis(0)]);
    const args = [key, key, key, counter];
    const [x, y] = [p.push("threefry0", "uint32", args), p.push("threefry1", "uint32", args)];
    const bits = p.push("xor", "uint32", [x, y]);
    const kernel = loop({
      bindings: [write("uint32")],
      body: { code: p.code, stores: [set(0, p.axis(0), bits)] },
    });
    expect(codeOf(kernel).match(/= threefry_u32\(/g)).toHaveLength(1);
  });
});

describe("workgroup counts", () => {
  const words = (...values: number[]) => Uint32Array.from(values);

  test("of loops", () => {
    const flat = scalarKernel("neg", "float32", "float32", 1, 4);
    expect([1, 256, 257, 1000].map((n) => workgroupCount(flat, words(n)))).toEqual([1, 1, 2, 4]);
    const thread = rowKernel({ rows: [3], cols: [8], schedule: "thread", lanes: "inner" });
    expect(workgroupCount(thread, words(130, 8))).toBe(3);
    const lanesOverRows = rowKernel({ rows: [3], cols: [8], schedule: "thread", lanes: "rows" });
    expect(workgroupCount(lanesOverRows, words(512, 8))).toBe(2);
    const workgroup = rowKernel({ rows: [3, 2], cols: [8], schedule: "workgroup", lanes: "none" });
    expect(workgroupCount(workgroup, words(30, 2, 8))).toBe(60);
  });

  test("of gemm and of kernels side by side", () => {
    const gemm = gemmKernel({ m: 0, n: 0, k: 0, tile: registers });
    expect(workgroupCount(gemm, words(3, 33, 65, 9))).toBe(3 * 2 * 3);
    const flat = scalarKernel("neg", "float32", "float32", 1, 1);
    const side: SideKernel = {
      form: "side",
      label: "side",
      parts: [gemm, flat],
      bindings: [...gemm.bindings, ...flat.bindings],
      bindingMap: [
        [0, 1, 2],
        [3, 4],
      ],
      paramBase: [0, 4],
      numParams: 7,
    };
    expect(workgroupCounts(side, words(3, 33, 65, 9, 100, 0, 0))).toEqual([18, 2]);
    expect(workgroupCount(side, words(3, 33, 65, 9, 100, 0, 0))).toBe(20);
    expect(codeOf(side)).toContain("if (group < params[1].y) {\n    kernel_p0(group, lid);");
    expect(codeOf(side)).toMatch(/fn a_block_p0\(/);
  });

  test("a part with barriers keeps its own workgroup size", () => {
    const row = rowKernel({ rows: [3], cols: [8], schedule: "workgroup", lanes: "none", workgroupSize: 32 });
    const flat = scalarKernel("neg", "float32", "float32", 1, 1);
    const side: SideKernel = {
      form: "side",
      label: "row+neg",
      parts: [row, flat],
      bindings: [...row.bindings, ...flat.bindings],
      bindingMap: [
        [0, 1, 2, 3],
        [4, 5],
      ],
      paramBase: [0, 2],
      numParams: 5,
    };
    expect(() => codeOf(side)).toThrow(
      /a part of row\+neg has its own workgroup size[^]*Received: test with 32[^]*Fix:/,
    );
  });
});

describe("gemm", () => {
  test("tiles waste little and depend on the shape alone", () => {
    for (const software of [true, false]) {
      for (const [m, n, k] of [
        [1, 10, 128],
        [128, 10, 128],
        [128, 128, 784],
        [784, 128, 128],
        [1, 1, 1],
        [4096, 4096, 64],
      ] as const) {
        const { threads, perThread, shared } = gemmTile(software, m, n, k);
        expect(threads[0] * threads[1]).toBeLessThanOrEqual(64);
        expect(shared && software).toBe(false);
        // An invocation has no more columns than needed, rounded up to a block of 4.
        expect(perThread[1]).toBeLessThan(n + 4);
      }
    }
  });

  test("the same text for every size of a class", () => {
    const shape = { transposeA: true, tile: registers };
    expect(codeOf(gemmKernel({ m: 64, n: 32, k: 7, ...shape }))).toBe(
      codeOf(gemmKernel({ m: 8, n: 128, k: 99, ...shape })),
    );
  });

  test("a vector load along k leaves no ragged end", () => {
    expect(codeOf(gemmKernel({ m: 3, n: 3, k: 8, tile: registers }))).toContain(
      "const RAGGED_DEPTH = false;",
    );
    expect(codeOf(gemmKernel({ m: 3, n: 3, k: 7, tile: registers }))).toContain("const RAGGED_DEPTH = true;");
  });

  test("quads ask for subgroups, and loops beside them run in workgroups of their size", () => {
    const quads: GemmTile = { threads: [4, 4], perThread: [8, 8], shared: false, depth: 4, quads: true };
    const gemm = gemmKernel({ m: 0, n: 0, k: 0, tile: quads });
    expect(codeOf(gemm)).toMatch(/^enable subgroups;\n/);
    expect(codeOf({ ...gemm, tile: registers })).not.toContain("subgroups");
    const flat = scalarKernel("neg", "float32", "float32", 1, 1);
    const side: SideKernel = {
      form: "side",
      label: "gemm+neg",
      parts: [gemm, flat],
      bindings: [...gemm.bindings, ...flat.bindings],
      bindingMap: [
        [0, 1, 2],
        [3, 4],
      ],
      paramBase: [0, 4],
      numParams: 7,
    };
    expect(codeOf(side)).toContain("@workgroup_size(16)");
    expect(workgroupCounts(side, Uint32Array.of(1, 33, 65, 9, 100, 0, 0))).toEqual([6, 7]);
  });

  test("a tile without a template is refused", () => {
    const tile: GemmTile = { ...registers, perThread: [3, 4] };
    expect(() => codeOf(gemmKernel({ m: 3, n: 3, k: 8, tile }))).toThrow(TemplateError);
  });
});

describe("template loader", () => {
  const text =
    "// @specialize\nconst A = 1;\n\n// @hook\nfn f() {\n}\n\n// @standalone\nsample\n// @end\nfn g() {\n  f();\n}\n";
  const fill = { constants: { A: 2 }, hooks: { f: "fn f() {\n  return;\n}" }, suffix: "" };

  test("fills constants and hooks and drops standalone parts", () => {
    expect(fillTemplate("t", text, fill)).toBe(
      "const A = 2;\n\nfn f() {\n  return;\n}\n\nfn g() {\n  f();\n}",
    );
  });

  test("renames what the template and its hooks declare", () => {
    expect(fillTemplate("t", text, { ...fill, suffix: "_p1" })).toMatch(
      /const A_p1[^]*fn f_p1[^]*fn g_p1\(\) {\n {2}f_p1\(\);/,
    );
  });

  test.each([
    [
      "a constant that is not marked",
      text,
      { ...fill, constants: { A: 2, B: 3 } },
      /constant is not marked[^]*B in t/,
    ],
    ["a constant that is not filled", text, { ...fill, constants: {} }, /constant is not filled[^]*A in t/],
    [
      "a hook that is not marked",
      text,
      { ...fill, hooks: { ...fill.hooks, h: "" } },
      /hook is not marked[^]*h in t/,
    ],
    ["a hook that is not filled", text, { ...fill, hooks: {} }, /hook is not filled[^]*f in t/],
    ["a doubled mark", text + text, fill, /marked twice/],
    ["a mark that is not understood", `${text}// @hok\n`, fill, /not understood[^]*@hok/],
    ["a mark apart from its declaration", text.replace("const A", "\nconst A"), fill, /not marked/],
  ])("rejects %s", (_, template, filling, message) => {
    expect(() => fillTemplate("t", template, filling)).toThrow(message);
  });
});

test("every shader closes its items at the left margin, as the loader and the library need it", () => {
  const folder = new URL("../../../shaders/", import.meta.url);
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith(".wgsl"));
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) {
    const text = readFileSync(new URL(file, folder), "utf8");
    const opened = text.match(/^(fn|struct) /gm)!.length;
    expect(text.match(/^}$/gm)?.length, file).toBe(opened);
  }
});

test("a maximum beside the argmax of the same elements has no accumulator of its own", () => {
  const { code } = emitWgsl(rowKernel({ rows: [3], cols: [40], schedule: "workgroup", lanes: "inner" }));
  // Stages 2 and 3 are max and min, 4 and 5 argmax and argmin.
  expect(code).toMatch(/let stage2 = order_value_f32\(s4_0/);
  expect(code).toMatch(/let stage3 = reverse_value_f32\(s5_0/);
  expect(code).not.toMatch(/\bs[23]_0/);
});
