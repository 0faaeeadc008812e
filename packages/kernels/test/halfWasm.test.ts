/** Kernels over float16 as WebAssembly against the same over float32, bit for bit, and against block loops. */
import { describe, expect, test } from "vitest";
import type { Kernel } from "../src/ir/kernel.ts";
import { attentionCases, attentionData, attentionKernel, attentionReference } from "./attentionKernels.ts";
import { random, runOnCpu, type Words, words } from "./cpuReference.ts";
import { loopCases, productCases } from "./halfCases.ts";
import { asFloats, asHalves, differences, halved } from "./halfKernels.ts";
import { recurrentCall, recurrentKinds } from "./recurrentKernels.ts";
import { runAsWasm } from "./runAsWasm.ts";
import { cumulativeKernel, cumulativeWords } from "./templateKernels.ts";

const isFloat = (words: Words): words is Float32Array => words instanceof Float32Array;

interface Call {
  readonly kernel: Kernel;
  readonly params: Uint32Array;
  readonly data: readonly Words[];
}

/** What bindings hold after the kernel over float16, after the same over float32 (rounded where it is stored so), and after block loops. */
async function runAll({ kernel, params, data }: Call, which: "all" | "inputs") {
  const rounded = data.map((one) => (isFloat(one) ? asFloats(asHalves(one), one.length) : one));
  const own = halved(kernel, which);
  const isHalf = (i: number) => own.bindings[i]!.dtype === "float16";
  const inMemory = (arrays: readonly Words[]) => arrays.map((one, i) => (isHalf(i) ? asHalves(one) : one));
  const numbers = (results: readonly Words[]) =>
    results.map((one, i) => (isHalf(i) ? asFloats(one as Uint32Array, data[i]!.length) : one));
  const float32 = await runOnCpu(kernel, params, rounded, { webAssembly: "strict" });
  return {
    found: numbers(await runAsWasm(own, params, inMemory(rounded))),
    wanted: numbers(inMemory(float32)),
    loops: numbers(await runOnCpu(own, params, inMemory(rounded), { webAssembly: false })),
  };
}

/** A step of float16 at most, for sums in another order may round to its neighbour. */
function expectClose(found: Words, wanted: Words): void {
  const error = (i: number) =>
    Object.is(found[i], wanted[i])
      ? 0
      : Math.abs(found[i]! - wanted[i]!) / Math.max(2 ** -6, Math.abs(wanted[i]!));
  expect(Math.max(...found.map((_, i) => error(i)))).toBeLessThanOrEqual(2 ** -10);
}

async function check(call: Call, which: "all" | "inputs"): Promise<void> {
  const { found, wanted, loops } = await runAll(call, which);
  found.forEach((one, i) => {
    expect(differences(one, wanted[i]!)).toEqual([]);
    expectClose(one, loops[i]!);
  });
}

describe.each(["all", "inputs"] as const)("float16 in %s", (which) => {
  test.each([...loopCases, ...productCases])("$title", (call) => check(call, which));
});

/** Their outputs are words. */
describe("templates read float16", () => {
  const sequences = Object.entries(recurrentKinds).filter(([, { step }]) => !step);

  test.each(sequences)("%s", async (_, kind) => {
    const target = { name: "cpu", software: true, workgroupBytes: 16384, maxWorkgroupSize: 256 } as const;
    const { kernel, words: own, data } = recurrentCall(kind, { batch: 5, steps: 3, units: 5 }, target)!;
    await check({ kernel, params: words(kernel, ...own), data }, "inputs");
  });

  test.each(["forward", "gradient"] as const)("%s of attention", async (kind) => {
    const spec = attentionCases[0]!;
    const { kernel, launch } = attentionKernel(kind, spec);
    const { data, sizes } = attentionData(kind, spec, attentionReference(spec));
    await check({ kernel, params: words(kernel, ...launch.params, ...sizes), data }, "inputs");
  });

  test.each([false, true])("running totals, computed: %s", async (computed) => {
    const spec = { operation: "sum", dtype: "float32", rows: 3, length: 37, computed } as const;
    const kernel = cumulativeKernel(spec);
    const data = [random(3 * 37), new Float32Array(3 * 37 + 8)];
    await check({ kernel, params: words(kernel, ...cumulativeWords(spec)), data }, "inputs");
  });
});
