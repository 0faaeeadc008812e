/** @file The compiler's passes one by one, counted in kernels and bytes, each with its switch; values are checked by the sample rings. */
import { describe, expect, test } from "vitest";
import { relu } from "../src/primitives/activations.ts";
import { add, mul, sub } from "../src/primitives/arithmetic.ts";
import { matmul } from "../src/primitives/contraction.ts";
import { greater, where } from "../src/primitives/logic.ts";
import { exp, tanh } from "../src/primitives/math.ts";
import { reshape, slice } from "../src/primitives/movement.ts";
import { argmax, max, mean, sum } from "../src/primitives/reduce.ts";
import { constant } from "../src/primitives/source.ts";
import { window } from "../src/primitives/window.ts";
import { callsOf, compileGraph, gpuLike, input } from "./planHarness.ts";

const labels = (...args: Parameters<typeof compileGraph>) =>
  callsOf(compileGraph(...args)).map(({ kernel }) => kernel.label);

describe("split and merged axes", () => {
  const [x, w, b] = [input([4, 6, 8]), input([8, 12]), input([12])];

  test("bias and activation of a product over leading axes are its epilogue", () => {
    expect(labels([x, w, b], [relu(add(matmul(x, w), b))])).toHaveLength(1);
  });

  test("a row reduction takes in values of merged rows", () => {
    const rows = reshape(exp(x), [24, 8]);
    expect(labels([x], [reshape(sub(rows, max(rows, [1], true)), [4, 6, 8])])).toHaveLength(1);
  });

  test("a reshape that neither splits nor merges axes stays a boundary", () => {
    const [a, c] = [input([4, 6]), input([6, 4])];
    expect(labels([a, c], [add(reshape(tanh(a), [6, 4]), c)], gpuLike(), { recompute: false })).toHaveLength(
      2,
    );
  });
});

test("a CPU renderer runs sums with barriers apart from products, a GPU beside them", () => {
  const [a, b, x] = [input([32, 16]), input([16, 32]), input([512, 16])];
  const forms = (software: boolean) => {
    const compiled = compileGraph([a, b, x], [matmul(a, b), sum(x, [0])], gpuLike({ software }));
    return callsOf(compiled).map(({ kernel }) => kernel.form);
  };
  expect(forms(true)).toEqual(["gemm", "loop"]);
  expect(forms(false)).toEqual(["side"]);
});

describe("long products", () => {
  const [x, g] = [input([8192, 16]), input([8192, 16])];
  const gradient = () => matmul(x, g, { transposeA: true });

  test("few outputs and a long k: partial products, then their sum", () => {
    const calls = callsOf(compileGraph([x, g], [gradient()]));
    expect(calls.map(({ kernel }) => kernel.form)).toEqual(["gemm", "loop"]);
    expect(calls[0]?.workgroups).toBeGreaterThan(1);
  });

  test("in one where the device asks for no parts", () => {
    expect(labels([x, g], [gradient()], gpuLike({ gemmParts: () => 1 }))).toHaveLength(1);
  });

  test("an odd k is cut into equal parts too, a prime one not at all", () => {
    const product = (k: number) => {
      const [a, c] = [input([k, 16]), input([k, 16])];
      return labels([a, c], [matmul(a, c, { transposeA: true })]);
    };
    expect(product(8193)).toHaveLength(2);
    expect(product(8191)).toHaveLength(1);
  });
});

describe("independent kernels", () => {
  const x = input([64, 32]);
  const roots = () => [sum(exp(x), [0]), sum(tanh(x), [1]), max(mul(x, x), [0])];

  test("share a dispatch", () => {
    expect(labels([x], roots()).length).toBeLessThanOrEqual(2);
  });

  test("have one each without the switch", () => {
    const separate = labels([x], roots(), gpuLike(), { sideBySide: false });
    expect(separate.every((label) => !label.includes("|"))).toBe(true);
  });

  test("loops over the same elements read them once", () => {
    const windows = window(x, { axes: [1], sizes: [4], strides: [4], dilations: [1] });
    const [call] = callsOf(compileGraph([x], [max(windows, [2]), argmax(windows, [2])]));
    expect(call?.kernel.form).toBe("loop");
    expect(call?.bindings).toHaveLength(3);
  });
});

describe("cheap values", () => {
  const [x, w, v] = [input([256, 64]), input([64, 64]), input([64, 64])];
  const both = () => {
    const y = relu(matmul(x, w));
    const mask = greater(y, constant(0));
    return [matmul(y, v), sum(where(mask, matmul(x, v), constant(0)), [0])];
  };

  test("are computed by their readers instead of stored", () => {
    const stored = (recompute: boolean) =>
      compileGraph([x, w, v], both(), gpuLike(), { recompute }).plan.slotBytes;
    expect(stored(true)).toBeLessThan(stored(false));
  });

  test("stay stored where a product reads them many times", () => {
    const y = tanh(matmul(x, w));
    const calls = callsOf(compileGraph([x, w, v], [matmul(y, v), mean(y, [1])]));
    expect(calls[0]?.kernel.label).toContain("tanh");
  });

  test("a cut of a computed value costs no kernel", () => {
    const cut = slice(relu(add(matmul(x, w), input([64]))), [0, 0], [256, 32]);
    const [bias] = cut.inputs[0]?.inputs[0]?.inputs.slice(1) ?? [];
    expect(labels([x, w, bias as typeof x], [sum(cut, [1])]).length).toBeLessThanOrEqual(2);
  });
});
