/** @file Tiles that only tuning chooses: 256 invocations. Those of 64 are in gemm.gpu.test.ts, forms of rows in codegen and subgroups. */
import { expect, test } from "vitest";
import { gemmTile } from "../src/templates/gemmTile.ts";
import { alternatives } from "../src/tuning/index.ts";
import { type GemmCase, gemmData, gemmError, gemmKernel } from "./gemmKernels.ts";
import { gpuDevice } from "./gpuDevice.ts";
import { runKernel } from "./runKernel.ts";
import { gemmTolerance } from "./tolerances.ts";

const target = { software: false, workgroupBytes: 16384, maxWorkgroupSize: 256 };

test("products of 64 x 64 and 128 x 128 outputs by 256 invocations", async () => {
  const [m, n, k] = [130, 72, 36];
  const each: GemmCase = { m, n, k, transposeA: true, tile: gemmTile(false, m, n, k) };
  const forms = [...alternatives(gemmKernel(each), Uint32Array.of(1, m, n, k), target)];
  const large = forms.filter(([name]) => name.endsWith("by 256"));
  expect(large.map(([name]) => name)).toEqual(["64x64x16 by 256", "128x128x16 by 256"]);
  for (const [name, form] of large) {
    const data = gemmData(each);
    await runKernel(await gpuDevice(), form, [data.a, data.b, data.c], [1, m, n, k]);
    expect(gemmError(each, data), name).toBeLessThan(gemmTolerance);
  }
});
