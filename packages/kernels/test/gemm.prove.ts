/** @file Long proof: every layout and class of tile over every triple of ragged sizes. */
import { describe, expect, test } from "vitest";
import type { GemmTile } from "../src/ir/kernel.ts";
import { gemmTile } from "../src/templates/gemmTile.ts";
import { runGemm } from "./gemmKernels.ts";
import { gpuDevice } from "./gpuDevice.ts";
import { gemmTolerance } from "./tolerances.ts";

const ragged = [1, 3, 31, 33, 64, 65, 127];

const large: GemmTile = { threads: [4, 1], perThread: [16, 16], shared: false, depth: 4 };

/** Classes by shape, and the tile that these shapes are too small for. */
const classes: Record<string, (m: number, n: number, k: number) => GemmTile> = {
  software: (m, n, k) => gemmTile(true, m, n, k),
  hardware: (m, n, k) => gemmTile(false, m, n, k),
  "16 x 16": () => large,
};

describe.each(Object.entries(classes))("%s tiles", (_, tileOf) => {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      test(`transposed ${transposeA}, ${transposeB}`, async () => {
        for (const m of ragged) {
          for (const n of ragged) {
            for (const k of ragged) {
              const c = {
                m,
                n,
                k,
                transposeA,
                transposeB,
                tile: tileOf(m, n, k),
                columnSum: (m + n + k) % 2 === 0,
              };
              expect(await runGemm(await gpuDevice(), c), JSON.stringify(c)).toBeLessThan(gemmTolerance);
            }
          }
        }
      });
    }
  }
});
