/** @file Forms of kernels, targets with choices, and records of choices, without a device. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Target } from "../src/ir/device.ts";
import type { LoopKernel } from "../src/ir/kernel.ts";
import { gemmParts, gemmTile } from "../src/templates/gemmTile.ts";
import * as templates from "../src/templates/library.ts";
import {
  alternatives,
  choiceStore,
  isChoiceRecord,
  kernelVersion,
  notingTarget,
  problemOf,
  tunedTarget,
} from "../src/tuning/index.ts";
import { gemmKernel } from "./gemmKernels.ts";
import { rowKernel } from "./rowKernels.ts";

function target(over: Partial<Target> = {}): Target {
  return {
    name: "webgpu",
    templates,
    lanes: 4,
    maxBindings: 8,
    maxBindingBytes: 2 ** 27,
    maxBufferBytes: 2 ** 28,
    software: false,
    workgroupBytes: 16384,
    maxWorkgroupSize: 256,
    workgroupSize: 64,
    narrowRow: 32,
    gemmTile: (m, n, k) => gemmTile(false, m, n, k),
    gemmParts: (batch, m, n, k) => gemmParts(false, batch, m, n, k),
    ...over,
  };
}

const product = gemmKernel({ m: 128, n: 64, k: 32, tile: gemmTile(false, 128, 64, 32) });
const extents = Uint32Array.of(1, 128, 64, 32);
const rows = rowKernel({ rows: [6], cols: [40], schedule: "workgroup", lanes: "inner" });
const rowExtents = Uint32Array.of(6, 40);

describe("forms of a kernel", () => {
  test("of a product are tiles within the device's limits, the heuristics' first", () => {
    const forms = alternatives(product, extents, target());
    expect([...forms.keys()][0]).toBe("32x32x16 by 64");
    expect(forms.get("32x32x16 by 64")).toEqual({ ...product, label: "gemm_nn" });
    expect(forms.has("128x128x16 by 256")).toBe(true);
    const small = alternatives(product, extents, target({ maxWorkgroupSize: 128 }));
    expect([...small.keys()].every((name) => !name.endsWith("by 256"))).toBe(true);
    for (const form of forms.values()) expect({ ...form, tile: null }).toEqual({ ...product, tile: null });
  });

  test("of a row reduction are one invocation and workgroups, by subgroups where there are any", () => {
    // Seven stages of two sizes: 256 invocations would need more workgroup memory than 16 KB.
    expect([...alternatives(rows, rowExtents, target()).keys()]).toEqual(["workgroup of 64", "thread"]);
    const wide = { subgroups: true, workgroupBytes: 2 ** 16 };
    expect([...alternatives(rows, rowExtents, target(wide)).keys()]).toEqual([
      "workgroup of 64",
      "thread",
      "workgroup of 256",
      "workgroup of 64 by subgroups",
      "workgroup of 256 by subgroups",
    ]);
  });

  test("elementwise kernels have none", () => {
    const flat: LoopKernel = { ...rows, cols: 0, rows: 2, schedule: "flat" };
    expect(alternatives(flat, rowExtents, target()).size).toBe(0);
  });

  test("a problem is the same whatever the form and label, and another for other extents or code", () => {
    const problem = problemOf(product, extents);
    expect(problem).toMatch(/^gemm nn 1x128x64x32 [\da-f]{16}$/);
    for (const form of alternatives(product, extents, target()).values())
      expect(problemOf(form, extents)).toBe(problem);
    expect(problemOf({ ...product, label: "other" }, extents)).toBe(problem);
    expect(problemOf(product, Uint32Array.of(1, 128, 64, 36))).not.toBe(problem);
    const turned = gemmKernel({ m: 128, n: 64, k: 32, transposeA: true, tile: product.tile });
    expect(problemOf(turned, extents)).not.toBe(problem);
    expect(problemOf(rows, rowExtents)).toMatch(/^rows 6 of 40 /);
  });
});

describe("a target with choices", () => {
  test("takes the named form, and the heuristics' for names that no form has", () => {
    const problem = problemOf(product, extents);
    const variant = (choice: string) =>
      tunedTarget(target(), new Map([[problem, choice]])).variantOf?.(product, extents);
    expect(variant("64x64x16 by 64")?.tile).toEqual({
      threads: [8, 8],
      perThread: [8, 8],
      shared: true,
      depth: 16,
    });
    for (const broken of ["", "9x9 by 1", "__proto__"]) expect(variant(broken)).toBe(product);
  });

  test("splits products as told, once, and by heuristics where the table holds nonsense", () => {
    const tuned = tunedTarget(target(), new Map([["split 1x64x64x4096", "4"]]));
    expect(tuned.gemmParts(1, 64, 64, 4096)).toBe(4);
    expect(tuned.gemmParts(4, 64, 64, 1024)).toBe(1);
    expect(target().gemmParts(4, 64, 64, 1024)).toBeGreaterThan(1);
    for (const broken of ["-3", "2.5", "x", "1e9", ""]) {
      const { gemmParts: parts } = tunedTarget(target(), new Map([["split 1x64x64x4096", broken]]));
      expect(parts(1, 64, 64, 4096)).toBe(target().gemmParts(1, 64, 64, 4096));
    }
  });

  test("runs a recurrent layer step by step where that was chosen", () => {
    const call = ["forward", 4, 64, [32, 100], target()] as const;
    const tuned = tunedTarget(target(), new Map([["sequence forward 4x64 32x100", "steps"]]));
    expect(tuned.templates.recurrentLaunch(...call)).toBeNull();
    expect(tuned.templates.recurrentLaunch("backward", 4, 64, [32, 100], target())).not.toBeNull();
  });

  test("is made from the target without choices", () => {
    const base = target();
    const first = tunedTarget(base, new Map([["split 1x64x64x4096", "4"]]));
    const second = tunedTarget(first, new Map());
    expect(second.untuned).toBe(base);
    expect(second.gemmParts(1, 64, 64, 4096)).toBe(base.gemmParts(1, 64, 64, 4096));
  });
});

test("a compilation's choices are noted, those of partial products not", () => {
  const noting = notingTarget(target());
  const parts = noting.target.gemmParts(1, 64, 64, 8192);
  noting.target.gemmParts(parts, 64, 64, 8192 / parts);
  noting.target.gemmParts(1, 2048, 2048, 2048);
  noting.target.templates.recurrentLaunch("forward", 3, 32, [8, 20], noting.target);
  noting.target.templates.recurrentLaunch("forward", 3, 2048, [8, 20], noting.target);
  expect([...noting.asked.keys()]).toEqual(["split 1x64x64x8192", "sequence forward 3x32 8x20"]);
  expect(noting.asked.get("split 1x64x64x8192")).toEqual({
    problem: "split 1x64x64x8192",
    own: "32",
    others: ["1", "8", "16", "64"],
  });
  expect(noting.asked.get("sequence forward 3x32 8x20")).toMatchObject({ own: "whole", others: ["steps"] });
});

describe("records", () => {
  test("anything else is told apart", () => {
    expect(isChoiceRecord({ choice: "thread", milliseconds: 0.5 })).toBe(true);
    for (const wrong of [
      null,
      3,
      "thread",
      {},
      { choice: 3, milliseconds: 1 },
      { choice: "a", milliseconds: -1 },
    ])
      expect(isChoiceRecord(wrong)).toBe(false);
  });

  test("without IndexedDB nothing is kept, found or thrown", async () => {
    const store = choiceStore("a GPU");
    expect(store.lasting).toBe(false);
    await store.save(new Map([["rows 1 of 2", { choice: "thread", milliseconds: 1 }]]));
    expect((await store.load()).size).toBe(0);
    await store.clear();
  });

  test("hold for this version", () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(kernelVersion).toBe(version);
  });
});
