/** @file Layers and models as users write them: subclasses, tracking, names, freezing, regularizers, tables, callbacks, abort. */
import { GradientTape, init, jit, ops, random, type Tensor, tensor, Variable } from "@tenrec/tensor";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  callbacks,
  constraints,
  Layer,
  layers,
  losses,
  Model,
  optimizers,
  regularizers,
  Sequential,
} from "../src/index.ts";
import { resetNames } from "../src/naming.ts";

beforeAll(() => init({ backend: "cpu" }));
beforeEach(() => resetNames());

const quiet = { verbose: 0 } as const;

/** Two clouds that a line separates. */
function clouds(n = 64) {
  const x = Float32Array.from({ length: 2 * n }, (_, i) => Math.sin(i * 12.9898) + (i % 4 < 2 ? 1.5 : -1.5));
  const y = Float32Array.from({ length: n }, (_, i) => Number(i % 2 === 0));
  return { x: { data: x, shape: [n, 2] }, y };
}

class SimpleDense extends Layer {
  private readonly units: number;
  private readonly activation: ((t: Tensor) => Tensor) | undefined;
  w!: Variable;
  b!: Variable;
  builds = 0;

  constructor(units: number, activation?: (t: Tensor) => Tensor) {
    super();
    this.units = units;
    this.activation = activation;
  }
  override build([, inputDim]: readonly number[]): void {
    this.builds++;
    this.w = this.addWeight({ shape: [inputDim as number, this.units], initializer: "random_normal" });
    this.b = this.addWeight({ shape: [this.units], initializer: "zeros" });
  }
  override call(x: Tensor): Tensor {
    const y = x.matmul(this.w).add(this.b);
    return this.activation?.(y) ?? y;
  }
}

class Classifier extends Model {
  readonly blocks: Layer[];
  readonly heads: { first: Layer };
  readonly drop = new layers.Dropout(0.5);
  readonly scale = new Variable(tensor([2]), { name: "scale" });

  constructor() {
    super();
    this.blocks = [new layers.Dense(4, { activation: "relu" }), new layers.Dense(3, { activation: "tanh" })];
    this.heads = { first: new layers.Dense(1, { activation: "sigmoid" }) };
  }
  override call(x: Tensor): Tensor {
    const h = this.blocks.reduce((v, layer) => layer.apply(v), x);
    return this.heads.first.apply(this.drop.apply(ops.multiply(h, this.scale)));
  }
}

