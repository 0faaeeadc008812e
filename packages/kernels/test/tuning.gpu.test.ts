/** @file Every form that tuning may choose of a product is right (those of rows are in codegen and subgroups). */
import { expect, test } from "vitest";
import { gemmTile } from "../src/templates/gemmTile.ts";
import { alternatives } from "../src/tuning/index.ts";
import { type GemmCase, gemmData, gemmError, gemmKernel } from "./gemmKernels.ts";
import { gpuDevice } from "./gpuDevice.ts";
import { runKernel } from "./runKernel.ts";
import { gemmTolerance } from "./tolerances.ts";

const limits = { workgroupBytes: 16384, maxWorkgroupSize: 256 };

test.each([
  ["wide products on a GPU", false, { m: 130, n: 72, k: 36 }, 6],
  ["narrow products on a GPU", false, { m: 33, n: 10, k: 20 }, 4],
  ["products on a CPU renderer", true, { m: 65, n: 33, k: 12 }, 3],
] as const)("%s", async (_, software, { m, n, k }, fewest) => {
  const each: GemmCase = { m, n, k, transposeA: true, columnSum: true, tile: gemmTile(software, m, n, k) };
  const target = { ...limits, software };
  const forms = [...alternatives(gemmKernel(each), Uint32Array.of(1, m, n, k), target)];
  expect(forms.length).toBeGreaterThanOrEqual(fewest);
  for (const [name, form] of forms) {
    const data = gemmData(each);
    await runKernel(await gpuDevice(), form, [data.a, data.b, data.c, data.sums], [1, m, n, k]);
    expect(gemmError(each, data), name).toBeLessThan(gemmTolerance);
  }
});
