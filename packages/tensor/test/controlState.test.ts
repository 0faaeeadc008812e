/** @file Control flow beside the rest of the library: variables, random state, tapes, gradients of the user's own, caches, and bad input. */
import { counters } from "@tenrec/kernels/testing";
import { beforeAll, describe, expect, test } from "vitest";
import {
  customGradient,
  explain,
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
} from "../src/index.ts";

beforeAll(() => init({ backend: "cpu" }));

const sequence = (): Tensor =>
  tensor([
    [
      [1, 2],
      [0.5, -1],
    ],
    [
      [0.3, 0.1],
      [-0.2, 0.4],
    ],
    [
      [0.7, -0.6],
      [0.9, 0.8],
    ],
  ]);
const state = (): Tensor =>
  tensor([
    [0.1, -0.2],
    [0.4, 0.3],
  ]);
const weights = (): Variable =>
  new Variable([
    [0.5, -0.3],
    [0.2, 0.7],
  ]);

const close = async (a: Tensor, b: Tensor): Promise<void> => {
  const [x, y] = [await a.data(), await b.data()];
  expect(x.length).toBe(y.length);
  x.forEach((value, i) => expect(value).toBeCloseTo(y[i] as number, 4));
};

const loopLoss = (w: Tensor): Tensor => {
  const [, hs] = ops.scan(
    (h: Tensor, x: Tensor) => {
      const next = ops.tanh(h.matmul(w).add(x));
      return [next, next];
    },
    state(),
    sequence(),
  );
  return ops.mean(ops.square(hs as Tensor));
};

function plainLoss(w: Tensor): Tensor {
  let h = state();
  const hs: Tensor[] = [];
  for (let t = 0; t < 3; t++) {
    h = ops.tanh(h.matmul(w).add(sequence().at(t) as Tensor));
    hs.push(h);
  }
  return ops.mean(ops.square(ops.stack(hs)));
}

describe("variables", () => {
  test("a tape gives the gradient of one that the body reads", async () => {
    const w = weights();
    const of = (loss: (w: Tensor) => Tensor) => {
      const tape = new GradientTape();
      const value = tape.run(() => loss(w));
      return tape.gradient(value, w);
    };
    await close(of(loopLoss), of(plainLoss));
  });

  test("training steps, un-jitted and compiled, are those of the loop written out", async () => {
    const [a, b, c] = [weights(), weights(), weights()];
    const step = (loss: (w: Tensor) => Tensor, w: Variable) => {
      const tape = new GradientTape();
      const value = tape.run(() => loss(w));
      w.assignSub(tape.gradient(value, w).mul(0.5));
    };
    const compiled = jit(() => {
      const value = loopLoss(c);
      const [g] = gradients(value, [c]);
      c.assignSub((g as Tensor).mul(0.5));
      return value;
    });
    for (let i = 0; i < 4; i++) {
      step(loopLoss, a);
      step(plainLoss, b);
      compiled();
    }
    await close(a, b);
    await close(c, b);
  });

  test("one that the body assigns to goes on from iteration to iteration", async () => {
    for (const run of [(f: (xs: Tensor) => Tensor) => f, (f: (xs: Tensor) => Tensor) => jit(f)]) {
      const count = new Variable(10);
      const [sum] = [
        run((xs) => {
          const [total] = ops.scan(
            (total: Tensor, x: Tensor) => {
              count.assignAdd(x);
              return [total.add(count), []];
            },
            tensor(0),
            xs,
          );
          return total;
        })(tensor([1, 2, 3])),
      ];
      expect(await sum.item()).toBe(11 + 13 + 16);
      expect(await count.item()).toBe(16);
    }
  });

  test("branches: only the one that runs assigns", async () => {
    const count = new Variable(1);
    for (const flag of [true, false, true]) {
      ops.cond(
        tensor(flag),
        () => count.assignAdd(10).read(),
        () => count.read(),
      );
    }
    expect(await count.item()).toBe(21);
  });

  test("un-jitted repeats compile once and keep nothing", async () => {
    const w = weights();
    const step = async () => {
      const tape = new GradientTape();
      const value = tape.run(() => loopLoss(w));
      w.assignSub(tape.gradient(value, w).mul(0.5));
      await value.item();
    };
    for (let i = 0; i < 4; i++) await step();
    counters.reset();
    const uses = w.state.current.uses;
    for (let i = 0; i < 4; i++) await step();
    expect(counters.read().pipelines).toBe(0);
    expect(w.state.current.uses).toBe(uses);
  });
});

