/** Mixed precision: policies, loss scaling and layers against the real Keras; training in float16 learns as well as in float32. */
import { init, ops, type Tensor, tensor, Variable } from "@tenrec/tensor";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  DTypePolicy,
  datasets,
  dtypePolicy,
  Input,
  type Layer,
  layers,
  losses,
  Model,
  optimizers,
  Sequential,
  setDtypePolicy,
} from "../src/index.ts";
import { backend } from "./golden/backend.ts";
import { expectNumbers, type Stored, stored } from "./golden/compare.ts";
import golden from "./golden/mixedPrecision.json" with { type: "json" };
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend }));
afterEach(() => setDtypePolicy("float32"));

describe("policies", () => {
  test("say in what layers compute and what they keep", () => {
    expect(String(dtypePolicy())).toBe('<DTypePolicy "float32">');
    setDtypePolicy("mixed_float16");
    expect(dtypePolicy().computeDtype).toBe("float16");
    const dense = new layers.Dense(3);
    expect([dense.computeDtype, dense.variableDtype, dense.dtype]).toEqual(["float16", "float32", "float32"]);
    expect(dense.getConfig().dtype).toBe("mixed_float16");
    const last = new layers.Dense(3, { dtype: "float32" });
    expect([last.computeDtype, last.dtypePolicy.name]).toEqual(["float32", "float32"]);
    expect(new layers.Dense(3, { dtype: new DTypePolicy("float32") }).computeDtype).toBe("float32");
    setDtypePolicy(new DTypePolicy("float32"));
    expect(new layers.Dense(3, { dtype: "mixed_float16" }).computeDtype).toBe("float16");
    expect(new DTypePolicy().name).toBe("float32");
  });

  test("of other names are refused", () => {
    expect(() => setDtypePolicy("mixed_bfloat16" as never)).toThrow(/not a policy here[^]*mixed_float16/);
    expect(() => new DTypePolicy("float16")).toThrow(/not a policy here/);
    expect(() => new DTypePolicy("mixed_float_16x")).toThrow(/unknown name/);
  });

  test("hold for variables only while a layer computes", async () => {
    class Scale extends layers.Dense {
      seen: string[] = [];
      override call(inputs: Tensor): Tensor {
        const kernel = this.kernel as Variable;
        this.seen = [inputs.dtype, ops.multiply(kernel, 1).dtype, kernel.dtype];
        kernel.assignAdd(ops.full(kernel.shape, 2 ** -20));
        return ops.multiply(inputs, 2);
      }
    }
    const layer = new Scale(2, { dtype: "mixed_float16", kernelInitializer: "ones" });
    const output = layer.apply(tensor([[1, 2]]));
    expect(layer.seen).toEqual(["float16", "float16", "float32"]);
    expect(output.dtype).toBe("float16");
    const kernel = layer.kernel as Variable;
    expect(ops.multiply(kernel, 1).dtype).toBe("float32");
    // An update starts from the float32 value, not from what the layer reads.
    expect((await kernel.data())[0]).toBe(1 + 2 ** -20);
  });

  test("leave integers and masks alone", async () => {
    setDtypePolicy("mixed_float16");
    const ids = tensor([[3001, 3003, 0]]);
    const embedded = new layers.Embedding(4000, 2, { maskZero: true }).apply(ids);
    expect(embedded.dtype).toBe("float16");
    const output = new layers.LSTM(2).apply(embedded);
    expect([output.dtype, output.shape.join()]).toEqual(["float16", "1,2"]);
    const x = Input({ shape: [3] });
    const model = new Model({ inputs: x, outputs: new layers.Dense(2).apply(x) });
    expect(model.outputs[0]?.dtype).toBe("float16");
  });
});

interface LayerRow {
  readonly layer: string;
  readonly config: { readonly units?: number; readonly filters?: number; readonly kernelSize?: number };
  readonly training: boolean;
  readonly input: Stored;
  readonly weights: readonly Stored[];
  readonly dtypes: readonly string[];
  readonly weightDtypes: readonly string[];
  readonly output: Stored;
}

