/** @file Gemm kernels on a device: ragged sizes, layouts, tiles, kernels side by side. */
import { describe, expect, test } from "vitest";
import { hasQuads } from "../src/device/adapter.ts";
import type { GemmTile, LoopKernel, SideKernel } from "../src/ir/kernel.ts";
import { gemmTile } from "../src/templates/gemmTile.ts";
import { loop, Program, read, set, write } from "./codegenKernels.ts";
import { type GemmCase, gemmData, gemmError, gemmKernel, runGemm } from "./gemmKernels.ts";
import { gpuDevice } from "./gpuDevice.ts";
import { runKernel } from "./runKernel.ts";
import { gemmTolerance } from "./tolerances.ts";

function tile(threads: readonly [number, number], perThread: readonly [number, number], depth = 0): GemmTile {
  return { threads, perThread, shared: depth > 0, depth: depth || 4 };
}

const inQuads = (threads: readonly [number, number]): GemmTile => ({ ...tile(threads, [8, 8]), quads: true });

const tiles: Record<string, GemmTile> = {
  "1 x 4": tile([4, 16], [1, 4]),
  "4 x 4": tile([3, 8], [4, 4]),
  "8 x 4": tile([8, 8], [8, 4]),
  "8 x 8": tile([8, 8], [8, 8]),
  "16 x 16": tile([4, 1], [16, 16]),
  "4 x 4 shared": tile([8, 8], [4, 4], 16),
  "8 x 8 shared": tile([8, 8], [8, 8], 16),
  "8 x 8 in quads": inQuads([4, 4]),
  "8 x 8 in a column of quads": inQuads([2, 8]),
};

/** Quads need subgroups of four invocations, which SwiftShader has and most GPUs have not. */
async function deviceFor(...each: GemmTile[]): Promise<GPUDevice | null> {
  const device = await gpuDevice();
  return each.some(({ quads }) => quads) && !hasQuads(device) ? null : device;
}

const layouts = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

const ragged = [1, 3, 31, 33, 64, 65, 127] as const;

/** Every pair of sizes at (m, n), (n, k) and (k, m) with few kernels runs: a Latin square. */
const pairwise = ragged.flatMap((m, i) =>
  ragged.map((n, j) => [m, n, ragged[(i + j) % ragged.length]!] as const),
);

async function expectExact(c: GemmCase): Promise<void> {
  const device = await deviceFor(c.tile);
  if (!device) return;
  const error = await runGemm(device, c);
  expect(error, JSON.stringify(c)).toBeLessThan(gemmTolerance);
}

/** The loads and the products are apart from each other: one tile of a kind in all layouts, the others in one that turns both. */
describe("tiles and layouts", () => {
  for (const [name, each] of Object.entries(tiles)) {
    const some = ["4 x 4", "4 x 4 shared", "8 x 8 in quads"].includes(name) ? layouts : layouts.slice(3);
    test.each(some)(`${name}, transposed %s, %s`, async (transposeA, transposeB) => {
      for (const [m, n, k] of [
        [65, 33, 31],
        [64, 32, 20],
      ] as const) {
        await expectExact({ m, n, k, transposeA, transposeB, tile: each, batch: 2, columnSum: true });
      }
    });
  }
});

/** Classes by shape, and the tiles that shapes of these sizes are too small for. */
const classes: Record<string, (m: number, n: number, k: number) => GemmTile> = {
  "software tiles": (m, n, k) => gemmTile(true, m, n, k),
  "hardware tiles": (m, n, k) => gemmTile(false, m, n, k),
  "16 x 16": () => tiles["16 x 16"]!,
  "8 x 8": () => tiles["8 x 8"]!,
  "8 x 8 in quads": () => tiles["8 x 8 in quads"]!,
};

