/** @file Control flow on WebGPU: the programs of the cpu's tests, and what a loop costs there. */
import { counters } from "@tenrec/kernels/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { grad, init, jit, ops, type Tensor, tensor } from "../src/index.ts";
import { controlSuite, numbers } from "./controlSuite.ts";

beforeAll(() => init({ backend: "webgpu" }));

describe("programs", () =>
  controlSuite(
    [
      "a recurrent layer",
      "a recurrent layer of odd width",
      "several carries that change places, a counter, and a stacked result of its own",
      "reverse, with results in the order of the sequence",
      "a loop in a loop",
      "rows, reductions and views of captured values in a body",
      "whileLoop that ends before its bound",
      "switch with operands, in a loop",
    ],
    // Compiling their shaders takes a software GPU longest.
    ["a recurrent layer of odd width", "switch with operands, in a loop"],
  ));

const values = (shape: readonly number[], seed: number): Tensor =>
  tensor(
    Float32Array.from(
      numbers(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
    ),
    { shape },
  );

const still = { passes: 1, submits: 1, bindGroups: 0, buffersCreated: 0, pipelines: 0, bytesWritten: 0 };

async function countsOf(run: () => Tensor): Promise<ReturnType<typeof counters.read>> {
  for (let i = 0; i < 2; i++) {
    using result = run();
    await result.data();
  }
  counters.reset();
  using last = run();
  const counts = counters.read();
  await last.data();
  return counts;
}

describe("counters", () => {
  test("a recurrent layer over T steps is T dispatches beside its initial state, in one pass", async () => {
    const length = 24;
    const step = jit((w: Tensor, xs: Tensor, h0: Tensor) => {
      const [h] = ops.scan((h: Tensor, x: Tensor) => [ops.tanh(ops.matmul(h, w).add(x)), []], h0, xs);
      return h;
    });
    const inputs = [values([16, 16], 0), values([length, 4, 16], 1), values([4, 16], 2)] as const;
    const counts = await countsOf(() => step(...inputs));
    expect(counts).toMatchObject({ ...still, dispatches: length + 1 });
  });

  test("a while loop with a bound stays in the pass, wherever it ends", async () => {
    const step = jit((limit: Tensor, x: Tensor) => {
      const [, y] = ops.whileLoop<[Tensor, Tensor]>(
        (i: Tensor) => ops.less(i, limit),
        (i: Tensor, y: Tensor) => [i.add(1), y.mul(2)],
        [tensor(0), x],
        { maximumIterations: 10 },
      );
      return y;
    });
    const x = values([8], 0);
    const limits = [tensor(3), tensor(7)] as const;
    const first = await countsOf(() => step(limits[0], x));
    const second = await countsOf(() => step(limits[1], x));
    expect(first).toMatchObject({ passes: 1, submits: 1, bindGroups: 0, pipelines: 0 });
    expect(second.dispatches).toBe(first.dispatches);
    const [three, seven] = [await step(limits[0], x).data(), await step(limits[1], x).data()];
    expect([...three].map((value) => value * 16)).toEqual([...seven]);
  });

  test("its gradient is a loop of few kernels too", async () => {
    const length = 24;
    const step = jit((w: Tensor, xs: Tensor, h0: Tensor) => {
      const loss = (w: Tensor) => {
        const [, hs] = ops.scan(
          (h: Tensor, x: Tensor) => {
            const next = ops.tanh(ops.matmul(h, w).add(x));
            return [next, next];
          },
          h0,
          xs,
        );
        return ops.mean(ops.square(hs as Tensor));
      };
      return grad(loss)(w);
    });
    const inputs = [values([16, 16], 0), values([length, 4, 16], 1), values([4, 16], 2)] as const;
    const counts = await countsOf(() => step(...inputs));
    // Forward; then z and its cotangent, and the cotangents of state and weights side by side.
    expect(counts).toMatchObject({ ...still, dispatches: 3 * length + 3 });
  });
});