describe("layers", () => {
  test("a subclass builds once, on its first call", async () => {
    const layer = new SimpleDense(4, (t) => t.relu());
    expect(layer.built).toBe(false);
    const y = layer.apply(tensor([[1, 2, 3]]));
    layer.apply(tensor([[1, 2, 3]]));
    expect(layer.builds).toBe(1);
    expect(y.shape).toEqual([1, 4]);
    expect(layer.name).toBe("simple_dense");
    expect(layer.weights.map(({ shape }) => [...shape])).toEqual([[3, 4], [4]]);
    const [w, b] = (await Promise.all(layer.weights.map((v) => v.array()))) as [number[][], number[]];
    const wanted = w[0]?.map((_, j) =>
      Math.max(
        0,
        [1, 2, 3].reduce((s, v, i) => s + v * (w[i]?.[j] ?? 0), b[j] ?? 0),
      ),
    );
    const found = ((await y.array()) as number[][])[0] as number[];
    found.forEach((v, j) => expect(v).toBeCloseTo(wanted?.[j] as number, 5));
  });

  test("names count up by class, as in Keras", () => {
    const names = [
      new layers.Dense(1),
      new layers.Dense(1),
      new layers.Dropout(0.1),
      new Sequential(),
      new layers.Dense(1),
    ];
    expect(names.map(({ name }) => name)).toEqual(["dense", "dense_1", "dropout", "sequential", "dense_2"]);
    const dense = new layers.Dense(2, { name: "mine" });
    dense.apply([[1, 2]]);
    expect(dense.weights.map(({ name }) => name)).toEqual(["kernel", "bias"]);
  });

  test("regularizers become losses, also in training", async () => {
    const l2 = new regularizers.L2(0.5);
    const dense = new layers.Dense(1, {
      kernelInitializer: "ones",
      kernelRegularizer: l2,
      biasRegularizer: "l1",
    });
    dense.apply([[1, 2]]);
    const values = await Promise.all(dense.losses.map((loss) => loss.item()));
    expect(values).toEqual([1, 0]);
    const model = new Sequential([dense]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    expect(await model.testOnBatch([[1, 2]], [[3]])).toEqual({ loss: 1 });
  });

  test("addLoss and activity regularizers count from the last call only", async () => {
    const dense = new layers.Dense(1, {
      kernelInitializer: "ones",
      activityRegularizer: new regularizers.L1(1),
    });
    dense.apply([[1, 2]]);
    dense.apply([[1, 1]]);
    expect(await Promise.all(dense.losses.map((loss) => loss.item()))).toEqual([2]);
  });

  test("constraints hold after every update", async () => {
    const dense = new layers.Dense(3, {
      kernelConstraint: new constraints.NonNeg(),
      biasConstraint: "non_neg",
    });
    const model = new Sequential([dense]);
    model.compile({ optimizer: new optimizers.SGD({ learningRate: 1 }), loss: "mse" });
    await model.fit([[1, 2]], [[-5, -5, -5]], { ...quiet, epochs: 3 });
    for (const weight of await model.getWeights()) expect(Math.min(...weight)).toBeGreaterThanOrEqual(0);
  });
});

describe("subclassed models", () => {
  test("weights are found in fields, arrays and records, own ones first", () => {
    const model = new Classifier();
    model.build([null, 2]);
    expect(model.weights.map(({ name, shape }) => `${name}[${shape}]`)).toEqual([
      "scale[1]",
      "kernel[2,4]",
      "bias[4]",
      "kernel[4,3]",
      "bias[3]",
      "kernel[3,1]",
      "bias[1]",
    ]);
    expect(model.countParams()).toBe(1 + 12 + 15 + 4);
    expect(model.layers.map(({ name }) => name)).toEqual(["dense", "dense_1", "dense_2", "dropout"]);
  });

  test("training mode reaches layers inside; dropout acts in it only", async () => {
    const model = new Classifier();
    const x = tensor(Array.from({ length: 32 }, (_, i) => [i / 8, 1]));
    const plain = await model.apply(x).data();
    expect(await model.apply(x).data()).toEqual(plain);
    expect(await model.apply(x, { training: true }).data()).not.toEqual(plain);
  });

  test("fit learns", async () => {
    random.setRandomSeed(1);
    const model = new Classifier();
    const { x, y } = clouds();
    model.compile({
      optimizer: new optimizers.Adam({ learningRate: 0.05 }),
      loss: "binary_crossentropy",
      metrics: ["accuracy"],
    });
    const { history } = await model.fit(x, y, { ...quiet, epochs: 20, validationSplit: 0.25 });
    expect(history.val_accuracy?.at(-1)).toBeGreaterThan(0.9);
  });

  test("freezing layers leaves their weights alone", async () => {
    const model = new Sequential([new layers.Dense(4), new layers.Dense(1)]);
    model.build([null, 2]);
    const [first] = model.layers as [Layer];
    first.trainable = false;
    expect(model.trainableVariables.length).toBe(2);
    expect(model.nonTrainableVariables.length).toBe(2);
    model.compile({ optimizer: "adam", loss: "mse" });
    const before = await model.getWeights();
    const { x, y } = clouds(16);
    await model.fit(x, y, quiet);
    const after = await model.getWeights();
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after[2]).not.toEqual(before[2]);
    first.trainable = true;
    expect(model.trainableVariables.length).toBe(4);
  });

  test("several inputs and outputs", async () => {
    class TwoHeads extends Model {
      readonly left = new layers.Dense(1);
      readonly right = new layers.Dense(2, { activation: "softmax" });
      override call(inputs: { a: Tensor; b: Tensor }): { size: Tensor; kind: Tensor } {
        const both = ops.concatenate([inputs.a, inputs.b], { axis: -1 });
        return { size: this.left.apply(both), kind: this.right.apply(both) };
      }
    }
    const model = new TwoHeads();
    model.compile({
      optimizer: "adam",
      loss: { size: "mse", kind: "sparse_categorical_crossentropy" },
      lossWeights: { size: 1, kind: 0.5 },
      metrics: { kind: ["accuracy"] },
    });
    const x = {
      a: [[1], [2], [3]],
      b: [
        [0, 1],
        [1, 0],
        [1, 1],
      ],
    };
    const y = { size: [[1], [2], [3]], kind: [0, 1, 1] };
    const { history } = await model.fit(x, y, { ...quiet, epochs: 2 });
    expect(Object.keys(history)).toEqual(["loss", "size_loss", "kind_loss", "kind_accuracy"]);
    expect(history.loss?.[0]).toBeCloseTo(
      (history.size_loss?.[0] as number) + 0.5 * (history.kind_loss?.[0] as number),
      5,
    );
    const predicted = await model.predict<{ size: Tensor; kind: Tensor }>(x, { batchSize: 2 });
    expect([predicted.size.shape, predicted.kind.shape].map((shape) => [...shape])).toEqual([
      [3, 1],
      [3, 2],
    ]);
  });
});

