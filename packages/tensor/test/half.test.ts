/** float16 in the public functions: a form of memory, whose arithmetic is float32. */
import { beforeAll, describe, expect, test } from "vitest";
import { keep, memory, ops, type Tensor, tensor, Variable } from "../src/index.ts";
import { relu } from "../src/primitives/activations.ts";
import { add } from "../src/primitives/arithmetic.ts";
import { matmul } from "../src/primitives/contraction.ts";
import { cast } from "../src/primitives/logic.ts";
import { roundHalf } from "../src/primitives/special.ts";
import { init } from "../src/runtime/runtime.ts";
import { halfPrimitives, testHalves } from "./halfSuite.ts";
import { compileGraph, input } from "./planHarness.ts";

const half = (value: Parameters<typeof tensor>[0]): Tensor => tensor(value, { dtype: "float16" });

beforeAll(async () => {
  await init({ backend: "cpu" });
});

describe("values", () => {
  test("are rounded when stored, ties to even, and overflow to infinity", async () => {
    const given = [1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 0.1, 65504, 65519, 65520, -1e6, 2 ** -24, 2 ** -26, -0];
    const expected = [1, 1, 1 + 2 ** -9, 0.0999755859375, 65504, 65504, Infinity, -Infinity, 2 ** -24, 0, -0];
    expect(given.map(roundHalf)).toEqual(expected);
    const data = await half(given).data();
    expect(data).toBeInstanceOf(Float32Array);
    expect([...data]).toEqual(expected);
  });

  test("take two bytes each", async () => {
    const count = 1 << 18;
    const kept = async (dtype: "float16" | "float32"): Promise<number> => {
      const value = keep(ops.multiply(ops.arange(0, count, 1, { dtype: "float32" }).cast(dtype), 0.5));
      await ops.max(value).item();
      const { bytes } = memory();
      value.dispose();
      return bytes - memory().bytes;
    };
    expect(await kept("float32")).toBe(4 * count);
    expect(await kept("float16")).toBe(2 * count);
  });

  test("sums of many are accumulated in float32", async () => {
    // In float16 a running sum of ones stops at 2048.
    expect(await ops.sum(ops.ones([3001], { dtype: "float16" })).item()).toBe(3000);
    expect(await ops.sum(ops.cast(ops.ones([3001], { dtype: "float16" }), "float32")).item()).toBe(3001);
    const squares = ops.mean(ops.square(ops.full([16], 200, { dtype: "float16" })));
    expect(await squares.item()).toBe(40000);
  });
});

describe("dtypes", () => {
  const x = () => half([1.5, -2]);

  test("meet as in Keras: numbers and integers follow, float32 wins", () => {
    expect(ops.add(x(), 0.1).dtype).toBe("float16");
    expect(ops.multiply(2, x()).dtype).toBe("float16");
    expect(ops.add(x(), tensor([1, 2], { dtype: "int32" })).dtype).toBe("float16");
    expect(ops.add(x(), tensor([1, 2])).dtype).toBe("float32");
    expect(ops.greater(x(), 0).dtype).toBe("bool");
    expect(ops.argmax(x()).dtype).toBe("int32");
    expect(ops.matmul(half([[1, 2]]), half([[1], [2]])).dtype).toBe("float16");
    expect(ops.exp(x()).dtype).toBe("float16");
    expect(ops.where(tensor([true, false]), x(), 0).dtype).toBe("float16");
    expect(ops.reshape(x(), [2, 1]).dtype).toBe("float16");
    expect(ops.zeros([2], { dtype: "float16" }).dtype).toBe("float16");
    expect(String(x())).toBe("Tensor float16[2]");
  });

  test("floats round and raise to powers", async () => {
    expect(await ops.floor(x()).array()).toEqual([1, -2]);
    expect(await ops.power(x(), 2).array()).toEqual([2.25, 4]);
    expect(await ops.round(half([1.26]), { decimals: 1 }).array()).toEqual([roundHalf(1.3)]);
    expect(ops.power(x(), 0.5).dtype).toBe("float16");
  });

  test("variables stay in float32, and say so", () => {
    expect(() => new Variable(x())).toThrow(/variables are not kept in float16[^]*mixed_float16/);
    const v = new Variable(tensor([1, 2]));
    v.assign(half([0.1, 3]));
    expect(v.dtype).toBe("float32");
  });

  test("integers are refused where they are needed", () => {
    expect(() => ops.take(half([1, 2]), half([0]))).toThrow(/integers are needed/);
  });
});

describe("plans", () => {
  const [a, b] = [input([64, 32], "float16"), input([32, 16], "float16")];
  const w = input([32, 16]);

  test("conversions are part of loads and stores", () => {
    const y = cast(relu(add(cast(matmul(a, b), "float16"), cast(input([16]), "float16"))), "float16");
    const product = cast(relu(matmul(a, cast(w, "float16"))), "float16");
    const { plan } = compileGraph([a, b, w], [product]);
    expect(y.dtype).toBe("float16");
    expect(plan.steps.length).toBe(1);
    const [call] = plan.steps;
    const kernel = call?.kind === "call" ? call.kernel : null;
    expect(kernel?.form).toBe("gemm");
    expect(kernel?.bindings.map(({ dtype, vector }) => `${dtype} ${vector}`)).toEqual([
      "float16 true",
      "float32 true",
      "float16 true",
    ]);
  });

  test("activations are stored in half the bytes", () => {
    const steps = (dtype: "float16" | "float32") => {
      const x = input([64, 32], dtype);
      const hidden = relu(matmul(x, cast(w, dtype)));
      const out = matmul(hidden, cast(input([16, 8]), dtype));
      return { x, hidden, out };
    };
    const bytes = (dtype: "float16" | "float32") => {
      const [x, first, second] = [input([64, 32], dtype), input([32, 16]), input([16, 8])];
      const hidden = relu(matmul(x, cast(first, dtype)));
      return compileGraph([x, first, second], [matmul(hidden, cast(second, dtype))]).plan.slotBytes;
    };
    expect(steps("float16").out.dtype).toBe("float16");
    expect(bytes("float16") * 2).toBe(bytes("float32"));
  });
});

describe("loops", () => {
  test.each([3, 4])("carry float16, also %i elements wide", async (width) => {
    const start = half(Array.from({ length: width }, (_, i) => i / 8));
    const rows = half(Array.from({ length: 5 * width }, (_, i) => Math.sin(i))).reshape([5, width]);
    const [last, all] = ops.scan<Tensor, Tensor, Tensor>(
      (h, x) => {
        const next = ops.tanh(ops.add(ops.multiply(h, 0.5), x));
        return [next, next];
      },
      start,
      rows,
    );
    expect([last.dtype, all.dtype]).toEqual(["float16", "float16"]);
    const stacked = (await all.array()) as number[][];
    expect(await last.array()).toEqual(stacked[4]);
    let h = Array.from({ length: width }, (_, i) => i / 8);
    for (let t = 0; t < 5; t++) {
      h = h.map((value, i) =>
        roundHalf(Math.tanh(roundHalf(roundHalf(value / 2) + roundHalf(Math.sin(t * width + i))))),
      );
      h.forEach((value, i) => expect(stacked[t]?.[i]).toBeCloseTo(value, 2));
    }
  });
});

testHalves({ backend: "cpu" }, halfPrimitives);
