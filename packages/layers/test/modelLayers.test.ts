/** @file Norms, embeddings, attention and small layers: the common test for each, and what is special about some. */
import { GradientTape, init, ops, random, type Tensor, tensor, type Variable } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { initializers, type Layer, layers, Model, Sequential } from "../src/index.ts";
import { maskOf } from "../src/masks.ts";
import { sequence } from "./golden/sequence.ts";
import { runLayerTest } from "./runLayerTest.ts";

beforeAll(() => init({ backend: "cpu" }));

const same = (shape: readonly number[]) => ({ inputShape: shape, outputShape: shape });

runLayerTest(layers.BatchNormalization, {
  config: { axis: -1, momentum: 0, epsilon: 1e-3, center: true, scale: true },
  ...same([6, 2, 3]),
  weights: { gamma: [3], beta: [3], moving_mean: [3], moving_variance: [3] },
  state: ["moving_mean", "moving_variance"],
});
runLayerTest(layers.LayerNormalization, {
  config: { axis: [1, 2], epsilon: 1e-3, center: true, scale: true, rmsScaling: false },
  ...same([6, 2, 3]),
  weights: { gamma: [2, 3], beta: [2, 3] },
});
runLayerTest(layers.RMSNormalization, {
  config: { axis: -1, epsilon: 1e-6 },
  ...same([6, 3]),
  weights: { scale: [3] },
});
runLayerTest(layers.GroupNormalization, {
  config: { groups: 2, axis: -1, epsilon: 1e-3, center: true, scale: false },
  ...same([6, 2, 4]),
  weights: { beta: [4] },
});
runLayerTest(layers.UnitNormalization, { config: { axis: -1 }, ...same([6, 3]) });
runLayerTest(layers.EinsumDense, {
  config: { equation: "abc,cd->abd", outputShape: [null, 5], biasAxes: "d", activation: "tanh" },
  positional: ["equation", "outputShape"],
  inputShape: [4, 2, 3],
  outputShape: [4, 2, 5],
  weights: { kernel: [3, 5], bias: [5] },
});
runLayerTest(layers.PReLU, {
  config: { sharedAxes: [1] },
  ...same([6, 2, 3]),
  weights: { alpha: [1, 3] },
});
runLayerTest(layers.Permute, {
  config: { dims: [2, 1] },
  positional: "dims",
  inputShape: [4, 2, 3],
  outputShape: [4, 3, 2],
});
runLayerTest(layers.RepeatVector, {
  config: { n: 3 },
  positional: "n",
  inputShape: [4, 2],
  outputShape: [4, 3, 2],
});
runLayerTest(layers.Masking, { config: { maskValue: 0 }, ...same([4, 2, 3]) });
runLayerTest(layers.GaussianNoise, {
  config: { stddev: 0.01, seed: 1 },
  positional: "stddev",
  ...same([4, 3]),
});
runLayerTest(layers.GaussianDropout, {
  config: { rate: 0.01, seed: 1 },
  positional: "rate",
  ...same([4, 3]),
});
runLayerTest(layers.AlphaDropout, {
  config: { rate: 0.01, seed: 1, noiseShape: null },
  positional: "rate",
  ...same([4, 3]),
});
runLayerTest(layers.SpatialDropout1D, {
  config: { rate: 0.1, seed: 1 },
  positional: "rate",
  ...same([4, 2, 3]),
});
runLayerTest(layers.SpatialDropout2D, {
  config: { rate: 0.1, seed: 1, dataFormat: "channels_first" },
  positional: "rate",
  ...same([4, 2, 2, 3]),
});
runLayerTest(layers.Identity, { config: {}, ...same([4, 3]) });
runLayerTest(layers.ActivityRegularization, { config: { l1: 0, l2: 0.01 }, ...same([4, 3]) });

const numbers = (shape: readonly number[], salt = 61): Tensor =>
  tensor({ data: sequence(shape, salt), shape });
const read = async (x: Tensor): Promise<number[]> => [...(await x.data())];

