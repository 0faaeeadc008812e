/** @file What the self-test says of engines that lack WebAssembly, forbid it, or get it wrong. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { cpuNotice, openCpu } from "../src/cpu/device.ts";
import { findSupport, pretendSupport } from "../src/cpu/wasm/support.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  pretendSupport(null);
});

const engine = globalThis.WebAssembly;

/** This engine, but for some of its parts. */
function pretend(parts: Partial<typeof WebAssembly>): void {
  vi.stubGlobal("WebAssembly", Object.assign(Object.create(engine), parts));
}

/** Instances whose function changes one bit of the word at `address` once it is done. */
function wrongAt(address: number, isWrong: () => boolean): Partial<typeof WebAssembly> {
  class Instance {
    readonly exports: { test: (start: number) => void };
    constructor(module: WebAssembly.Module, imports: { env: { memory: WebAssembly.Memory } }) {
      const { test } = new engine.Instance(module, imports).exports as Instance["exports"];
      const spoiled = (start: number) => {
        test(start);
        if (isWrong()) new Int32Array(imports.env.memory.buffer)[(start + address) / 4]! ^= 1;
      };
      this.exports = { test: spoiled };
    }
  }
  return { Instance: Instance as unknown as typeof WebAssembly.Instance };
}

/** Five vectors of answers stand behind two of inputs. */
const answers = Array.from({ length: 20 }, (_, i) => 32 + 4 * i);

describe("the self-test", () => {
  test("holds where SIMD works", () => {
    expect(findSupport()).toMatchObject({ simd: true, reason: "" });
  });

  test("says that there is no WebAssembly", () => {
    vi.stubGlobal("WebAssembly", undefined);
    expect(findSupport()).toEqual({
      simd: false,
      relaxed: false,
      reason: "this browser has no WebAssembly",
    });
  });

  test("says that there is no SIMD", () => {
    pretend({ validate: () => false });
    expect(findSupport()).toEqual({ simd: false, relaxed: false, reason: "WebAssembly has no SIMD here" });
  });

  test("says what forbids to compile", () => {
    class Module {
      constructor() {
        throw new engine.CompileError("blocked by policy");
      }
    }
    pretend({ Module: Module as unknown as typeof WebAssembly.Module });
    const reason =
      "WebAssembly may not be compiled here: policies of pages allow it by 'wasm-unsafe-eval' (blocked by policy)";
    expect(findSupport()).toEqual({ simd: false, relaxed: false, reason });
  });

  test.each(answers)("refuses a wrong bit at byte %i", (address) => {
    pretend(wrongAt(address, () => true));
    const reason = "WebAssembly computes wrong numbers with SIMD here";
    expect(findSupport()).toEqual({ simd: false, relaxed: false, reason });
  });

  test("wrong answers of relaxed SIMD alone leave the strict one", () => {
    let runs = 0;
    // An engine without relaxed SIMD stands in with the strict module, so that there are answers to spoil.
    const strict = new engine.Module(modulesAsked()[0]!);
    class Module {
      constructor() {
        // biome-ignore lint/correctness/noConstructorReturn: a module is a thing of the engine, whichever way it is made.
        return strict;
      }
    }
    pretend({
      validate: () => true,
      Module: Module as unknown as typeof WebAssembly.Module,
      ...wrongAt(32, () => ++runs === 2),
    });
    expect(findSupport()).toEqual({ simd: true, relaxed: false, reason: "" });
    expect(runs).toBe(2);
  });
});

/** The modules that the self-test looks at, in order. */
function modulesAsked(): Uint8Array<ArrayBuffer>[] {
  const asked: Uint8Array<ArrayBuffer>[] = [];
  pretend({
    validate: (bytes) => {
      asked.push(bytes as Uint8Array<ArrayBuffer>);
      return engine.validate(bytes);
    },
  });
  findSupport();
  return asked;
}

describe("what the device makes of it", () => {
  const features = (options = {}) => {
    const device = openCpu(options);
    device.dispose();
    return device.info.features;
  };

  test("the kinds of WebAssembly are features", () => {
    pretendSupport({ simd: true, relaxed: true });
    expect(features({ webAssembly: "relaxed" })).toEqual(["wasm-simd", "relaxed-simd"]);
    expect(features({ webAssembly: "strict" })).toEqual(["wasm-simd"]);
    expect(features({ webAssembly: false })).toEqual([]);
    pretendSupport({ relaxed: false });
    expect(features({ webAssembly: "relaxed" })).toEqual(["wasm-simd"]);
    expect(cpuNotice({})).toBeUndefined();
  });

  test("without SIMD there are none, and a notice says why, unless JavaScript was asked for", () => {
    pretendSupport({ simd: false, relaxed: false, reason: "of a test" });
    expect(features({ webAssembly: "relaxed" })).toEqual([]);
    expect(cpuNotice({ webAssembly: "relaxed" })).toBe(
      "tenrec: the cpu backend computes in JavaScript, many times slower than it could, because of a test.",
    );
    expect(cpuNotice({ webAssembly: false })).toBeUndefined();
  });

  test("JavaScript is had without asking for WebAssembly, which a policy would report", async () => {
    const asked: (string | symbol)[] = [];
    const get = (_: object, name: string | symbol) => void asked.push(name);
    vi.stubGlobal("WebAssembly", new Proxy({}, { get }));
    vi.resetModules();
    const fresh = await import("../src/cpu/device.ts");
    expect(fresh.openCpu({ webAssembly: false }).info.features).toEqual([]);
    expect(fresh.cpuNotice({ webAssembly: false })).toBeUndefined();
    expect(asked).toEqual([]);
    expect(fresh.openCpu({ webAssembly: "strict" }).info.features).toEqual([]);
    expect(asked).not.toEqual([]);
    // Files that run after this one would find the modules, and what they found out here.
    vi.resetModules();
  });
});