describe("numbers", () => {
  test("that differ from call to call are data: nothing is compiled again", async () => {
    const run = (rate: number) => {
      const [last, ys] = ops.scan(
        (c: Tensor, x: Tensor) => [c.add(x.mul(rate)), ops.map((y: Tensor) => y.mul(rate), x)],
        tensor([0, 0]),
        tensor([
          [1, 2],
          [3, 4],
        ]),
      );
      return [last, ys as Tensor] as const;
    };
    const check = async (rate: number) => {
      const [last, ys] = run(rate);
      await close(last, tensor([4 * rate, 6 * rate]));
      await close(ys, tensor([rate, 2 * rate, 3 * rate, 4 * rate]));
    };
    await check(0.5);
    counters.reset();
    for (const rate of [2, 3, -1.5]) await check(rate);
    // The tensors that the results are compared with have no kernels.
    expect(counters.read().pipelines).toBe(0);
  });
});

describe("random state", () => {
  test("draws in a body are those that follow one another outside", async () => {
    const [inside, outside] = [new random.SeedGenerator(7), new random.SeedGenerator(7)];
    const draws = (generator: random.SeedGenerator) => random.uniform([2], { seed: generator });
    const several = (n: number) => ops.stack(Array.from({ length: n }, () => draws(outside)));
    const noise = (xs: Tensor) => ops.map((x: Tensor) => draws(inside).add(x), xs);
    await close(noise(tensor([0, 0, 0])), several(3));
    await close(draws(inside), draws(outside));
    await close(jit(noise)(tensor([0, 0])), several(2));
    await close(draws(inside), draws(outside));
  });
});

describe("gradients", () => {
  test("of the user's own, in a body", async () => {
    const doubled = customGradient((x) => ({
      value: ops.sin(x),
      gradient: (g) => g.mul(ops.exp(x)).mul(2),
    }));
    const f = (x: Tensor) => {
      const [last] = ops.scan((c: Tensor) => [doubled(c).mul(0.5), []], x, undefined, { length: 3 });
      return ops.sum(last);
    };
    const plain = (x: Tensor) => ops.sum([0, 1, 2].reduce((c) => doubled(c).mul(0.5), x));
    const x = () => tensor([0.3, -0.4]);
    const expected = jit((v: Tensor) => grad(plain)(v));
    await close(grad(f)(x()), expected(x()));
    const twice = (g: typeof f) => grad((x: Tensor) => ops.sum(ops.square(grad(g)(x))));
    await close(twice(f)(x()), jit((v: Tensor) => twice(plain)(v))(x()));
    await close(jit((v: Tensor) => grad(f)(v))(x()), expected(x()));
  });

  test("of a value computed outside that only the body uses", async () => {
    const f = (x: Tensor) => {
      const scale = ops.exp(x);
      return ops.sum(ops.map((y: Tensor) => y.mul(scale).mul(scale), tensor([1, 2, 3])));
    };
    await close(grad(f)(tensor([0.1, 0.2])), ops.exp(tensor([0.2, 0.4])).mul(12));
  });

  test("persistent tapes may ask twice", async () => {
    const x = tensor([0.3, 0.5]);
    const tape = new GradientTape({ persistent: true });
    const y = tape.run(() => {
      tape.watch(x);
      return ops.foriLoop(0, 3, (_, v: Tensor) => ops.sin(v), x);
    });
    await y.data();
    const [a, b] = [tape.gradient(y, x), tape.gradient(y, x)];
    await close(a, b);
    tape.close();
  });
});

describe("limits", () => {
  test("no iterations", async () => {
    const [carry, ys] = ops.scan(
      (c: Tensor, x: Tensor) => [c.add(x), ops.stack([c, x])],
      tensor(2),
      tensor(new Float32Array(0), { shape: [0] }),
    );
    expect(await carry.item()).toBe(2);
    expect((ys as Tensor).shape).toEqual([0, 2]);
    expect(await ops.foriLoop(3, 1, (_, x: Tensor) => x.add(1), tensor(5)).item()).toBe(5);
    const [last] = ops.scan((c: Tensor) => [c.add(1), []], tensor(1), undefined, { length: 0, unroll: true });
    expect(await last.item()).toBe(1);
  });

  test("integers and bools are carried and stacked", async () => {
    const [[n, flag], ys] = ops.scan<[Tensor, Tensor], Tensor, [Tensor, Tensor]>(
      ([n, flag], x) => [
        [n.add(x), ops.logicalNot(flag)],
        [n, flag],
      ],
      [tensor(1, { dtype: "int32" }), tensor(true)],
      tensor([1, 2, 3], { dtype: "int32" }),
    );
    expect(await n.item()).toBe(7);
    expect(await flag.item()).toBe(0);
    expect(await ys[0].array()).toEqual([1, 2, 4]);
    expect(await ys[1].array()).toEqual([true, false, true]);
  });

  test("a loop that the host ends", async () => {
    const last = await ops.whileLoop<[Tensor, Tensor]>(
      (i: Tensor) => ops.less(i, 30),
      (i: Tensor, x: Tensor) => [i.add(1), x.mul(1.1)],
      [tensor(0), tensor(1)],
    );
    expect(await last[0].item()).toBe(30);
    expect(await last[1].item()).toBeCloseTo(1.1 ** 30, 3);
  });

  test("explain shows a loop's kernels inside it", () => {
    const step = jit((w: Tensor) => loopLoss(w));
    step(
      tensor([
        [1, 0],
        [0, 1],
      ]),
    );
    expect(explain(step)).toMatch(/repeat 3 times[^\n]*\n {2}gemm/);
    expect(explain(step)).toMatch(/repeat 3\n {2}gemm/);
  });
});