describe("ragged sizes pairwise", () => {
  test.each(Object.entries(classes))("%s", async (_, tileOf) => {
    for (const [m, n, k] of pairwise) {
      // A over [k, m] and B over [k, n]: vector loads by m and n, ragged ends by k. Other layouts in gemm.prove.ts.
      await expectExact({ m, n, k, transposeA: true, tile: tileOf(m, n, k) });
    }
  });
});

test("values past the end of k do not count, NaN among them", async () => {
  for (const name of ["16 x 16", "8 x 8", "1 x 4", "4 x 4 shared", "8 x 8 in quads"]) {
    const c: GemmCase = { m: 8, n: 8, k: 3, tile: tiles[name]!, scalar: true };
    const device = await deviceFor(c.tile);
    if (!device) continue;
    const data = gemmData(c);
    // Row 1 of A follows row 0 directly: what a load of four from k = 0 reads beyond its three values.
    data.a.fill(Number.NaN, 3, 6);
    await runKernel(device, gemmKernel(c), [data.a, data.b, data.c], [1, 8, 8, 3]);
    const rows = Array.from({ length: 8 }, (_, i) => data.c.subarray(i * 8, i * 8 + 8));
    expect(rows.map((row) => row.every(Number.isFinite))).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].map((i) => i !== 1),
    );
  }
});

function rowSum(schedule: "thread" | "workgroup"): LoopKernel {
  const p = new Program();
  const x = p.load(0, p.rowMajor([0, 1]));
  const sum = p.push("stage", "float32", [], { value: 0 });
  return loop({
    cols: 1,
    schedule,
    bindings: [read(), write()],
    stages: [{ op: "sum", value: x, dtype: "float32" }],
    body: { code: p.code, stores: [set(1, p.axis(0), sum, "row")] },
    numParams: 2,
  });
}

function sideBySide(parts: SideKernel["parts"]): SideKernel {
  let next = 0;
  let word = 0;
  const bindingMap = parts.map(({ bindings }) => bindings.map(() => next++));
  const paramBase = parts.map(({ numParams }) => {
    word += numParams;
    return word - numParams;
  });
  const bindings = parts.flatMap((part) => part.bindings);
  return {
    form: "side",
    label: "side",
    parts,
    bindings,
    bindingMap,
    paramBase,
    numParams: word + parts.length,
  };
}

const beside: Record<string, (m: number, n: number, k: number) => GemmTile> = {
  software: (m, n, k) => gemmTile(true, m, n, k),
  hardware: (m, n, k) => gemmTile(false, m, n, k),
  quad: () => tiles["8 x 8 in quads"]!,
};

describe("kernels side by side", () => {
  for (const [name, tileOf] of Object.entries(beside)) {
    test.each(["thread", "workgroup"] as const)(`${name} tiles and a %s loop`, async (schedule) => {
      const first: GemmCase = { m: 65, n: 20, k: 33, transposeA: true, tile: tileOf(65, 20, 33) };
      const second: GemmCase = { m: 40, n: 7, k: 12, batch: 2, tile: tileOf(40, 7, 12) };
      const device = await deviceFor(first.tile, second.tile);
      if (!device) return;
      const [a, b] = [gemmData(first), gemmData(second)];
      const x = Float32Array.from({ length: 300 }, (_, i) => i % 7);
      const sums = new Float32Array(10);
      const kernel = sideBySide([gemmKernel(first), rowSum(schedule), gemmKernel(second)]);
      await runKernel(
        device,
        kernel,
        [a.a, a.b, a.c, x, sums, b.a, b.b, b.c],
        [1, 65, 20, 33, 10, 30, 2, 40, 7, 12],
      );
      expect(gemmError(first, a)).toBeLessThan(gemmTolerance);
      expect(gemmError(second, b)).toBeLessThan(gemmTolerance);
      expect([...sums]).toEqual(
        Array.from({ length: 10 }, (_, r) => x.subarray(r * 30, r * 30 + 30).reduce((p, q) => p + q)),
      );
    });
  }
});