function layerOf({ layer, config }: LayerRow): Layer {
  const dtype = "mixed_float16";
  const { units = 0, filters = 0, kernelSize = 0, ...rest } = config;
  const options = { ...rest, dtype } as never;
  if (layer === "Dense") return new layers.Dense(units, options);
  if (layer === "LSTM") return new layers.LSTM(units, options);
  if (layer === "Conv2D") return new layers.Conv2D(filters, kernelSize, options);
  return new layers[layer as "LayerNormalization"](options);
}

describe.each(golden.layers as unknown as LayerRow[])("$layer", (row) => {
  test("gives Keras's dtypes and numbers", async () => {
    const layer = layerOf(row);
    const input = stored(row.input);
    layer.apply(input);
    row.weights.forEach((weight, i) => layer.weights[i]?.assign(stored(weight)));
    const output = layer.apply(input, { training: row.training });
    expect([layer.computeDtype, layer.variableDtype, output.dtype]).toEqual(row.dtypes);
    expect(layer.weights.map(({ dtype }) => dtype)).toEqual(row.weightDtypes);
    // Keras rounds in other places: a few steps of float16.
    expectNumbers(await output.data(), row.output.data, { relative: 4e-3, absolute: 4e-3 });
  });
});

interface ScaleRow {
  readonly optimizer: string;
  readonly initialScale: number;
  readonly dynamicGrowthSteps: number;
  readonly steps: readonly {
    readonly kind: string;
    readonly scale: number;
    readonly counter: number;
    readonly iterations: number;
    readonly a: readonly number[];
    readonly b: readonly number[];
  }[];
}

describe.each(golden.rows as unknown as ScaleRow[])("LossScaleOptimizer around $optimizer", (row) => {
  test("skips, halves and doubles at Keras's steps", async () => {
    const { initialScale, dynamicGrowthSteps } = row;
    const inner =
      row.optimizer === "sgd"
        ? new optimizers.SGD({ learningRate: 0.5, momentum: 0.5 })
        : new optimizers.Adam({ learningRate: 0.1 });
    const optimizer = new optimizers.LossScaleOptimizer(inner, { initialScale, dynamicGrowthSteps });
    const a = new Variable(tensor(sequence([2, 3], 71)).reshape([2, 3]));
    const b = new Variable(tensor(sequence([3], 72)));
    let scale = initialScale;
    for (const [i, step] of row.steps.entries()) {
      const gradients = [a, b].map((v) => sequence(v.shape, 73 + i).map((x) => x * scale));
      if (step.kind !== "fine")
        (gradients[i % 2] as Float32Array)[1] =
          step.kind === "nan" ? Number.NaN : step.kind === "inf" ? Infinity : -Infinity;
      optimizer.apply(
        gradients.map((data, k) => tensor({ data, shape: [a, b][k]?.shape ?? [] })),
        [a, b],
      );
      scale = await optimizer.dynamicScale.item();
      expect([scale, await optimizer.stepCounter.item()]).toEqual([step.scale, step.counter]);
      expect(await optimizer.iterations.item()).toBe(step.iterations);
      expectNumbers(await a.data(), step.a, { relative: 1e-5, absolute: 2e-6 });
      expectNumbers(await b.data(), step.b, { relative: 1e-5, absolute: 2e-6 });
    }
  });
});

