/** @file Layers: the common test for each, and what is special about some. */
import { GradientTape, init, jit, ops, random, type Tensor, tensor, Variable } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { layers, Sequential } from "../src/index.ts";
import { runLayerTest } from "./runLayerTest.ts";

beforeAll(() => init({ backend: "cpu" }));

runLayerTest(layers.Dense, {
  config: { units: 3, activation: "tanh" },
  positional: "units",
  inputShape: [4, 5],
  outputShape: [4, 3],
  weights: { kernel: [5, 3], bias: [3] },
});
runLayerTest(layers.Dense, {
  config: { units: 2, useBias: false },
  positional: "units",
  inputShape: [3, 2, 4],
  outputShape: [3, 2, 2],
  weights: { kernel: [4, 2] },
});
runLayerTest(layers.InputLayer, {
  config: { batchShape: [null, 3] },
  inputShape: [4, 3],
  outputShape: [4, 3],
});
runLayerTest(layers.Flatten, { config: {}, inputShape: [4, 2, 3], outputShape: [4, 6] });
runLayerTest(layers.Flatten, {
  config: { dataFormat: "channels_first" },
  inputShape: [2, 3, 2, 2],
  outputShape: [2, 12],
});
runLayerTest(layers.Reshape, {
  config: { targetShape: [3, -1] },
  positional: "targetShape",
  inputShape: [4, 6],
  outputShape: [4, 3, 2],
});
runLayerTest(layers.Dropout, {
  config: { rate: 0.25, seed: 3, noiseShape: null },
  positional: "rate",
  inputShape: [4, 6],
  outputShape: [4, 6],
});
runLayerTest(layers.Activation, {
  config: { activation: "sigmoid" },
  positional: "activation",
  inputShape: [4, 6],
  outputShape: [4, 6],
});
runLayerTest(layers.ReLU, {
  config: { maxValue: 1, negativeSlope: 0.1, threshold: 0.25 },
  inputShape: [4, 6],
  outputShape: [4, 6],
});
runLayerTest(layers.LeakyReLU, { config: { negativeSlope: 0.1 }, inputShape: [4, 6], outputShape: [4, 6] });
runLayerTest(layers.ELU, { config: { alpha: 0.5 }, inputShape: [4, 6], outputShape: [4, 6] });
runLayerTest(layers.Softmax, { config: { axis: [1, 2] }, inputShape: [4, 2, 3], outputShape: [4, 2, 3] });
runLayerTest(layers.Rescaling, {
  config: { scale: [2, 3], offset: [1, 0] },
  positional: "scale",
  inputShape: [4, 2],
  outputShape: [4, 2],
});
runLayerTest(layers.Normalization, {
  config: { axis: [-1], invert: false, mean: null, variance: null },
  inputShape: [4, 3],
  outputShape: [4, 3],
  weights: { mean: [3], variance: [3], count: [] },
});
runLayerTest(layers.Normalization, {
  config: { mean: [1, 2, 3], variance: [4, 1, 9], invert: true },
  inputShape: [4, 3],
  outputShape: [4, 3],
});

const zerosIn = async (x: Tensor) => [...(await x.data())].filter((value) => value === 0).length;

describe("Dropout", () => {
  test("does nothing outside of training, and at rate 0", async () => {
    const x = ops.ones([50]);
    expect(await zerosIn(new layers.Dropout(0.5).apply(x))).toBe(0);
    expect(await zerosIn(new layers.Dropout(0).apply(x, { training: true }))).toBe(0);
    expect(await zerosIn(new layers.Dropout(1).apply(x, { training: true }))).toBe(50);
  });

  test("the n-th call has the mask of the key [seed, n], in and out of compiled functions", async () => {
    const layer = new layers.Dropout(0.3, { seed: 9 });
    const generator = new random.SeedGenerator(9);
    const x = ops.ones([64]);
    const step = jit((value: Tensor) => layer.apply(value, { training: true }));
    const eager = (value: Tensor) => layer.apply(value, { training: true });
    for (const run of [eager, step, step]) {
      const y = run(x);
      expect(await y.data()).toEqual(await random.dropout(x, 0.3, { seed: generator }).data());
    }
  });

  test("the gradient has the mask of the output", async () => {
    const layer = new layers.Dropout(0.5, { seed: 1 });
    const x = new Variable(ops.ones([40]));
    const tape = new GradientTape();
    const [y, total] = tape.run(() => {
      const output = layer.apply(x, { training: true });
      return [output, ops.sum(output)] as const;
    });
    const [gradient] = tape.gradient(total, [x]);
    expect(await (gradient as Tensor).data()).toEqual(await y.data());
    expect(await zerosIn(y)).toBeGreaterThan(5);
  });

  test("a noise shape drops whole rows", async () => {
    const layer = new layers.Dropout(0.5, { seed: 2, noiseShape: [null, 1] });
    const rows = (await layer.apply(ops.ones([20, 3]), { training: true }).array()) as number[][];
    expect(rows.every(([a, b, c]) => a === b && b === c)).toBe(true);
    expect(new Set(rows.map(([a]) => a))).toEqual(new Set([0, 2]));
  });

  test("refuses rates that are no fractions", () => {
    expect(() => new layers.Dropout(1.5)).toThrow(/rate is out of range[\s\S]*Received: rate = 1.5/);
  });
});

