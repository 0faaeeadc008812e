/** Template kernels on the cpu backend, and what a plan with a wrong one is told. */
import { describe, expect, test } from "vitest";
import { emitWgsl, workgroupCount } from "../src/codegen/index.ts";
import { wgslOf } from "../src/codegen/templates/index.ts";
import { openCpu } from "../src/cpu/device.ts";
import type { SideKernel, TemplateKernel } from "../src/ir/kernel.ts";
import { planOf, runOnCpu, words } from "./cpuReference.ts";
import {
  addFourKernel,
  cumulativeCases,
  cumulativeData,
  cumulativeError,
  cumulativeKernel,
  cumulativeWords,
  movingKernel,
} from "./templateKernels.ts";

test.each(cumulativeCases)("$operation of $rows x $length ($dtype)", async (spec) => {
  const kernel = cumulativeKernel(spec);
  const data = cumulativeData(spec);
  const [x, y] = await runOnCpu(kernel, words(kernel, ...cumulativeWords(spec)), data);
  expect(cumulativeError(spec, x, y)).toBeLessThanOrEqual(spec.dtype === "int32" ? 0 : 1e-6);
  if (spec.computed) expect([...y.subarray(0, 8)]).toEqual(Array(8).fill(7));
});

test("operands of four, an input read where it lies, an output behind others", async () => {
  const kernel = addFourKernel(false);
  const data = [Float32Array.from({ length: 16 }, (_, i) => i), new Float32Array(20).fill(100)] as const;
  const [, y] = await runOnCpu(kernel, words(kernel, 12, 8), data);
  const sums = Array.from({ length: 12 }, (_, i) => 104 + i);
  expect([...y]).toEqual([...Array(8).fill(100), ...sums]);
});

test("an output whose place is computed", async () => {
  const data = [Float32Array.of(0, 0, 0, 0, 1, 2, 3, 4), new Float32Array(16)] as const;
  const kernel = movingKernel();
  const [, y] = await runOnCpu(kernel, words(kernel, 4, 4, 5), data);
  expect([...y]).toEqual([...Array(12).fill(0), 1, 2, 3, 4]);
});

test("beside another kernel", async () => {
  const part = addFourKernel(false);
  const kernel: SideKernel = {
    form: "side",
    label: "both",
    parts: [part, part],
    bindings: [...part.bindings, ...part.bindings],
    bindingMap: [
      [0, 1],
      [2, 3],
    ],
    paramBase: [0, 2],
    numParams: 6,
  };
  const data = [8, 8, 12, 12].map((length) => new Float32Array(length).fill(1));
  const [, first, , second] = await runOnCpu(kernel, words(kernel, 4, 0, 8, 4), data);
  expect([...first!]).toEqual([2, 2, 2, 2, 1, 1, 1, 1]);
  expect([...second!]).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2]);
});

describe("rejects", () => {
  const good = cumulativeKernel(cumulativeCases[0]!);
  const build = (kernel: TemplateKernel) =>
    openCpu().build(planOf(kernel, words(kernel), [new Float32Array(4), new Float32Array(4)]));
  test.each<[string, Partial<TemplateKernel>, RegExp]>([
    ["a missing operand", { inputs: [] }, /does not fit its template[^]*0 inputs and 1 outputs/],
    [
      "another dtype",
      { inputs: cumulativeKernel(cumulativeCases.at(-1)!).inputs },
      /x of int32[^]*float32 \(cumulative\)/,
    ],
    [
      "an output that is only read",
      { bindings: [good.bindings[0]!, good.bindings[0]!] },
      /cannot write output y/,
    ],
    ["too few params", { numOwnParams: 9 }, /too few params/],
  ])("%s", (_, change, message) => {
    expect(() => build({ ...good, ...change })).toThrow(message);
  });

  test("a hook of no operand", () => {
    const wgsl = wgslOf(good.template).replaceAll("load_x", "load_z");
    expect(() => emitWgsl({ ...good, template: { ...good.template, wgsl } })).toThrow(
      /belongs to no operand[^]*load_z/,
    );
  });

  test("counting the workgroups of a template alone", () => {
    expect(() => workgroupCount(good, words(good))).toThrow(/not a function of its params/);
  });
});
