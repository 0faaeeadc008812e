/** @file Row reductions through subgroups: numbers, NaN, repeatability. SwiftShader has subgroups of four. */
import { beforeAll, describe, expect, test } from "vitest";
import { checkRows, type RowCase, rowData, rowKernel } from "./rowKernels.ts";
import { runKernel } from "./runKernel.ts";
import { reductionTolerance } from "./tolerances.ts";

let device: GPUDevice;
let available = false;

beforeAll(async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const isThere = adapter?.features.has("subgroups") ?? false;
  available = isThere && navigator.gpu.wgslLanguageFeatures.has("subgroup_id");
  if (available && adapter) device = await adapter.requestDevice({ requiredFeatures: ["subgroups"] });
});

const cases: RowCase[] = [
  { rows: [5], cols: [37], schedule: "workgroup", lanes: "none", subgroups: true },
  { rows: [3], cols: [520], schedule: "workgroup", lanes: "inner", subgroups: true },
  { rows: [8], cols: [5, 7], schedule: "workgroup", lanes: "rows", subgroups: true },
  { rows: [2, 2], cols: [300], schedule: "workgroup", lanes: "none", workgroupSize: 256, subgroups: true },
  { rows: [], cols: [64], schedule: "workgroup", lanes: "inner", workgroupSize: 16, subgroups: true },
];

describe("every reduction over lanes of subgroups", () => {
  test.each(cases)("%o", async (each) => {
    if (!available) return;
    expect(await checkRows(device, each)).toBeLessThan(reductionTolerance);
  });

  test("keeps a NaN", async () => {
    if (!available) return;
    for (const each of cases.slice(0, 3)) {
      expect(await checkRows(device, each, true)).toBeLessThan(reductionTolerance);
    }
  });

  test("gives equal bits in every run", async () => {
    if (!available) return;
    const [each] = cases as [RowCase];
    const run = async (): Promise<number[]> => {
      const stats = new Float32Array(25);
      const data = [rowData(each, false), new Float32Array(5 * 37), stats, new Int32Array(10)];
      await runKernel(device, rowKernel(each), data, [5, 37]);
      return [...stats];
    };
    expect(await run()).toEqual(await run());
  });
});
