/** @file checkpoint: equal values and gradients to second order, the same random numbers, state once, and fewer bytes of activations. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  checkpoint,
  customGradient,
  GradientTape,
  grad,
  gradients,
  init,
  jit,
  ops,
  random,
  type Tensor,
  tensor,
  Variable,
  valueAndGrad,
} from "../src/index.ts";
import { type ControlCase, controlCases } from "./controlCases.ts";
import { controlSuite, numbers } from "./controlSuite.ts";

beforeAll(async () => {
  await init({ backend: "cpu" });
});

const total = (x: Tensor): Tensor => ops.sum(ops.square(x));
const near = async (found: Tensor, expected: Tensor, digits = 5) => {
  const [a, b] = [await found.data(), await expected.data()];
  expect(found.shape).toEqual(expected.shape);
  a.forEach((value, i) => expect(value).toBeCloseTo(b[i] as number, digits));
};
const matrix = (rows: number, columns: number, seed: number): Tensor =>
  tensor(
    Float32Array.from(numbers(rows * columns, seed), (value) => 0.5 * value),
    { shape: [rows, columns] },
  );
const weight = (rows: number, columns: number, seed: number): Variable =>
  new Variable(matrix(rows, columns, seed));

const mlp = (x: Tensor, w: Tensor, v: Tensor): Tensor =>
  ops.add(x, ops.matmul(ops.gelu(ops.matmul(x, w)), v));
const inputs = [
  [3, 4],
  [4, 6],
  [6, 4],
] as const;

/** Programs with a checkpoint beside the same ones without, for the suite of control flow. */
const cases: Readonly<Record<string, ControlCase>> = {
  "one block": {
    inputs,
    loop: (x, w, v) => total(checkpoint(mlp)(x as Tensor, w as Tensor, v as Tensor)),
    plain: (x, w, v) => total(mlp(x as Tensor, w as Tensor, v as Tensor)),
  },
  "blocks in a row, and one inside another": {
    inputs,
    loop: (x, w, v) => {
      const block = checkpoint((h: Tensor) => mlp(h, w as Tensor, v as Tensor));
      const two = checkpoint((h: Tensor) => ops.sin(block(block(h))));
      return total(block(two(x as Tensor)));
    },
    plain: (x, w, v) => {
      const block = (h: Tensor) => mlp(h, w as Tensor, v as Tensor);
      return total(block(ops.sin(block(block(x as Tensor)))));
    },
  },
  "several results, one of them an argument, one without a gradient": {
    inputs,
    loop: (x, w, v) => {
      const { h, rest } = checkpoint((a: Tensor) => ({
        h: ops.tanh(a.matmul(w as Tensor)),
        rest: [a, ops.argmax(a, { axis: 1 })],
      }))(x as Tensor);
      const [same, top] = rest as [Tensor, Tensor];
      return total(
        h
          .matmul(v as Tensor)
          .mul(same)
          .mul(ops.expandDims(ops.cast(top, "float32"), 1)),
      );
    },
    plain: (x, w, v) => {
      const a = x as Tensor;
      const top = ops.expandDims(ops.cast(ops.argmax(a, { axis: 1 }), "float32"), 1);
      return total(
        ops
          .tanh(a.matmul(w as Tensor))
          .matmul(v as Tensor)
          .mul(a)
          .mul(top),
      );
    },
  },
  "in a loop, and a loop inside": {
    inputs: [
      [4, 4],
      [3, 2, 4],
      [2, 4],
    ],
    loop: (w, xs, h0) => {
      const cell = checkpoint((h: Tensor, x: Tensor) => ops.tanh(h.matmul(w as Tensor).add(x)));
      const all = (start: Tensor) =>
        ops.scan((h: Tensor, x: Tensor) => [cell(h, x), h], start, xs as Tensor)[0] as Tensor;
      return total(checkpoint(all)(h0 as Tensor)).add(total(all(h0 as Tensor)));
    },
    plain: (w, xs, h0) => {
      const run = (h0: Tensor) => {
        let h = h0;
        for (let t = 0; t < 3; t++) h = ops.tanh(h.matmul(w as Tensor).add((xs as Tensor).at(t)));
        return h;
      };
      return total(run(h0 as Tensor)).mul(2);
    },
  },
};

describe("value and gradients are those without it", () => {
  Object.assign(controlCases, cases);
  controlSuite(Object.keys(cases));

  test("of variables that are read inside", async () => {
    const [w, v] = [weight(4, 6, 1), weight(6, 4, 2)];
    const block = (x: Tensor) => mlp(x, w, v);
    const x = matrix(3, 4, 3);
    const through = (of: typeof block) => {
      const tape = new GradientTape();
      const value = tape.run(() => total(of(x)));
      return tape.gradient(value, [w, v]);
    };
    const traced = jit(() => gradients(total(checkpoint(block)(x)), [w, v]) as Tensor[])();
    for (const [i, expected] of through(block).entries()) {
      await near(through(checkpoint(block))[i] as Tensor, expected);
      await near(traced[i] as Tensor, expected);
    }
  });

  test("of a gradient of the user's own inside", async () => {
    const clipped = customGradient((x: Tensor) => ({
      value: ops.sin(x),
      gradient: (g: Tensor) => ops.clip(g, -0.1, 0.1),
    }));
    const found = grad((x) => total(checkpoint((y: Tensor) => clipped(y))(x)))(matrix(2, 3, 4));
    await near(found, grad((x) => total(clipped(x)))(matrix(2, 3, 4)));
  });

  test("where the result does not depend on the argument", async () => {
    const [value, slope] = valueAndGrad((x) => ops.sum(checkpoint(() => ops.ones([2]))()).add(ops.sum(x)))(
      matrix(1, 2, 5),
    );
    expect(value.shape).toEqual([]);
    await near(slope as Tensor, ops.ones([1, 2]));
  });
});

