/** @file Rules of customGradient that use values of the forward pass, un-jitted: the scope around the walk must not take them back. */
import { beforeAll, describe, expect, test } from "vitest";
import { customGradient, GradientTape, grad, init, ops, type Tensor, tensor, vjp } from "../src/index.ts";

/** sin x, claiming e^x as its derivative, which is computed beside the value and used by the rule alone. */
const odd = customGradient((x: Tensor) => {
  const slope = ops.exp(x);
  return { value: ops.sin(x), gradient: (g: Tensor) => g.mul(slope) };
});

const expected = Math.exp(0.3);

describe("a rule that uses a value of the forward pass", () => {
  beforeAll(() => init({ backend: "cpu" }));

  test("through grad", async () => {
    const gradient = grad((x) => ops.sum(odd(x)))(tensor([0.3]));
    expect((await gradient.data())[0]).toBeCloseTo(expected, 6);
  });

  test("through a tape", async () => {
    const tape = new GradientTape();
    const x = tensor([0.3]);
    const loss = tape.run(() => {
      tape.watch(x);
      return ops.sum(odd(x));
    });
    expect((await tape.gradient(loss, x).data())[0]).toBeCloseTo(expected, 6);
  });

  test("through a pullback that is called later", async () => {
    const [value, pullback] = vjp((x: Tensor) => ops.sum(odd(x)), tensor([0.3]));
    await value.data();
    const found = pullback(tensor(1)) as unknown as Tensor | Tensor[];
    const gradient = Array.isArray(found) ? (found[0] as Tensor) : found;
    expect((await gradient.data())[0]).toBeCloseTo(expected, 6);
  });
});
