/** @file linearCrossentropy: loss and gradients are those of materialised logits, in a fraction of the memory. */
import { beforeAll, describe, expect, test } from "vitest";
import { GradientTape, gradients, init, jit, ops, type Tensor, tensor, Variable } from "../src/index.ts";
import { numbers } from "./controlSuite.ts";

beforeAll(async () => {
  await init({ backend: "cpu" });
});

const matrix = (shape: readonly number[], seed: number): Tensor =>
  tensor(
    Float32Array.from(
      numbers(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
    ),
    { shape },
  );

const [rows, features, classes] = [64, 24, 1000];
const labels = tensor(Int32Array.from({ length: rows }, (_, i) => (i * 137) % classes));

type Loss = (h: Tensor, w: Tensor, b: Tensor, labels: Tensor) => Tensor;
const materialised: Loss = (h, w, b, labels) =>
  ops.sparseCategoricalCrossentropy(labels, ops.add(ops.matmul(h, w), b), { fromLogits: true });
const chunked =
  (chunk: number): Loss =>
  (h, w, b, labels) =>
    ops.linearCrossentropy(h, w, labels, { bias: b, chunk });

/** A training step of a hidden layer and the classes. */
function trained(loss: Loss) {
  const weights = [
    [features, features],
    [features, classes],
    [1, classes],
  ].map((shape, i) => new Variable(matrix(shape, i)));
  const [first, second, bias] = weights as [Variable, Variable, Variable];
  const step = jit((x: Tensor, y: Tensor) => {
    const each = loss(ops.tanh(ops.matmul(x, first)), second, ops.reshape(bias, [classes]), y);
    const mean = ops.mean(each);
    gradients(mean, weights).forEach((slope, i) => {
      weights[i]?.assignSub(ops.multiply(slope as Tensor, 0.5));
    });
    return mean;
  });
  return { step, weights };
}

describe("a training step", () => {
  const x = matrix([rows, features], 7);

  test.each([100, 128, 4096])("in chunks of %i: losses and weights as with all logits", async (chunk) => {
    const [one, other] = [trained(chunked(chunk)), trained(materialised)];
    for (let i = 0; i < 4; i++) {
      const expected = await other.step(x, labels).item();
      expect(await one.step(x, labels).item()).toBeCloseTo(expected, 4);
    }
    for (const [i, variable] of one.weights.entries()) {
      const expected = (await other.weights[i]?.data()) as Float32Array;
      (await variable.data()).forEach((value, k) => expect(value).toBeCloseTo(expected[k] as number, 4));
    }
  });

  test("the logits are never all in memory; a chunk costs two dispatches forward and three back", async () => {
    const [one, other] = [trained(chunked(100)), trained(materialised)];
    for (const { step } of [one, other]) await step.prepare(x, labels);
    const [lean, full] = [one, other].map(({ step }) => step.explain()?.plan);
    const logits = rows * classes * 4;
    expect(full?.slotBytes).toBeGreaterThan(logits);
    expect(
      Math.max(...(lean?.buffers ?? []).flatMap((b) => (b.kind === "slot" ? [b.bytes] : []))),
    ).toBeLessThan(logits / 2);
    expect(lean?.slotBytes).toBeLessThan((full?.slotBytes ?? 0) / 2);
    const repeats = lean?.steps.flatMap((one) =>
      one.kind === "repeat" ? [[one.count, one.steps.length]] : [],
    );
    expect(repeats).toEqual([
      [10, 2],
      [10, 3],
    ]);
  });
});

describe("arguments", () => {
  const h = matrix([2, 3, 5], 1);
  const w = matrix([5, 7], 2);
  const y = [
    [0, 6, 3],
    [2, 2, 9],
  ];
  const expected = () => ops.sparseCategoricalCrossentropy(y, ops.matmul(h, w), { fromLogits: true });
  const near = async (found: Tensor, wanted: Tensor) => {
    expect(found.shape).toEqual(wanted.shape);
    const data = await wanted.data();
    (await found.data()).forEach((value, i) => expect(value).toBeCloseTo(data[i] as number, 5));
  };

  test("any leading axes; labels as floats, or with a last axis; no bias; a label that is no class", async () => {
    await near(ops.linearCrossentropy(h, w, y), expected());
    await near(ops.linearCrossentropy(h, w, tensor(y, { dtype: "float32" }), { chunk: 2 }), expected());
    await near(ops.linearCrossentropy(h, w, ops.expandDims(tensor(y), -1), { chunk: 3 }), expected());
  });

  test("weights of an embedding, transposed, get their gradient", async () => {
    const table = ops.transpose(w);
    const of = (loss: (table: Tensor) => Tensor) => {
      const tape = new GradientTape();
      const value = tape.run(() => {
        tape.watch(table);
        return ops.sum(loss(table));
      });
      return tape.gradient(value, table);
    };
    await near(
      of((t) => ops.linearCrossentropy(h, ops.transpose(t), y, { chunk: 3 })),
      of((t) => ops.sparseCategoricalCrossentropy(y, ops.matmul(h, ops.transpose(t)), { fromLogits: true })),
    );
  });

  test("shapes that do not fit, and chunks that are none, are refused", () => {
    expect(() => ops.linearCrossentropy(h, ops.transpose(w), y)).toThrow(
      /linearCrossentropy: the operands do not fit/,
    );
    expect(() => ops.linearCrossentropy(h, w, [0, 1])).toThrow(/labels int32\[2\]/);
    expect(() => ops.linearCrossentropy(h, w, y, { bias: [1, 2] })).toThrow(/bias float32\[2\]/);
    expect(() => ops.linearCrossentropy(h, w, y, { chunk: 0 })).toThrow(/chunk is not a valid count/);
  });
});
