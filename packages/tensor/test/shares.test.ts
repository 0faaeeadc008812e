/** @file Activations of a compiled function by the name of who recorded them. */
import { beforeAll, describe, expect, test } from "vitest";
import { gradients } from "../src/autodiff/tape.ts";
import { sharesOf } from "../src/compile/shares.ts";
import { jit } from "../src/jit.ts";
import * as ops from "../src/ops/index.ts";
import { placeholderNode } from "../src/runtime/leaf.ts";
import { init } from "../src/runtime/runtime.ts";
import { noteMaker } from "../src/runtime/scope.ts";
import { type Tensor, tensor } from "../src/tensor.ts";

beforeAll(() => init({ backend: "cpu" }));

describe("slots", () => {
  const [a, b] = [placeholderNode([4], "float32"), placeholderNode([8], "float32")];
  const named = (node: unknown) => (node === a ? "a" : "b");

  test("one after another in one place: the largest has it all", () => {
    const values = [
      { maker: a, offset: 0, bytes: 16 },
      { maker: b, offset: 0, bytes: 32 },
    ];
    expect([...sharesOf([{ bytes: 256, values }], named)]).toEqual([["b", 256]]);
  });

  test("side by side: each has its own, and gaps are nobody's", () => {
    const values = [
      { maker: a, offset: 0, bytes: 16 },
      { maker: b, offset: 256, bytes: 32 },
    ];
    expect(sharesOf([{ bytes: 512, values }], named)).toEqual(
      new Map([
        ["a", 16],
        ["b", 32],
        ["", 464],
      ]),
    );
  });
});

describe("a compiled function", () => {
  const rows = 64;
  const x = tensor(new Float32Array(rows * 16).fill(0.5), { shape: [rows, 16] });
  const weights = [16, 32, 8].map((width) =>
    tensor(new Float32Array(16 * width).fill(0.1), { shape: [16, width] }),
  );
  const layer = (name: string, h: Tensor, w: Tensor) => {
    noteMaker(name);
    const y = ops.softmax(ops.matmul(h, w));
    noteMaker("");
    return y;
  };

  test("names come with what is recorded and with its gradient, and the bytes add up", () => {
    const step = jit((input: Tensor, first: Tensor, second: Tensor) => {
      const loss = ops.sum(ops.square(layer("two", layer("one", input, first), second)));
      return gradients(loss, [first, second]) as Tensor[];
    });
    step(x, weights[0] as Tensor, weights[1] as Tensor);
    const { activations, plan } = step.explain() ?? { activations: new Map<string, number>(), plan: null };
    expect([...activations.values()].reduce((a, b) => a + b, 0)).toBe(plan?.slotBytes);
    // The softmax of the first one is kept for its gradient; both of the second are 64 x 32.
    expect(activations.get("one")).toBeGreaterThanOrEqual(rows * 16 * 4);
    expect(activations.get("two")).toBeGreaterThanOrEqual(rows * 32 * 4);
  });

  test("values inside a loop belong to who recorded the loop", () => {
    const step = jit((input: Tensor, w: Tensor) => {
      noteMaker("loop");
      const [last] = ops.scan(
        (h: Tensor, row: Tensor) => {
          const next = ops.softmax(ops.matmul(ops.reshape(ops.add(h, row), [1, 16]), w));
          return [ops.reshape(next, [16]), []];
        },
        ops.zeros([16]),
        input,
      ) as [Tensor, unknown];
      noteMaker("after");
      return ops.multiply(last, 2);
    });
    step(x, weights[0] as Tensor);
    const { activations, plan } = step.explain() ?? { activations: new Map<string, number>(), plan: null };
    expect(activations.get("loop")).toBeGreaterThan(0);
    expect([...activations.values()].reduce((a, b) => a + b, 0)).toBe(plan?.slotBytes);
  });
});