describe("training", () => {
  const build = () => {
    const model = new Sequential([
      new layers.Dense(8, { activation: "relu" }),
      new layers.Dropout(0.3),
      new layers.Dense(1),
    ]);
    model.compile({ optimizer: "adam", loss: new losses.MeanSquaredError(), metrics: ["mae"] });
    return model;
  };

  test("two runs from one seed agree bit for bit", async () => {
    const { x, y } = clouds(50);
    const runs = [];
    for (let run = 0; run < 2; run++) {
      random.setRandomSeed(7);
      const model = build();
      const { history } = await model.fit(x, y, { ...quiet, epochs: 3, batchSize: 16 });
      runs.push({ history, weights: await model.getWeights() });
    }
    expect(runs[1]).toEqual(runs[0]);
  });

  test("initialEpoch, stepsPerEpoch and the order of callbacks", async () => {
    const calls: string[] = [];
    const note = (name: string) => (i: unknown) => {
      calls.push(typeof i === "number" ? `${name} ${i}` : name);
    };
    const { x, y } = clouds(10);
    const history = await build().fit(x, y, {
      ...quiet,
      epochs: 4,
      initialEpoch: 2,
      stepsPerEpoch: 2,
      batchSize: 4,
      validationData: [x, y],
      callbacks: [
        new callbacks.LambdaCallback({
          onTrainBegin: note("begin"),
          onEpochBegin: note("epoch"),
          onTrainBatchEnd: note("batch"),
          onEpochEnd: note("end"),
          onTrainEnd: note("over"),
        }),
      ],
    });
    expect(history.epoch).toEqual([2, 3]);
    expect(calls.join(", ")).toBe(
      "begin, epoch 2, batch 0, batch 1, end 2, epoch 3, batch 0, batch 1, end 3, over",
    );
  });

  test("stopTraining ends the run; an aborted signal too, cleanly", async () => {
    const { x, y } = clouds(64);
    class Stop extends callbacks.Callback {
      override onEpochEnd(epoch: number): void {
        if (epoch === 1) this.model.stopTraining = true;
      }
    }
    const stopped = await build().fit(x, y, { ...quiet, epochs: 10, callbacks: [new Stop()] });
    expect(stopped.epoch).toEqual([0, 1]);
    const controller = new AbortController();
    class Abort extends callbacks.Callback {
      override onTrainBatchEnd(batch: number): void {
        if (batch === 1) controller.abort();
      }
    }
    const model = build();
    const aborted = await model.fit(x, y, {
      ...quiet,
      epochs: 10,
      batchSize: 1,
      signal: controller.signal,
      callbacks: [new Abort()],
    });
    expect(aborted.epoch).toEqual([]);
    await model.evaluate(x, y);
  });

  test("events are handled during a long run, also on the cpu", async () => {
    const { x, y } = clouds(64);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const history = await build().fit(x, y, {
      ...quiet,
      epochs: 1e6,
      batchSize: 8,
      signal: controller.signal,
    });
    expect(history.epoch.length).toBeLessThan(1e6);
  });

  test("the learning rate changes without compiling anything", async () => {
    const model = build();
    const { x, y } = clouds(16);
    const rates: number[] = [];
    await model.fit(x, y, {
      ...quiet,
      epochs: 3,
      callbacks: [
        new callbacks.LearningRateScheduler((epoch) => 0.1 / (epoch + 1)),
        new callbacks.LambdaCallback({
          onEpochEnd: (_, logs) => void rates.push(logs.learning_rate as number),
        }),
      ],
    });
    rates.forEach((rate, epoch) => expect(rate).toBeCloseTo(0.1 / (epoch + 1), 6));
  });

  test("custom losses and metrics are functions", async () => {
    const model = new Sequential([new layers.Dense(1, { kernelInitializer: "ones" })]);
    const worst = (yTrue: Tensor, yPred: Tensor) =>
      ops.max(ops.abs(ops.subtract(yTrue, yPred)), { axis: -1 });
    model.compile({ optimizer: "sgd", loss: worst, metrics: [worst] });
    expect(await model.testOnBatch([[1, 2]], [[5]])).toEqual({ loss: 2, worst: 2 });
  });

  test("evaluate and predict in ragged batches equal one batch", async () => {
    const model = build();
    const { x, y } = clouds(23);
    await model.fit(x, y, quiet);
    const [small, whole] = [
      await model.evaluate(x, y, { batchSize: 5 }),
      await model.evaluate(x, y, { batchSize: 23 }),
    ];
    for (const name of ["loss", "mae"]) expect(small[name]).toBeCloseTo(whole[name] as number, 5);
    const [parts, all] = [await model.predict(x, { batchSize: 5 }), await model.predictOnBatch(x)];
    expect(parts.shape).toEqual(all.shape);
    expect(await parts.data()).toEqual(await all.data());
  });

  test("a hand-written loop with a tape, and the same as a compiled step", async () => {
    const { x, y } = clouds(32);
    const xs = tensor(x);
    const ys = tensor(y).reshape([32, 1]);
    const train = async (compiled: boolean) => {
      random.setRandomSeed(3);
      const model = new Sequential([new layers.Dense(1)]);
      model.build([null, 2]);
      const optimizer = new optimizers.SGD({ learningRate: 0.1, momentum: 0.9 });
      optimizer.build(model.trainableVariables);
      const step = () => {
        const tape = new GradientTape();
        const loss = tape.run(() => ops.mean(ops.square(ops.subtract(model.apply(xs), ys))));
        optimizer.apply(tape.gradient(loss, model.trainableVariables), model.trainableVariables);
        return loss;
      };
      const run = compiled ? jit(step) : step;
      const values: number[] = [];
      for (let i = 0; i < 5; i++) values.push(await run().item());
      return values;
    };
    const eager = await train(false);
    expect(eager[4]).toBeLessThan(eager[0] as number);
    (await train(true)).forEach((value, i) => expect(value).toBeCloseTo(eager[i] as number, 5));
  });
});

