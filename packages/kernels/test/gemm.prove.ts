/** @file Long proof: every layout and class of tile over every triple of ragged sizes. */
import { describe, expect, test } from "vitest";
import { gemmTile } from "../src/templates/gemmTile.ts";
import { runGemm } from "./gemmKernels.ts";
import { gpuDevice } from "./gpuDevice.ts";
import { gemmTolerance } from "./tolerances.ts";

const ragged = [1, 3, 31, 33, 64, 65, 127];

describe.each([true, false])("software %s", (software) => {
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
                tile: gemmTile(software, m, n, k),
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
