/** @file Bytes of WebAssembly modules: number formats at their edges, numbers filled in later, functions that come and go. */
import { describe, expect, test } from "vitest";
import type { Local } from "../src/cpu/wasm/assembler.ts";
import { Bytes } from "../src/cpu/wasm/bytes.ts";
import { int } from "../src/cpu/wasm/integers.ts";
import { ModuleBuilder } from "../src/cpu/wasm/moduleBuilder.ts";

function written(write: (bytes: Bytes) => void): number[] {
  const bytes = new Bytes();
  write(bytes);
  return [...bytes.data];
}

describe("numbers", () => {
  test.each([
    [0, [0]],
    [127, [0x7f]],
    [128, [0x80, 1]],
    [16383, [0xff, 0x7f]],
    [16384, [0x80, 0x80, 1]],
    [624485, [0xe5, 0x8e, 0x26]],
    [0x7fffffff, [0xff, 0xff, 0xff, 0xff, 7]],
    [0xffffffff, [0xff, 0xff, 0xff, 0xff, 15]],
  ])("%i, unsigned", (value, expected) => expect(written((bytes) => bytes.u32(value))).toEqual(expected));

  test.each([
    [0, [0]],
    [63, [0x3f]],
    [64, [0xc0, 0]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [8191, [0xff, 0x3f]],
    [8192, [0x80, 0xc0, 0]],
    [-123456, [0xc0, 0xbb, 0x78]],
    [0x7fffffff, [0xff, 0xff, 0xff, 0xff, 7]],
    [-0x80000000, [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])("%i, signed", (value, expected) => expect(written((bytes) => bytes.i32(value))).toEqual(expected));

  test("an unsigned number as a signed one is the same word", () => {
    expect(written((bytes) => bytes.i32(0xffffffff))).toEqual([0x7f]);
  });

  test("floats are little endian, also NaN and the sign of 0", () => {
    expect(written((bytes) => bytes.f32(1))).toEqual([0, 0, 0x80, 0x3f]);
    expect(written((bytes) => bytes.f32(-0))).toEqual([0, 0, 0, 0x80]);
    expect(written((bytes) => bytes.f32(Number.NaN))).toEqual([0, 0, 0xc0, 0x7f]);
    expect(written((bytes) => bytes.f64(-2))).toEqual([0, 0, 0, 0, 0, 0, 0, 0xc0]);
  });

  test("names are UTF-8 behind their length in bytes", () => {
    expect(written((bytes) => bytes.name("aé"))).toEqual([3, 0x61, 0xc3, 0xa9]);
  });

  test.each([0, 1, 0x3fff, 0xffffffff])("%i patched in five bytes", (value) => {
    const bytes = new Bytes();
    bytes.byte(1);
    bytes.bytes([0, 0, 0, 0, 0]);
    bytes.byte(2);
    bytes.patch(1, value);
    const [first, ...rest] = bytes.data;
    const digits = rest.slice(0, 5);
    expect([first, rest[5]]).toEqual([1, 2]);
    expect(digits.map((digit) => digit >> 7)).toEqual([1, 1, 1, 1, 0]);
    expect(digits.reduce((sum, digit, i) => sum + (digit & 127) * 2 ** (7 * i), 0)).toBe(value);
  });

  test("bytes survive growing, one at a time and many at once", () => {
    const bytes = new Bytes();
    const content = Uint8Array.from({ length: 10_000 }, (_, i) => i * 7);
    for (const value of content.subarray(0, 300)) bytes.byte(value);
    bytes.bytes(content.subarray(300));
    expect(bytes.length).toBe(10_000);
    expect(bytes.data).toEqual(content);
  });
});

type Exports = Record<string, (...args: number[]) => number>;

function instantiate(module: ModuleBuilder, math: WebAssembly.ModuleImports = {}): Exports {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const compiled = new WebAssembly.Module(module.finish(null));
  return new WebAssembly.Instance(compiled, { math, env: { memory } }).exports as Exports;
}

const ints = { params: ["i32"], results: ["i32"] } as const;

/** x + `more`. */
const addition = (module: ModuleBuilder, name: string | null, more: number): number =>
  module.define(ints, name, (f) => {
    f.get(0);
    f.i32(more);
    f.plain("i32.add");
  });

describe("modules", () => {
  test("constants of every length are read as they were written", () => {
    const values = [0, 63, 64, -64, -65, 8191, 8192, 0x7fffffff, -0x80000000];
    const module = new ModuleBuilder();
    values.forEach((value, i) => {
      addition(module, `k${i}`, value);
    });
    const exports = instantiate(module);
    expect(values.map((_, i) => exports[`k${i}`]!(0))).toEqual(values);
  });

  test("calls find their functions, although imports that number them come later", () => {
    const module = new ModuleBuilder();
    const helper = addition(module, null, 1);
    module.define({ params: ["f64"], results: ["f64"] }, "root", (f) => {
      f.get(0);
      f.call(module.importIndex("sqrt", 1));
    });
    module.define(ints, "twice", (f) => {
      f.get(0);
      f.call(helper);
      f.call(helper);
    });
    const exports = instantiate(module, { sqrt: Math.sqrt });
    expect([exports.root!(9), exports.twice!(5)]).toEqual([3, 7]);
  });

  test("what threw leaves nothing behind: neither functions nor helpers", () => {
    const module = new ModuleBuilder();
    const helper = () =>
      module.helper("plus", ints, (f) => {
        f.get(0);
        f.i32(10);
        f.plain("i32.add");
      });
    const attempt = () =>
      module.attempt(() => {
        module.define(ints, "lost", (f) => {
          f.get(0);
          f.call(helper());
          throw new Error("no such form");
        });
      });
    expect(attempt).toThrow("no such form");
    module.define(ints, "kept", (f) => {
      f.get(0);
      f.call(helper());
    });
    expect(helper()).toBe(helper());
    const exports = instantiate(module);
    expect(Object.keys(exports)).toEqual(["kept"]);
    expect(exports.kept!(5)).toBe(15);
  });

  test("loops run from start to end by steps, none where the end is before the start", () => {
    const module = new ModuleBuilder();
    module.define({ params: ["i32", "i32"], results: ["i32"] }, "turns", (f) => {
      const [from, to] = f.params as [Local, Local];
      const [i, turns] = [f.local("i32"), f.local("i32")];
      f.loop(i, from.get, to.get, 3, () => {
        f.set(turns, () => {
          turns.get(f);
          f.i32(1);
          f.plain("i32.add");
        });
      });
      turns.get(f);
    });
    const { turns } = instantiate(module) as { turns: (from: number, to: number) => number };
    expect([turns(0, 9), turns(0, 10), turns(-4, 0), turns(5, 5), turns(9, 0)]).toEqual([3, 4, 2, 0, 0]);
  });

  test("vectors written down in loops are what they are, before, in and behind them", () => {
    const module = new ModuleBuilder();
    module.define({ params: ["i32"], results: ["i32"] }, "sum", (f) => {
      const [turns] = f.params as [Local];
      const sum = f.local("v128");
      const addWords = (...values: number[]) =>
        f.set(sum, () => {
          sum.get(f);
          f.v128(values, true);
          f.simd("i32x4.add");
        });
      addWords(1000, 0, 0, 0);
      f.loop(f.local("i32"), int(0), turns.get, 1, () => {
        addWords(1, 2, 3, 4);
        f.loop(f.local("i32"), int(0), int(2), 1, () => addWords(10, 0, 0, 0));
        addWords(1, 2, 3, 4);
        addWords(-1, -1, -1, -1);
      });
      addWords(1, 2, 3, 4);
      sum.get(f);
      f.lane("i32x4.extract_lane", 0);
    });
    const { sum } = instantiate(module) as { sum: (turns: number) => number };
    expect([sum(0), sum(1), sum(3)]).toEqual([1001, 1022, 1064]);
  });

  test("a module of shared memory refuses another kind", () => {
    const module = new ModuleBuilder();
    addition(module, "f", 1);
    const compiled = new WebAssembly.Module(module.finish({ maximum: 16 }));
    const link = (memory: WebAssembly.Memory) => () =>
      new WebAssembly.Instance(compiled, { math: {}, env: { memory } });
    expect(link(new WebAssembly.Memory({ initial: 1, maximum: 16, shared: true }))).not.toThrow();
    expect(link(new WebAssembly.Memory({ initial: 1, maximum: 16 }))).toThrow(WebAssembly.LinkError);
  });
});