describe("BatchNormalization", () => {
  test("moves its statistics in fit, uses them in predict, and stands still when it is not trained", async () => {
    const norm = new layers.BatchNormalization({ momentum: 0.5 });
    const model = new Sequential([norm, new layers.Dense(1)]);
    model.build([null, 2]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const x = [
      [1, 10],
      [3, 30],
    ];
    await model.fit(x, [[0], [1]], { epochs: 2, batchSize: 2, shuffle: false, verbose: 0 });
    // From 0 and 1, twice halfway to the batch's mean [2, 20] and variance [1, 100].
    expect(await read(norm.movingMean as Variable)).toEqual([1.5, 15]);
    expect(await read(norm.movingVariance as Variable)).toEqual([1, 75.25]);
    norm.trainable = false;
    model.compile({ optimizer: "sgd", loss: "mse" });
    await model.fit(x, [[0], [1]], { epochs: 1, batchSize: 2, verbose: 0 });
    expect(await read(norm.movingMean as Variable)).toEqual([1.5, 15]);
  });

  test("errors name the layer", () => {
    const norm = new layers.BatchNormalization({ axis: 2, name: "norm" });
    expect(() => norm.apply(numbers([2, 3]))).toThrow(/norm: the axis does not exist/);
    const fitted = new layers.BatchNormalization({ name: "fitted" });
    fitted.apply(numbers([2, 3]));
    expect(() => fitted.apply(numbers([2, 4]))).toThrow(/fitted: the input does not fit the weights/);
    expect(() => new layers.GroupNormalization({ groups: 0 })).toThrow(/groups/);
    expect(() => new layers.GroupNormalization({ groups: 3 }).apply(numbers([2, 4]))).toThrow(/divide/);
  });
});

describe("masks", () => {
  test("Embedding and Masking start them, norms pass them on", async () => {
    const ids = tensor([[1, 0, 3]], { dtype: "int32" });
    const embedding = new layers.Embedding(5, 2, { maskZero: true });
    expect(await read(embedding.computeMask(ids) as Tensor)).toEqual([1, 0, 1]);
    const model = new Sequential([embedding, new layers.LayerNormalization()]);
    expect(maskOf(model.apply(ids))).not.toBeNull();
    expect(maskOf(new layers.Embedding(5, 2).apply(ids))).toBeNull();
    const masking = new layers.Masking({ maskValue: -1 });
    const steps = tensor([
      [
        [1, -1],
        [-1, -1],
      ],
    ]);
    expect(await read(masking.apply(steps))).toEqual([1, -1, -0, -0]);
    expect(await read(masking.computeMask(steps))).toEqual([1, 0]);
  });

  test("attention leaves out what the mask of the value says", async () => {
    const attention = new layers.MultiHeadAttention(2, 3);
    const embedding = new layers.Embedding(5, 4, { maskZero: true });
    const ids = (last: number) => embedding.apply(tensor([[1, 2, last]], { dtype: "int32" }));
    const [padded, full] = [ids(0), ids(3)];
    const query = ops.slice(full, [0, 0, 0], [1, 2, 4]);
    const short = attention.apply<Tensor>([query, ops.slice(full, [0, 0, 0], [1, 2, 4])]);
    const long = attention.apply<Tensor>([query, padded]);
    const [a, b] = [await read(short), await read(long)];
    for (const [i, value] of a.entries()) expect(b[i]).toBeCloseTo(value, 6);
    expect(maskOf(attention.apply<Tensor>([padded, full]))).not.toBeNull();
  });
});

describe("attention", () => {
  const x = () => numbers([2, 3, 4]);
  const paths = (layer: Layer) => layer.weights.map(({ name, shape }) => [name, ...shape]);

  test("weights in Keras's order", () => {
    const attention = new layers.MultiHeadAttention(2, 3, { valueDim: 5, useGate: true });
    attention.apply<Tensor>([x(), x()]);
    expect(paths(attention)).toEqual([
      ["kernel", 4, 2, 3],
      ["bias", 2, 3],
      ["kernel", 4, 2, 3],
      ["bias", 2, 3],
      ["kernel", 4, 2, 5],
      ["bias", 2, 5],
      ["kernel", 4, 2, 5],
      ["bias", 2, 5],
      ["kernel", 2, 5, 4],
      ["bias", 4],
    ]);
    expect(attention.layers.map(({ name }) => name)).toEqual([
      "query",
      "key",
      "gate",
      "value",
      "attention_output",
    ]);
    expect(attention.layers.map(({ className }) => className)).toEqual(Array(5).fill("EinsumDense"));
  });

  test("kernels have the spread of their inputs and outputs, whatever axes those are", async () => {
    const attention = new layers.MultiHeadAttention(8, 16, {
      kernelInitializer: new initializers.GlorotUniform({ seed: 1 }),
    });
    attention.apply<Tensor>([numbers([1, 2, 64]), numbers([1, 2, 64])]);
    const kernel = await read(attention.weights[0] as Tensor);
    const limit = Math.sqrt(6 / (64 + 128));
    expect(Math.max(...kernel)).toBeLessThanOrEqual(limit);
    expect(Math.max(...kernel)).toBeGreaterThan(0.99 * limit);
  });

  test("in training dropout draws anew, else it does nothing", async () => {
    const attention = new layers.MultiHeadAttention(2, 3, { dropout: 0.5, seed: 3 });
    const run = (training: boolean) => attention.apply<Tensor>([x(), x()], { training }).data();
    expect(await run(false)).toEqual(await run(false));
    expect(await run(true)).not.toEqual(await run(true));
  });

  test("a model with attention trains", async () => {
    class Encoder extends Model {
      attention = new layers.MultiHeadAttention(2, 4, { dropout: 0.1 });
      norm = new layers.LayerNormalization();
      flatten = new layers.Flatten();
      head = new layers.Dense(1);
      override call(inputs: Tensor): Tensor {
        const attended = this.attention.apply<Tensor>([inputs, inputs], { useCausalMask: true } as object);
        return this.head.apply(this.flatten.apply(this.norm.apply(ops.add(inputs, attended))));
      }
    }
    const model = new Encoder();
    model.compile({ optimizer: "adam", loss: "mse" });
    const [data, target] = [numbers([8, 3, 4], 5), numbers([8, 1], 6)];
    const { history } = await model.fit(data, target, { epochs: 30, batchSize: 8, verbose: 0 });
    const losses = history.loss as readonly number[];
    expect(losses.at(-1)).toBeLessThan(0.7 * (losses[0] as number));
  });

  test("causal attention does not see what comes after", async () => {
    const attention = new layers.GroupQueryAttention(3, 4, 2);
    const later = ops.add(x(), ops.reshape(tensor([0, 0, 5]), [1, 3, 1]));
    const run = async (inputs: Tensor) =>
      (await read(attention.apply<Tensor>([inputs, inputs], { useCausalMask: true } as object))).slice(0, 8);
    expect(await run(later)).toEqual(await run(x()));
  });

  test("wrong inputs and settings are errors that name the layer", () => {
    const named = () => new layers.MultiHeadAttention(2, 3, { name: "heads" });
    expect(() => named().apply(x())).toThrow(/heads: attention takes two or three inputs/);
    expect(() => new layers.MultiHeadAttention(0, 3)).toThrow(/numHeads/);
    expect(() => new layers.GroupQueryAttention(2, 3, 2)).toThrow(/no multiple/);
    expect(() => new layers.Attention({ scoreMode: "sum" as "dot" })).toThrow(/scoreMode/);
    expect(() => new layers.EinsumDense("ab,bc", 3)).toThrow(/equation/);
  });
});

describe("wrappers", () => {
  test("TimeDistributed applies its layer to each step", async () => {
    const dense = new layers.Dense(2);
    const x = numbers([2, 3, 4]);
    const each = new layers.TimeDistributed(dense).apply(x);
    expect(each.shape).toEqual([2, 3, 2]);
    const wanted = await read(dense.apply(x));
    for (const [i, value] of (await read(each)).entries()) expect(value).toBeCloseTo(wanted[i] as number, 6);
    expect(() => new layers.TimeDistributed(new layers.Dense(2)).apply(numbers([2, 3]))).toThrow(/steps/);
  });

  test("Lambda calls its function with its arguments and the mode", async () => {
    const lambda = new layers.Lambda(
      (x: Tensor, { factor, training }) => ops.multiply(x, training ? factor : 1),
      { arguments: { factor: 3 } },
    );
    expect(await read(lambda.apply([2], { training: true }))).toEqual([6]);
    expect(await read(lambda.apply([2]))).toEqual([2]);
  });

  test("ActivityRegularization adds to the loss", async () => {
    const layer = new layers.ActivityRegularization({ l1: 1, l2: 2 });
    layer.apply([1, -2]);
    const [loss] = layer.losses;
    expect(await (loss as Tensor).item()).toBeCloseTo(1 + 2 + 2 * 5, 6);
  });
});

describe("gradients", () => {
  test("an embedding's gradient adds up over equal positions", async () => {
    const embedding = new layers.Embedding(3, 2);
    const ids = tensor([[1, 1, 2]], { dtype: "int32" });
    embedding.apply(ids);
    const tape = new GradientTape();
    const total = tape.run(() => ops.sum(embedding.apply(ids)));
    const gradient = tape.gradient(total, embedding.embeddings as Variable) as Tensor;
    expect(await read(gradient)).toEqual([0, 0, 2, 2, 1, 1]);
  });

  test("noise is constant to them", async () => {
    const x = random.normal([4], { seed: 1 });
    const layer = new layers.GaussianNoise(0.5, { seed: 2 });
    const tape = new GradientTape();
    const total = tape.run(() => {
      tape.watch(x);
      return ops.sum(layer.apply(x, { training: true }));
    });
    expect(await read(tape.gradient(total, x) as Tensor)).toEqual([1, 1, 1, 1]);
  });
});
