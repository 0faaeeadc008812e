/** @file Attention in kernels: fused on a GPU where it can be, so that no scores are stored; products and a softmax elsewhere. */
import { describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import type { Node } from "../src/graph/node.ts";
import { attention } from "../src/primitives/attention.ts";
import { compileGraph, gpuLike, input } from "./planHarness.ts";

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

/** Kernels of attention and its gradients, and the bytes between them. */
function compiled(software: boolean, { depth = 32, mask = false } = {}) {
  const [q, k, v, g] = [0, 1, 2, 3].map(() => input([2, 256, 2, depth])) as [Node, Node, Node, Node];
  const masks = mask ? [input([2, 1, 1, 256], "bool")] : [];
  const output = attention({ q, k, v, mask: masks[0] ?? null }, { scale: 1, causal: true });
  const gradients = vjp([output], [g], [q, k, v], everything) as Node[];
  const leaves = [q, k, v, g, ...masks];
  const { plan } = compileGraph(leaves, [output, ...gradients], gpuLike({ software }));
  const calls = plan.steps.flatMap((step) => (step.kind === "call" ? [step.kernel] : []));
  return { labels: calls.map(({ label }) => label), bytes: plan.slotBytes, scores: 4 * 2 * 2 * 256 * 256 };
}

describe("attention of 256 steps, forward and backward", () => {
  test("on a GPU: two kernels and the row sums of g o, less memory than the scores", () => {
    const { labels, bytes, scores } = compiled(false);
    expect(labels).toHaveLength(3);
    expect(labels[0]).toContain("attentionForward");
    expect(labels[2]).toContain("attentionBackward");
    expect(bytes).toBeLessThan(scores);
  });

  test("in software, with a mask, or with rows too long for registers: decomposed", () => {
    for (const { labels } of [
      compiled(true),
      compiled(false, { mask: true }),
      compiled(false, { depth: 96 }),
    ])
      expect(labels.some((label) => label.includes("attention"))).toBe(false);
  });
});
