/** Template kernels on a device against float64 references. */
import { expect, test } from "vitest";
import type { SideKernel } from "../src/ir/kernel.ts";
import { loop, Program, read, set, write } from "./codegenKernels.ts";
import { gpuDevice } from "./gpuDevice.ts";
import { runKernel } from "./runKernel.ts";
import {
  addFourKernel,
  cumulativeCases,
  cumulativeData,
  cumulativeError,
  cumulativeKernel,
  cumulativeWords,
  cumulativeWorkgroups,
  movingKernel,
} from "./templateKernels.ts";

test.each(cumulativeCases)("$operation of $rows x $length ($dtype)", async (spec) => {
  const [x, y] = cumulativeData(spec);
  const call = [await gpuDevice(), cumulativeKernel(spec), [x, y], cumulativeWords(spec)] as const;
  await runKernel(...call, cumulativeWorkgroups(spec));
  expect(cumulativeError(spec, x, y)).toBeLessThanOrEqual(spec.dtype === "int32" ? 0 : 1e-6);
  if (spec.computed) expect([...y.subarray(0, 8)]).toEqual(Array(8).fill(7));
});

test.each([true, false])("operands of four (bound as vectors: %s)", async (vector) => {
  const x = Float32Array.from({ length: 16 }, (_, i) => i);
  const y = new Float32Array(20).fill(100);
  await runKernel(await gpuDevice(), addFourKernel(vector), [x, y], [12, 8], 1);
  expect([...y]).toEqual([...Array(8).fill(100), ...Array.from({ length: 12 }, (_, i) => 104 + i)]);
});

test("an output whose place is computed", async () => {
  const [x, y] = [Float32Array.of(0, 0, 0, 0, 1, 2, 3, 4), new Float32Array(16)];
  await runKernel(await gpuDevice(), movingKernel(), [x, y], [4, 4, 5], 1);
  expect([...y]).toEqual([...Array(12).fill(0), 1, 2, 3, 4]);
});

test("with barriers beside another kernel, each with its own params", async () => {
  const specs = [cumulativeCases[1]!, { ...cumulativeCases[1]!, rows: 5, length: 70, reverse: true }];
  const code = new Program();
  const value = code.load(0, code.axis(0));
  const sum = code.push("add", "float32", [value, value]);
  const body = { code: code.code, stores: [set(1, code.axis(0), sum)] };
  const double = loop({ rows: 1, bindings: [read(), write()], numParams: 1, body });
  const [first, second] = specs.map(cumulativeKernel);
  const parts = [first!, double, second!];
  const kernel: SideKernel = {
    form: "side",
    label: "side",
    parts,
    bindings: parts.flatMap(({ bindings }) => bindings),
    bindingMap: [0, 2, 4].map((at) => [at, at + 1]),
    paramBase: [0, 4, 5],
    numParams: 12,
  };
  const doubled = [Float32Array.from({ length: 100 }, (_, i) => i), new Float32Array(100)] as const;
  const data = [...cumulativeData(specs[0]!), ...doubled, ...cumulativeData(specs[1]!)];
  const groups = [specs[0]!.rows, 2, specs[1]!.rows];
  const params = [...cumulativeWords(specs[0]!), 100, ...cumulativeWords(specs[1]!), ...groups];
  await runKernel(await gpuDevice(), kernel, data, params);
  expect(cumulativeError(specs[0]!, data[0]!, data[1]!)).toBeLessThanOrEqual(1e-6);
  expect([...doubled[1]]).toEqual([...doubled[0]].map((value) => value * 2));
  expect(cumulativeError(specs[1]!, data[4]!, data[5]!)).toBeLessThanOrEqual(1e-6);
});
