/** What the rings of the cpu backend run, and what a sample of them is. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../common.mjs";
import { cpuRings, drawSample } from "../cpuRings.mjs";

const rings = Object.keys(cpuRings) as (keyof typeof cpuRings)[];

describe("files", () => {
  test.each(rings)("%s has tests that compute, and none for WebGPU", (ring) => {
    const files = cpuRings[ring]();
    expect(files.every((path) => existsSync(join(root, path)))).toBe(true);
    expect(files).toContain("packages/tensor/test/fuzz.test.ts");
    expect(files).toContain("packages/layers/test/realModels.test.ts");
    expect(files.filter((path) => path.includes(".gpu."))).toEqual([]);
  });

  test("threads leaves out what counts threads, and tests of devices that are opened without", () => {
    expect(cpuRings.threads().filter((path) => /\/threads|kernels\/test/.test(path))).toEqual([]);
    expect(cpuRings.threads()).toContain("packages/layers/test/linearMemory.test.ts");
  });

  test("javascript leaves out what holds with WebAssembly only, relaxed what needs Node", () => {
    expect(cpuRings.javascript().filter((path) => /wasm/i.test(path))).toEqual([]);
    expect(cpuRings.relaxed()).toContain("packages/kernels/test/templatesWasm.test.ts");
    expect(cpuRings.relaxed()).not.toContain("packages/layers/test/datasetsMnist.test.ts");
    expect(cpuRings.javascript()).toContain("packages/layers/test/datasetsMnist.test.ts");
  });
});

describe.each(rings)("a sample of %s", (ring) => {
  const files = cpuRings[ring]();

  test("is the same for a seed and another one for another", () => {
    const [sample, again, other] = [1, 1, 2].map((seed) => drawSample(files, seed)) as [
      string[],
      string[],
      string[],
    ];
    expect(again).toEqual(sample);
    expect(other).not.toEqual(sample);
    expect(new Set(sample).size).toBe(sample.length);
  });

  test("has the cpu backend's own tests, and none that takes long", () => {
    const own = files.filter((path) => path.startsWith("packages/kernels/test/cpu"));
    expect(own.includes("packages/kernels/test/cpuGemm.test.ts")).toBe(ring !== "threads");
    for (let seed = 0; seed < 20; seed++) {
      const sample = drawSample(files, seed);
      expect(sample).toEqual(expect.arrayContaining(own));
      expect(sample).not.toContain("packages/layers/test/realModels.test.ts");
      expect(sample.length).toBeLessThan(files.length / 4);
    }
  });
});

test("every file that may be drawn is drawn by some seed", () => {
  const files = Array.from({ length: 60 }, (_, i) => `packages/tensor/test/t${i}.test.ts`);
  const drawn = new Set(Array.from({ length: 100 }, (_, seed) => drawSample(files, seed)).flat());
  expect(drawn.size).toBe(60);
});
