/** @file Normalisation in kernels: one forward, one for the input's gradient, and column sums. */
import { describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import type { Node } from "../src/graph/node.ts";
import { square } from "../src/primitives/arithmetic.ts";
import { matmul } from "../src/primitives/contraction.ts";
import { type NormalizeSettings, normalize } from "../src/primitives/normalize.ts";
import { compileGraph, input } from "./planHarness.ts";

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

/** Labels of the kernels that are no products, of a norm between two products and its gradients. */
function compiled(shape: readonly number[], settings: Partial<NormalizeSettings>, part: readonly number[]) {
  const width = shape.at(-1) as number;
  const [x, first, second] = [input(shape), input([width, width]), input([width, 16])];
  const [scale, offset] = [input(part), input(part)];
  const middle = matmul(x, first);
  const full = { axes: [shape.length - 1], epsilon: 1e-3, centered: true, ...settings };
  const output = matmul(normalize(middle, full, scale, offset), second);
  // The gradient depends on the output, as that of a loss does: forward and backward cannot be one kernel.
  const gradients = vjp([square(output)], [square(output)], [first, second, scale, offset], everything);
  const leaves = [x, first, second, scale, offset];
  const { plan } = compileGraph(leaves, [output, ...(gradients as Node[])]);
  return plan.steps.flatMap((step) => {
    if (step.kind !== "call") return [];
    const parts = step.kernel.form === "side" ? step.kernel.parts : [step.kernel];
    return parts.flatMap(({ form, label }) => (form === "loop" ? [label] : []));
  });
}

describe("kernels of a norm between two products, forward and backward", () => {
  test("layer norm: forward, input gradient, and a column sum for each of scale and offset", () => {
    expect(compiled([4, 16, 64], {}, [64])).toHaveLength(4);
  });

  test("batch norm: forward, and all three gradients in one", () => {
    expect(compiled([8, 4, 4, 32], { axes: [0, 1, 2] }, [32])).toHaveLength(2);
  });

  test("root mean square norm", () => {
    expect(compiled([4, 16, 64], { centered: false }, [64])).toHaveLength(4);
  });
});
