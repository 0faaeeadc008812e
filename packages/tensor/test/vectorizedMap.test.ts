/** @file vectorizedMap and vmap: values, axes, gradients, and arguments that do not fit. */
import { beforeAll, describe, expect, test } from "vitest";
import { grad, init, jit, ops, type Tensor, tensor, vmap } from "../src/index.ts";

beforeAll(async () => {
  await init({ backend: "cpu" });
});

const rows = () =>
  tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

describe("vmap", () => {
  test("every argument over its leading axis", async () => {
    const dot = (a: Tensor, b: Tensor) => ops.sum(a.mul(b));
    expect(await vmap(dot)(rows(), rows()).array()).toEqual([14, 77]);
  });

  test("other axes, arguments that are not mapped, and results along the last axis", async () => {
    const scaled = vmap((column: Tensor, factor: Tensor) => column.mul(factor), {
      inAxes: [1, null],
      outAxes: -1,
    });
    expect(await scaled(rows(), tensor([10, 100])).array()).toEqual([
      [10, 20, 30],
      [400, 500, 600],
    ]);
  });

  test("structures of arguments and results", async () => {
    const both = vmap<{ sum: Tensor; top: readonly [Tensor] }>(({ a, b }) => ({
      sum: a.add(b),
      top: [ops.max(a)],
    }));
    const { sum, top } = both({ a: rows(), b: tensor([1, 2]) });
    expect(await sum.array()).toEqual([
      [2, 3, 4],
      [6, 7, 8],
    ]);
    expect(await top[0].array()).toEqual([3, 6]);
  });

  test("a gradient for each sample, and the gradient of all", async () => {
    const loss = (w: Tensor, x: Tensor) => ops.square(ops.sum(w.mul(x)));
    const w = tensor([1, 0, -1]);
    const perSample = vmap((w: Tensor, x: Tensor) => grad((v) => loss(v, x))(w), { inAxes: [null, 0] });
    // 2 (w . x) x with w . x = -2.
    const expected = [
      [-4, -8, -12],
      [-16, -20, -24],
    ];
    expect(await perSample(w, rows()).array()).toEqual(expected);
    expect(await jit((v: Tensor) => perSample(v, rows()))(w).array()).toEqual(expected);
    const total = grad((v) => ops.sum(vmap(loss, { inAxes: [null, 0] })(v, rows())))(w);
    expect(await total.array()).toEqual([-20, -28, -36]);
  });

  test("axes that do not fit are refused", () => {
    expect(() => vmap((a: Tensor) => a, { inAxes: [0, 0] })(rows())).toThrow(/vmap: the axes do not fit/);
    expect(() => vmap((a: Tensor) => a, { inAxes: [null] })(rows())).toThrow(/at least one of them mapped/);
  });
});

test("vectorizedMap over a record", async () => {
  const found = ops.vectorizedMap(({ x, y }: { x: Tensor; y: Tensor }) => x.mul(y), {
    x: rows(),
    y: tensor([1, 2]),
  });
  expect(await found.array()).toEqual([
    [1, 2, 3],
    [8, 10, 12],
  ]);
});
