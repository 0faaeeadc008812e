/** float16 as WebAssembly: conversions, bit for bit. */
import { expect, test } from "vitest";
import { Memory, MemoryRange } from "../src/cpu/memory.ts";
import { findExactHalves, preserving } from "../src/cpu/wasm/exactHalves.ts";
import { binding, Code, loopKernel, runOnCpu, words } from "./cpuReference.ts";
import {
  asFloats,
  asHalves,
  copyKernel,
  differences,
  everyHalf,
  halfWord,
  packHalves,
} from "./halfKernels.ts";
import { runAsWasm } from "./runAsWasm.ts";

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, 0, values.length);

/** Around every half: itself, the middle between it and the next, and the floats beside both. */
function edges(): Float32Array {
  const sizes = everyHalf().subarray(0, 0x7c00);
  const middles = sizes.map((size, i) => (size + (sizes[i + 1] ?? 65536)) / 2);
  const bits = [...sizes, ...middles].flatMap((size) => {
    const [word] = bitsOf(Float32Array.of(size)) as unknown as [number];
    return word === 0 ? [0, 1] : [word - 1, word, word + 1];
  });
  const both = Uint32Array.from([...bits, ...bits.map((word) => (word | 0x80000000) >>> 0)]);
  return new Float32Array(both.buffer);
}

/** Numbers of all signs and exponents, NaN and infinity among them. */
function everywhere(length: number): Float32Array {
  const words = Uint32Array.from({ length }, (_, i) => i * 42949 + ((i * 7919) % 8191));
  words.set([0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 0x7fffffff, 1, 0x80000000]);
  return new Float32Array(words.buffer);
}

test("every float16 is widened to the bits of its value", async () => {
  const halves = Uint16Array.from({ length: 1 << 16 }, (_, i) => i);
  const data = [packHalves(halves), new Float32Array(1 << 16)] as const;
  const kernel = copyKernel("float16", "float32", false);
  const [, found] = await runAsWasm(kernel, Uint32Array.of(1 << 16, 0), data);
  expect(differences(found, everyHalf())).toEqual([]);
  const signs = bitsOf(found).map((word) => word >>> 31);
  expect(
    differences(
      signs,
      halves.map((half) => half >>> 15),
    ),
  ).toEqual([]);
});

const columns = [
  ["rounding edges", edges()],
  ["all magnitudes", everywhere(100_001)],
] as const;

test.each(columns)("%s are narrowed to the word of the nearest, ties to even", async (_, x) => {
  const kernel = copyKernel("float32", "float16", false);
  const params = Uint32Array.of(x.length, 0);
  const data = [x, new Uint32Array(Math.ceil(x.length / 2))] as const;
  const [, found] = await runAsWasm(kernel, params, data);
  const [, loops] = await runOnCpu(kernel, params, data, { webAssembly: false });
  expect(differences(found, loops)).toEqual([]);
  const isNegative = bitsOf(x).map((word) => word >>> 31);
  const wanted = Array.from(x, (value, i) =>
    Number.isNaN(value) ? 0x7e00 + 0x8000 * isNegative[i]! : halfWord(value),
  );
  expect(differences(new Uint16Array(found.buffer), wanted)).toEqual([]);
});

test.each(columns)("the operation rounds %s alike, in registers", async (_, x) => {
  const code = new Code();
  code.store(1, code.axis(0), code.op("half", "float32", code.load(0, code.axis(0))));
  const kernel = loopKernel(code, { rows: 1, bindings: [binding(), binding("float32", "read_write")] });
  const [, found] = await runAsWasm(kernel, words(kernel, x.length), [x, new Float32Array(x.length)]);
  expect(differences(found, asFloats(asHalves(x), x.length))).toEqual([]);
});

test.each([...preserving])("%s of what float16 has is a float16", async (op) => {
  const x = everyHalf();
  const y = x.map((_, i) => x[(i * 7919) % x.length]!);
  const code = new Code();
  const args = ["max", "min"].includes(op) ? [0, 1] : [0];
  const loads = args.map((at) => code.load(at, code.axis(0)));
  code.store(2, code.axis(0), code.op(op, "float32", ...loads));
  const kernel = loopKernel(code, {
    rows: 1,
    bindings: [binding(), binding(), binding("float32", "read_write")],
  });
  const [, , found] = await runAsWasm(kernel, words(kernel, x.length), [x, y, new Float32Array(x.length)]);
  expect(differences(found, asFloats(asHalves(found), found.length))).toEqual([]);
});

test("what is a float16 already is known", () => {
  const code = new Code();
  const [x, y] = [code.load(0, code.axis(0)), code.load(1, code.axis(0))];
  const half = code.op("half", "float32", y);
  const [one, tenth] = [code.const(1, "float32"), code.const(0.1, "float32")];
  const chosen = (a: number, b: number) => code.op("select", "float32", code.op("gt", "bool", x, y), a, b);
  const flag = code.op("cast", "float32", code.op("gt", "bool", x, y));
  const exact = [x, half, one, code.op("max", "float32", x, one), chosen(half, one), flag];
  const others = [
    y,
    tenth,
    code.add(x, half),
    code.op("max", "float32", x, tenth),
    chosen(x, y),
    code.stage(0),
  ];
  const memory = (dtype: "float16" | "float32") => new MemoryRange(new Memory(), dtype, 0, 64);
  const known = findExactHalves({ code: code.code, bindings: [memory("float16"), memory("float32")] });
  expect(exact.map((id) => known[id])).toEqual(exact.map(() => true));
  expect(others.map((id) => known[id])).toEqual(others.map(() => false));
});