describe("Reshape, Flatten and InputLayer", () => {
  test("channels first flatten like channels last", async () => {
    const x = tensor([
      [
        [1, 2],
        [3, 4],
      ],
    ]);
    const y = new layers.Flatten({ dataFormat: "channels_first" }).apply(x);
    expect(await y.array()).toEqual([[1, 3, 2, 4]]);
  });

  test("a sample that does not fill the target is refused", () => {
    expect(() => new layers.Reshape([5]).apply(ops.ones([2, 6]))).toThrow(
      /do not fill[\s\S]*samples of shape \[6\]/,
    );
    expect(() => new layers.Reshape([-1, 4]).apply(ops.ones([2, 6]))).toThrow(/do not fill/);
    expect(() => new layers.Reshape([-1, -1])).toThrow(/not a target shape/);
  });

  test("an InputLayer tells the model its shape", () => {
    const model = new Sequential([new layers.InputLayer({ shape: [3] }), new layers.Dense(2)]);
    expect(model.countParams()).toBe(8);
    expect(() => new layers.InputLayer({} as never)).toThrow(/shape is missing/);
  });
});

describe("Normalization", () => {
  const data = tensor([
    [0, 10],
    [2, 30],
  ]);

  test("is the identity before adapt and normalizes after it", async () => {
    const layer = new layers.Normalization();
    expect(await layer.apply(data).array()).toEqual([
      [0, 10],
      [2, 30],
    ]);
    await layer.adapt(data);
    expect(await layer.apply(data).array()).toEqual([
      [-1, -1],
      [1, 1],
    ]);
  });

  test("a second adapt replaces the first; inversion goes back", async () => {
    const layer = new layers.Normalization();
    await layer.adapt([
      [1, 1],
      [3, 9],
    ]);
    await layer.adapt(data);
    const back = new layers.Normalization({ invert: true });
    await back.adapt(data);
    expect(await back.apply(layer.apply(data)).array()).toEqual([
      [0, 10],
      [2, 30],
    ]);
  });

  test("adapts to asynchronous batches of [x, y]", async () => {
    async function* batches() {
      yield [tensor([[0, 10]]), tensor([1])];
      yield [tensor([[2, 30]]), tensor([0])];
    }
    const layer = new layers.Normalization();
    await layer.adapt(batches());
    expect(await layer.apply(data).array()).toEqual([
      [-1, -1],
      [1, 1],
    ]);
  });

  test("bad arguments and data", async () => {
    expect(() => new layers.Normalization({ mean: 1 })).toThrow(/only one of mean and variance/);
    expect(() => new layers.Normalization({ axis: 3 }).apply(data)).toThrow(/axis does not exist/);
    const layer = new layers.Normalization();
    await layer.adapt(data);
    await expect(layer.adapt([[1, 2, 3]])).rejects.toThrow(/does not fit the layer/);
    await expect(new layers.Normalization().adapt(new Set())).rejects.toThrow(/data are empty/);
    expect(() => new layers.Normalization({ mean: [[1]], variance: [[1]] }).apply(data)).toThrow(/more axes/);
  });
});

describe("Activation layers", () => {
  test("refuse negative settings", () => {
    expect(() => new layers.ReLU({ maxValue: -1 })).toThrow(/maxValue is out of range/);
    expect(() => new layers.LeakyReLU({ negativeSlope: -1 })).toThrow(/negativeSlope is out of range/);
  });
  test("an unknown activation names its neighbours", () => {
    expect(() => new layers.Activation("rellu")).toThrow(/did you mean "relu"/);
  });
  test("a function is an activation", async () => {
    expect(await new layers.Activation((x) => x.mul(2)).apply([[1, 2]]).array()).toEqual([[2, 4]]);
  });
});
