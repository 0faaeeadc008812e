/** @file Orders and segments as compiled for other devices, on the cpu; and which kernels they are. */
import { describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import type { Node } from "../src/graph/node.ts";
import { add, mul, sub } from "../src/primitives/arithmetic.ts";
import { cumulative } from "../src/primitives/cumulative.ts";
import { take } from "../src/primitives/indexing.ts";
import { argsort, topK } from "../src/primitives/sorting.ts";
import { orderingTargets } from "./orderingTargets.ts";
import { compileGraph, gpuLike, input } from "./planHarness.ts";

orderingTargets("cpu");

const hardware = gpuLike({ software: false, narrowRow: 32 });
const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

/** Labels of the kernels, without what follows the name of a template. */
function kernels(leaves: readonly Node[], roots: readonly Node[], target = hardware): string[] {
  const { plan } = compileGraph(leaves, roots, target);
  return plan.steps.flatMap((step) => {
    if (step.kind !== "call") return [];
    const parts = step.kernel.form === "side" ? step.kernel.parts : [step.kernel];
    return parts.map(({ form, label }) => (form === "template" ? (label.split("_")[0] as string) : form));
  });
}

/** A step of descent of tables that are read at the same ids, along the sum of their weighted rows. */
function tableKernels(sizes: readonly number[], count: number, target = hardware): string[] {
  const tables = sizes.map((size) => input([size, 32]));
  const [ids, weights] = [input([count], "int32"), input([count, 32])];
  const rows = tables.map((table) => mul(take(table, ids, 0), weights)).reduce(add);
  const found = vjp([rows], [weights], tables, everything) as Node[];
  const updated = tables.map((table, i) => sub(table, found[i] as Node));
  return kernels([...tables, ids, weights], updated, target);
}

describe("kernels", () => {
  test("an embedding's step: the product with the weights, an order, offsets, sums, the update", () => {
    const loops = ["loop", "loop", "loop"];
    expect(tableKernels([1000], 512).sort()).toEqual([...loops, "orderBlocks", "segmentReduce"]);
    expect(tableKernels([1000], 32).sort()).toEqual([...loops, "orderRank", "segmentReduce"]);
  });

  test("tables that share ids share the order, the offsets and here even the sums", () => {
    expect(tableKernels([1000, 1000], 512).filter((label) => label === "orderBlocks")).toHaveLength(1);
  });

  test("a small table's gradient is a product", () => {
    const labels = tableKernels([64], 512);
    expect(labels.filter((label) => label === "gemm")).toHaveLength(1);
    expect(labels.some((label) => label.startsWith("order"))).toBe(false);
  });

  test("orders: one kernel of rows that fit workgroup memory, merges of four above", () => {
    const labels = (length: number, target = hardware) => {
      const x = input([1, length]);
      return kernels([x], [argsort(x, 1)], target);
    };
    expect(labels(64)).toEqual(["orderRank"]);
    expect(labels(2048)).toEqual(["orderBlocks"]);
    expect(labels(5000)).toEqual(["orderBlocks", "orderMerge"]);
    expect(labels(1 << 17)).toEqual(["orderBlocks", "orderMerge", "orderMerge", "orderMerge"]);
    expect(labels(1000, gpuLike())).toEqual(["orderRank", "orderMerge", "orderMerge"]);
  });

  test("the 40 largest of 50000: blocks, their best, the best of these", () => {
    const x = input([1, 50000]);
    const labels = kernels([x], [topK(x, 40).indices]);
    expect(labels.filter((label) => label.startsWith("order"))).toEqual(["orderBlocks", "orderBlocks"]);
  });

  test("running sums: one kernel, or three phases of a long row", () => {
    const labels = (rows: number, length: number) => {
      const x = input([rows, length]);
      return kernels([x], [cumulative(x, 1, "sum")]);
    };
    expect(labels(1, 4096)).toEqual(["cumulative"]);
    expect(labels(1, 1 << 20)).toEqual(["cumulative", "cumulative", "loop"]);
    expect(labels(256, 1 << 13)).toEqual(["cumulative"]);
  });
});
