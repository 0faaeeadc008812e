/** @file Attention in kernels: fused on GPUs and as WebAssembly where it can be, so that no scores are stored; else products and a softmax. */
import type { Target } from "@tenrec/kernels";
import { describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import { explain } from "../src/explain.ts";
import type { Node } from "../src/graph/node.ts";
import { attention } from "../src/primitives/attention.ts";
import { attentionTargets } from "./attentionTargets.ts";
import { compileGraph, gpuLike, input } from "./planHarness.ts";

attentionTargets("cpu");

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

const gpu = { software: false };
const software = { software: true };
const processor = { name: "cpu", software: true, webAssembly: true } as const;

/** Kernels of attention and its gradients, and the bytes between them. */
function compiled(over: Partial<Target>, { depth = 32, mask = false, causal = true } = {}) {
  const [q, k, v, g] = [0, 1, 2, 3].map(() => input([2, 256, 2, depth])) as [Node, Node, Node, Node];
  const masks = mask ? [input([2, 1, 1, 256], "bool")] : [];
  const output = attention({ q, k, v, mask: masks[0] ?? null }, { scale: 1, causal });
  const gradients = vjp([output], [g], [q, k, v], everything) as Node[];
  const leaves = [q, k, v, g, ...masks];
  const program = compileGraph(leaves, [output, ...gradients], gpuLike(over));
  const { plan } = program;
  const calls = plan.steps.flatMap((step) => (step.kind === "call" ? [step.kernel] : []));
  const text = explain({ explain: () => program });
  return {
    labels: calls.map(({ label }) => label),
    bytes: plan.slotBytes,
    scores: 4 * 2 * 2 * 256 * 256,
    text,
  };
}

describe("attention of 256 steps, forward and backward", () => {
  test("on a GPU: three kernels and the row sums of g o, less memory than the scores", () => {
    for (const mask of [false, true]) {
      const { labels, bytes, scores } = compiled(gpu, { mask });
      expect(labels).toHaveLength(4);
      const fused = labels.filter((label) => label.startsWith("attention")).sort();
      expect(fused).toEqual(["attentionForward", "attentionKeys", "attentionQueries"]);
      expect(bytes).toBeLessThan(scores);
    }
  });

  test("in software, or with rows too long for registers: decomposed", () => {
    for (const { labels } of [
      compiled(software),
      compiled(software, { mask: true }),
      compiled(gpu, { depth: 96 }),
      compiled(processor, { depth: 96, causal: false }),
    ])
      expect(labels.some((label) => label.includes("attention"))).toBe(false);
  });

  test("as WebAssembly: all gradients by one kernel", () => {
    for (const depth of [32, 96]) {
      const { labels, text } = compiled(processor, { depth });
      const fused = labels.filter((label) => label.startsWith("attention")).sort();
      expect(fused).toEqual(["attentionForward", "attentionGradient"]);
      expect(text).toMatch(/const DEPTH = \d+;[^]*\/\/ attentionGradient runs on the cpu alone/);
    }
  });
});