describe("LossScaleOptimizer", () => {
  test("scales the loss, and is its inner optimizer otherwise", async () => {
    const inner = new optimizers.Adam({ learningRate: 0.01 });
    const optimizer = new optimizers.LossScaleOptimizer(inner);
    expect(await optimizer.scaleLoss(tensor(2)).item()).toBe(2 ** 16);
    optimizer.learningRate = 0.5;
    expect([inner.learningRate, optimizer.iterations === inner.iterations]).toEqual([0.5, true]);
    expect(optimizer.getConfig()).toMatchObject({ initialScale: 2 ** 15, dynamicGrowthSteps: 2000 });
  });

  test("refuses scales and counts that make no sense", () => {
    const inner = new optimizers.SGD();
    expect(() => new optimizers.LossScaleOptimizer(inner, { initialScale: 0 })).toThrow(
      /initialScale is not valid/,
    );
    expect(() => new optimizers.LossScaleOptimizer(inner, { dynamicGrowthSteps: 1.5 })).toThrow(
      /dynamicGrowthSteps is not valid/,
    );
  });

  test("recovers in fit from a scale that overflows, without losing the weights", async () => {
    setDtypePolicy("mixed_float16");
    const model = new Sequential([
      new layers.Dense(8, { activation: "relu", inputShape: [4] }),
      new layers.Dense(1, { dtype: "float32" }),
    ]);
    const optimizer = new optimizers.LossScaleOptimizer(new optimizers.Adam({ learningRate: 0.01 }), {
      initialScale: 2 ** 40,
    });
    model.compile({ optimizer, loss: "mse" });
    const [x, y] = [ops.reshape(tensor(sequence([64 * 4], 5)), [64, 4]), tensor(sequence([64], 6))];
    const { history } = await model.fit(x, y, { epochs: 10, batchSize: 16, verbose: 0, shuffle: false });
    const scale = await optimizer.dynamicScale.item();
    expect(scale).toBeLessThan(2 ** 40);
    const steps = await optimizer.iterations.item();
    expect(steps).toBe(40 - (40 - Math.log2(scale)));
    expect(history.loss?.at(-1)).toBeLessThan(history.loss?.[0] as number);
  });
});

describe("digits", () => {
  const mlp = () => [
    new layers.Dense(48, { activation: "relu" }),
    new layers.Dense(32, { activation: "tanh" }),
    new layers.Dense(10, { activation: "softmax", dtype: "float32" }),
  ];
  const cnn = () => [
    new layers.Reshape([8, 8, 1]),
    new layers.Conv2D(16, 3, { activation: "relu", strides: 2 }),
    new layers.BatchNormalization({ momentum: 0.8 }),
    new layers.Flatten(),
    new layers.Dense(10, { activation: "softmax", dtype: "float32" }),
  ];

  async function accuracyOf(policy: "float32" | "mixed_float16", stack: () => Layer[], epochs: number) {
    setDtypePolicy(policy);
    const { train, test: held } = await datasets.digits();
    const model = new Sequential([new layers.Flatten(), ...stack()]);
    model.compile({
      optimizer: new optimizers.Adam({ learningRate: 3e-3 }),
      loss: new losses.SparseCategoricalCrossentropy(),
      metrics: ["accuracy"],
    });
    model.build([null, ...train.x.shape.slice(1)]);
    // The same start for both: differences then come from rounding.
    model.weights
      .filter(({ name }) => name === "kernel")
      .forEach((weight, i) => {
        const [inputs, outputs] = [
          weight.size / (weight.shape.at(-1) as number),
          weight.shape.at(-1) as number,
        ];
        const limit = Math.sqrt(6 / (inputs + outputs));
        weight.load(sequence([weight.size], 90 + i).map((x) => x * limit));
      });
    await model.fit(train.x, train.y, { epochs, batchSize: 64, verbose: 0, shuffle: false });
    const logs = await model.evaluate(held.x, held.y, { batchSize: 359 });
    expect(model.optimizer?.constructor.name).toBe(policy === "float32" ? "Adam" : "LossScaleOptimizer");
    const prediction = await model.predict(held.x, { batchSize: 100 });
    expect(prediction.dtype).toBe("float32");
    return logs.accuracy as number;
  }

  test.each([
    ["a small MLP", mlp, 8],
    ["a small CNN", cnn, 8],
  ])("%s reaches the accuracy of float32", async (_, stack, epochs) => {
    const full = await accuracyOf("float32", stack, epochs);
    const mixed = await accuracyOf("mixed_float16", stack, epochs);
    expect(full).toBeGreaterThan(0.9);
    expect(Math.abs(mixed - full)).toBeLessThanOrEqual(0.01);
  });
});

test("predictions in float16 are joined from their batches", async () => {
  setDtypePolicy("mixed_float16");
  const model = new Sequential([new layers.Dense(3)]);
  const x = ops.reshape(tensor(sequence([7 * 5], 4)), [7, 5]);
  const prediction = await model.predict(x, { batchSize: 3 });
  expect([prediction.dtype, prediction.shape.join()]).toEqual(["float16", "7,3"]);
  expectNumbers(await prediction.data(), [...(await model.apply(x).data())], { absolute: 1e-3 });
});