describe("randomness and state", () => {
  const dropout = (x: Tensor, seed: random.SeedGenerator | number) => random.dropout(x, 0.5, { seed });

  test("both passes draw the same numbers: the gradient is the mask", async () => {
    const x = ops.ones([64]);
    for (const wrap of [(f: (x: Tensor) => [Tensor, Tensor]) => f, jit]) {
      const seed = new random.SeedGenerator(3);
      const block = checkpoint((y: Tensor) => ops.sin(dropout(y, seed)));
      const both = wrap((y: Tensor) => valueAndGrad((z) => ops.sum(block(z)))(y) as [Tensor, Tensor]);
      const [, slope] = both(x);
      // y = sin(2 x) where kept: 2 cos(2); else 0.
      const data = await slope.data();
      const kept = data.filter((value) => Math.abs(value - 2 * Math.cos(2)) < 1e-5).length;
      expect(kept + data.filter((value) => value === 0).length).toBe(64);
      expect(await ops.sum(ops.sin(dropout(x, 3))).item()).toBeCloseTo(Math.sin(2) * kept, 4);
      // The generator has drawn once.
      expect([...(await seed.state.data())]).toEqual([3, 1]);
    }
  });

  test("a variable that is assigned inside changes once", async () => {
    const count = new Variable([0], { trainable: false });
    const block = checkpoint((x: Tensor) => {
      count.assignAdd([1]);
      return ops.exp(x.mul(count));
    });
    const step = jit((x: Tensor) => grad((y) => ops.sum(block(y)))(x));
    for (const n of [1, 2]) {
      expect(await step(tensor([0.5])).item()).toBeCloseTo(n * Math.exp(0.5 * n), 5);
      expect(await count.item()).toBe(n);
    }
    expect(await grad((y) => ops.sum(block(y)))(tensor([0.5])).item()).toBeCloseTo(3 * Math.exp(1.5), 4);
    expect(await count.item()).toBe(3);
  });
});

describe("memory", () => {
  const [rows, width, hidden, depth] = [128, 16, 64, 12];

  /** A training step of a deep stack. */
  function trained(wrap: (block: (x: Tensor) => Tensor) => (x: Tensor) => Tensor, fuse = true) {
    const layers = Array.from({ length: depth }, (_, i) => [
      weight(width, hidden, i),
      weight(hidden, width, -i),
    ]);
    const blocks = layers.map(([w, v]) =>
      wrap((x) => mlp(ops.layerNormalization(x), w as Variable, v as Variable)),
    );
    const variables = layers.flat() as Variable[];
    const step = jit(
      (x: Tensor) => {
        const loss = ops.mean(ops.square(blocks.reduce((h, block) => block(h), x)));
        gradients(loss, variables).forEach((slope, i) => {
          variables[i]?.assignSub(ops.multiply(slope as Tensor, 0.01));
        });
        return loss;
      },
      { fuse },
    );
    return { step, variables };
  }

  const plain = (block: (x: Tensor) => Tensor) => block;

  test.each([true, false])(
    "twelve blocks need less than a third of it, with equal bits (fused: %s)",
    async (fuse) => {
      const [without, with_] = [trained(plain, fuse), trained(checkpoint, fuse)];
      const x = matrix(rows, width, 9);
      for (let i = 0; i < 3; i++) expect(await with_.step(x).item()).toBe(await without.step(x).item());
      for (const [i, variable] of with_.variables.entries())
        expect(await variable.data()).toEqual(await without.variables[i]?.data());
      const bytesOf = ({ step }: typeof without) => step.explain()?.plan.slotBytes as number;
      expect(bytesOf(with_)).toBeLessThan(bytesOf(without) / 3);
    },
  );

  test("what is computed again is not merged with the forward pass", async () => {
    const numProducts = async (wrap: typeof plain) => {
      const { step } = trained(wrap);
      await step.prepare(matrix(rows, width, 9));
      const labels =
        step.explain()?.plan.steps.flatMap((one) => (one.kind === "call" ? [one.kernel.label] : [])) ?? [];
      return labels.join("|").match(/gemm/g)?.length ?? 0;
    };
    // The second product of a block is only needed for its result.
    expect((await numProducts(checkpoint)) - (await numProducts(plain))).toBe(depth);
  });
});

describe("bad input", () => {
  test("an asynchronous function is refused", () => {
    expect(() => checkpoint(async (x: Tensor) => x)(tensor([1]))).toThrow(
      /checkpoint: the function is asynchronous/,
    );
  });

  test("a result that is no value is refused", () => {
    expect(() => checkpoint(() => "text")()).toThrow(
      /checkpoint: the result holds something that is no value/,
    );
  });

  test("a tensor that leaves another way cannot be used", () => {
    let inner: Tensor | null = null;
    checkpoint((x: Tensor) => {
      inner = x.mul(2);
      return inner;
    })(tensor([1]));
    expect(() => inner?.add(1)).toThrow(/checkpoint: a tensor left/);
  });
});