describe("bad input", () => {
  const one = tensor([1]);
  const cases: readonly (readonly [string, () => unknown, RegExp])[] = [
    [
      "a carry that grows",
      () => ops.scan((c: Tensor, x: Tensor) => [ops.stack([c, c]), x], tensor(0), one),
      /scan: a carry changes its type.*Received: float32\[2\] for value 0.*Expected: float32\[\].*Fix:/s,
    ],
    [
      "a carry that changes its dtype",
      () => ops.scan((c: Tensor, x: Tensor) => [ops.cast(c, "int32"), x], tensor(0), one),
      /Received: int32\[\].*Expected: float32\[\]/s,
    ],
    [
      "a carry that changes its structure",
      () => ops.scan((c: never, x: Tensor) => [[c, c] as never, x], tensor(0), one),
      /scan: the carry changes its structure/,
    ],
    [
      "a body that returns one thing",
      () => ops.scan(((c: Tensor) => c) as never, tensor(0), one),
      /scan: the function does not return two things.*Received: a tensor/s,
    ],
    ["no length", () => ops.scan((c: Tensor) => [c, []], tensor(0)), /number of iterations is not given/],
    [
      "lengths that differ",
      () => ops.scan((c: Tensor) => [c, []], tensor(0), [one, tensor([1, 2])]),
      /leading extents.*Received: float32\[1\], float32\[2\].*Expected: leading extent 1/s,
    ],
    [
      "a length that is not the sequence's",
      () => ops.scan((c: Tensor) => [c, []], tensor(0), one, { length: 2 }),
      /Expected: leading extent 2 \(length\)/,
    ],
    ["a scalar sequence", () => ops.map((x: Tensor) => x, tensor(1)), /map: leading extents/],
    ["an asynchronous body", () => ops.map(async (x: Tensor) => x, one), /map: the function is asynchronous/],
    ["text in a carry", () => ops.scan((c: never) => [c, []], ["a"], one), /init holds something/],
    ["a bound that is no integer", () => ops.foriLoop(0, 1.5, (_, x) => x, one), /foriLoop: a bound/],
    [
      "a predicate of two elements",
      () =>
        ops.cond(
          tensor([true, false]),
          () => one,
          () => one,
        ),
      /cond: .*bool\[2\]/s,
    ],
    [
      "branches of different types",
      () =>
        ops.cond(
          tensor(true),
          () => tensor([1]),
          () => tensor([1, 2]),
        ),
      /cond: branches return values of different types.*float32\[2\] from branch 1/s,
    ],
    [
      "branches of different structure",
      () => ops.switch(tensor(1, { dtype: "int32" }), [() => one, () => [one, one]]),
      /switch: branches return different structures/,
    ],
    ["no branches", () => ops.switch(one, []), /switch: there are no branches/],
    [
      "an index that is no integer",
      () => ops.switch(tensor(0.5), [() => one]),
      /switch: integers are needed/,
    ],
    [
      "extents that differ along the axis",
      () => ops.associativeScan(([a]: Tensor[]) => [a], [one, tensor([1, 2])]),
      /associativeScan: leading extents/,
    ],
    [
      "a while loop without a bound in a compiled function",
      () =>
        jit((x: Tensor) =>
          ops.whileLoop(
            (i: Tensor) => ops.less(i, 3),
            (i: Tensor) => i.add(1),
            x,
          ),
        )(one),
      /whileLoop: the number of iterations has no bound.*maximumIterations/s,
    ],
    [
      "a while loop without a bound under a tape",
      () =>
        new GradientTape().run(() =>
          ops.whileLoop(
            () => true,
            (i: Tensor) => i,
            one,
          ),
        ),
      /whileLoop: the number of iterations has no bound/,
    ],
  ];
  test.each(cases)("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });

  test("a tensor that left its body", () => {
    let kept: Tensor | undefined;
    ops.map((x: Tensor) => {
      kept = x;
      return x;
    }, one);
    expect(() => kept?.add(1)).toThrow(/map: a tensor left the traced function/);
  });
});
