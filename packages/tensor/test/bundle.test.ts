/** @file Operations with several results: values, gradients to second order, compiled and un-jitted, and unused results. */
import { beforeAll, describe, expect, test } from "vitest";
import { type Node, record } from "../src/graph/node.ts";
import { GradientTape, grad, init, jit, ops, type Tensor, tensor } from "../src/index.ts";
import { add, mul } from "../src/primitives/arithmetic.ts";
import { bundle, part } from "../src/primitives/bundle.ts";
import { cos, sin } from "../src/primitives/math.ts";
import { useNode } from "../src/runtime/handles.ts";
import { Tensor as TensorClass } from "../src/tensor.ts";

/** (sin(x) y, cos(x) + y) with a rule of its own. */
const wave = bundle("wave", {
  results: ([x]) => [x as Node, x as Node],
  decompose: ([x, y]) => [mul(sin(x as Node), y as Node), add(cos(x as Node), y as Node)],
  vjp: ([first, second], { inputs }) => {
    const [x, y] = inputs as [Node, Node];
    const toX = [first && mul(first, mul(cos(x), y)), second && mul(second, mul(sin(x), minusOne(x)))];
    const toY = [first && mul(first, sin(x)), second];
    return [toX, toY].map((parts) => {
      const [a, b] = parts.filter((part) => part !== null && part !== undefined) as Node[];
      return a && b ? add(a, b) : (a ?? null);
    });
  },
});

function minusOne(like: Node): Node {
  return useNode(ops.full(like.shape, -1));
}

function apply(x: Tensor, y: Tensor): [Tensor, Tensor] {
  const node = record(wave, [useNode(x), useNode(y)]);
  return [new TensorClass(part(node, 0)).hold(), new TensorClass(part(node, 1)).hold()];
}

describe("bundle", () => {
  beforeAll(() => init({ backend: "cpu" }));
  const x = () => tensor([0.3, -1.2, 2]);
  const y = () => tensor([1.5, 0.5, -1]);
  const expected = [0, 1].map((i) =>
    [0.3, -1.2, 2].map((a, j) => {
      const b = [1.5, 0.5, -1][j] as number;
      return i === 0 ? Math.sin(a) * b : Math.cos(a) + b;
    }),
  );

  test("both results, read one after another", async () => {
    const [first, second] = apply(x(), y());
    for (const [i, result] of [first, second].entries()) {
      const data = await result.data();
      expected[i]?.forEach((value, j) => expect(data[j]).toBeCloseTo(value, 5));
    }
  });

  test("in jit, one result unused", async () => {
    const step = jit((a: Tensor, b: Tensor) => apply(a, b)[1]);
    const data = await step(x(), y()).data();
    expected[1]?.forEach((value, j) => expect(data[j]).toBeCloseTo(value, 5));
  });

  test("first and second derivative of both results", async () => {
    const f = (a: Tensor) => {
      const [first, second] = apply(a, y());
      return ops.sum(first.mul(second));
    };
    const first = await grad(f)(x()).data();
    const second = await grad((a: Tensor) => ops.sum(grad(f)(a)))(x()).data();
    [0.3, -1.2, 2].forEach((a, j) => {
      const b = [1.5, 0.5, -1][j] as number;
      // f = b sin a (cos a + b): f' = b (cos 2a + b cos a), f'' = -b (2 sin 2a + b sin a)
      expect(first[j]).toBeCloseTo(b * (Math.cos(2 * a) + b * Math.cos(a)), 4);
      expect(second[j]).toBeCloseTo(-b * (2 * Math.sin(2 * a) + b * Math.sin(a)), 4);
    });
  });

  test("a tape over an un-jitted bundle whose results were read before", async () => {
    const tape = new GradientTape();
    const a = x();
    const results = tape.run(() => {
      tape.watch(a);
      return apply(a, y());
    });
    await results[0].data();
    const gradient = tape.gradient(results[0], a);
    const data = await (gradient as Tensor).data();
    [0.3, -1.2, 2].forEach((value, j) =>
      expect(data[j]).toBeCloseTo(Math.cos(value) * ([1.5, 0.5, -1][j] as number), 5),
    );
  });
});