test("summary prints Keras's table", async () => {
  const model = new Sequential([new layers.Dense(128, { activation: "relu" }), new layers.Dense(10)]);
  model.build([null, 784]);
  let text = "";
  await model.summary({
    printFn: (part) => {
      text += part;
    },
  });
  expect(text).toMatchInlineSnapshot(`
    "Model: "sequential"
    ┏━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓
    ┃ Layer (type)    ┃ Output Shape ┃ Param # ┃
    ┡━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━┩
    │ dense (Dense)   │ (None, 128)  │ 100,480 │
    ├─────────────────┼──────────────┼─────────┤
    │ dense_1 (Dense) │ (None, 10)   │   1,290 │
    └─────────────────┴──────────────┴─────────┘
     Total params: 101,770 (397.54 KB)
     Trainable params: 101,770 (397.54 KB)
     Non-trainable params: 0 (0.00 B)"
  `);
});

test("configurations hold Keras's keys", () => {
  expect(new layers.Dense(3, { activation: "relu", name: "d" }).getConfig()).toMatchObject({
    name: "d",
    trainable: true,
    units: 3,
    activation: "relu",
    useBias: true,
  });
  expect(new optimizers.Adam({ beta1: 0.8 }).getConfig()).toMatchObject({
    name: "adam",
    beta1: 0.8,
    beta2: 0.999,
  });
});
