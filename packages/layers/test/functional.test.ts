/** @file Functional models: the textbook example, shared and nested layers, parts of models, shapes, data by name, masks, errors. */
import { init, memory, ops, Tensor, tensor } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import {
  Input,
  type KerasTensor,
  type Layer,
  layers,
  Model,
  type RunOptions,
  Sequential,
} from "../src/index.ts";
import { maskOf } from "../src/masks.ts";

const { Dense } = layers;

/** Three inputs and two outputs: tickets by priority and department, as in "Deep Learning with Python". */
function tickets(): Model {
  const [vocabulary, numTags, numDepartments] = [20, 5, 4];
  const title = Input({ shape: [vocabulary], name: "title" });
  const body = Input({ shape: [vocabulary], name: "text_body" });
  const tags = Input({ shape: [numTags], name: "tags" });
  const features = new layers.Concatenate().apply([title, body, tags]);
  const hidden = new Dense(16, { activation: "relu", name: "dense_features" }).apply(features);
  const priority = new Dense(1, { activation: "sigmoid", name: "priority" }).apply(hidden);
  const department = new Dense(numDepartments, { activation: "softmax", name: "department" }).apply(hidden);
  return new Model({ inputs: [title, body, tags], outputs: [priority, department] });
}

const rows = (width: number, of: (row: number, column: number) => number) =>
  Array.from({ length: 24 }, (_, row) => Array.from({ length: width }, (_, column) => of(row, column)));
const data = {
  title: rows(20, (row, column) => (row * 7 + column) % 2),
  text_body: rows(20, (row, column) => (row + column * 3) % 2),
  tags: rows(5, (row, column) => (row >> column) & 1),
};
const targets = {
  priority: rows(1, (row) => (row % 10) / 10),
  department: rows(4, (row, column) => Number(row % 4 === column)),
};
const quiet = { verbose: 0 } as const;

test("describing a model computes nothing and opens no device", () => {
  const before = memory().bytes;
  const model = tickets();
  expect(model.built).toBe(true);
  expect(model.weights.map(({ shape }) => [...shape])).toEqual([[45, 16], [16], [16, 1], [1], [16, 4], [4]]);
  expect(memory().bytes).toBe(before);
});

describe("the textbook's example", () => {
  beforeAll(() => init({ backend: "cpu" }));

  test("trains by position", async () => {
    const model = tickets();
    model.compile({
      optimizer: "adam",
      loss: ["mean_squared_error", "categorical_crossentropy"],
      metrics: [["mean_absolute_error"], ["accuracy"]],
    });
    const x = [data.title, data.text_body, data.tags];
    const y = [targets.priority, targets.department];
    const { history } = await model.fit(x as never, y as never, { ...quiet, epochs: 8, batchSize: 8 });
    expect(Object.keys(history)).toEqual([
      "loss",
      "priority_loss",
      "department_loss",
      "priority_mean_absolute_error",
      "department_accuracy",
    ]);
    expect(history.loss?.at(-1)).toBeLessThan(history.loss?.[0] as number);
    const [priority, department] = await model.predict<Tensor[]>(x as never);
    expect([priority?.shape, department?.shape]).toEqual([
      [24, 1],
      [24, 4],
    ]);
  });

  test("trains by name; a record may hold more than the model asks for", async () => {
    const model = tickets();
    model.compile({
      optimizer: "adam",
      loss: { priority: "mean_squared_error", department: "categorical_crossentropy" },
      metrics: { priority: ["mean_absolute_error"], department: ["accuracy"] },
    });
    const x = { ...data, unused: data.tags };
    await model.fit(x, targets, { ...quiet, validationSplit: 0.25 });
    const logs = await model.evaluate(x, targets);
    expect(logs.loss).toBeCloseTo((logs.priority_loss as number) + (logs.department_loss as number), 5);
  });

  test("outputs without a loss need no targets", async () => {
    const model = tickets();
    model.compile({ optimizer: "adam", loss: { priority: "mse" } });
    expect(Object.keys(await model.trainOnBatch(data, { priority: targets.priority }))).toEqual(["loss"]);
    model.compile({ optimizer: "adam", loss: [null, "categorical_crossentropy"] });
    await model.trainOnBatch(data, [tensor(targets.department)]);
  });

  test("a part of a model is a model with the same weights", async () => {
    const model = tickets();
    const features = model.getLayer(4).output as KerasTensor;
    const difficulty = new Dense(3, { activation: "softmax", name: "difficulty" }).apply(features);
    const wide = new Model({ inputs: model.inputs, outputs: [...model.outputs, difficulty] });
    expect(wide.layers.filter((layer) => model.layers.includes(layer)).length).toBe(model.layers.length);
    const head = new Model({ inputs: features, outputs: difficulty });
    expect(head.layers.map(({ name }) => name)).toEqual(["difficulty"]);
    const hidden = await new Model({ inputs: model.inputs, outputs: features }).predict(data);
    const [, , whole] = await wide.predict<Tensor[]>(data);
    expect(await (await head.predict(hidden)).data()).toEqual(await whole?.data());
  });
});

describe("graphs", () => {
  beforeAll(() => init({ backend: "cpu" }));

  test("a shared layer has its weights once, and both calls train them", async () => {
    const [a, b] = [Input({ shape: [3] }), Input({ shape: [3] })];
    const shared = new Dense(2, { useBias: false, kernelInitializer: "ones" });
    const model = new Model({
      inputs: [a, b],
      outputs: new layers.Subtract().apply([shared.apply(a), shared.apply(b)]),
    });
    expect(model.weights.length).toBe(1);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const x = [tensor([[1, 2, 3]]), tensor([[1, 2, 3]])];
    await model.trainOnBatch(x, tensor([[1, 1]]));
    // Both inputs are equal: the two calls' gradients cancel.
    expect(await shared.kernel?.array()).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(shared.inboundCalls.map(({ index }) => index)).toEqual([0, 1]);
  });

  test("models are layers of models, both ways", async () => {
    const x = Input({ shape: [4] });
    const encoder = new Model({
      inputs: x,
      outputs: new Dense(3, { activation: "tanh" }).apply(x),
      name: "encoder",
    });
    const decoder = new Sequential([new Dense(5), new Dense(4)], { name: "decoder" });
    const y = Input({ shape: [4] });
    const whole = new Model({ inputs: y, outputs: decoder.apply(encoder.apply(y)) });
    expect(whole.layers.map(({ name }) => name)).toEqual([y.name, "encoder", "decoder"]);
    expect(whole.weights.length).toBe(6);
    const stacked = new Sequential([encoder, decoder]);
    expect(stacked.built).toBe(true);
    const some = tensor([[1, 2, 3, 4]]);
    expect(await stacked.apply(some).data()).toEqual(await whole.apply(some).data());
    whole.compile({ optimizer: "adam", loss: "mse" });
    const { loss } = await whole.trainOnBatch(some, some);
    expect(loss).toBeGreaterThan(0);
  });

  test("one output of several is used twice, and an output can be an input", async () => {
    class Halves extends layers.Layer {
      override call(x: Tensor): [Tensor, Tensor] {
        return ops.split(x, 2, { axis: -1 }) as [Tensor, Tensor];
      }
    }
    const x = Input({ shape: [4] });
    const [left, right] = new Halves().apply<KerasTensor[]>(x) as [KerasTensor, KerasTensor];
    expect([left.shape, right.shape]).toEqual([
      [null, 2],
      [null, 2],
    ]);
    const model = new Model({
      inputs: x,
      outputs: { sum: new layers.Add().apply([left, right, right]), left, x },
    });
    const found = model.apply<Record<string, Tensor>>(tensor([[1, 2, 3, 4]]));
    expect(await found.sum?.array()).toEqual([[7, 10]]);
    expect(await found.left?.array()).toEqual([[1, 2]]);
    expect(await found.x?.array()).toEqual([[1, 2, 3, 4]]);
  });

  test("options of a call belong to it: symbolic ones are inputs, training stays as it was given", async () => {
    class Scaled extends layers.Layer {
      override call(x: Tensor, { by, training }: RunOptions & { by?: Tensor }): Tensor {
        return ops.multiply(ops.multiply(x, by as Tensor), training ? 100 : 1);
      }
    }
    const [x, by] = [Input({ shape: [2] }), Input({ shape: [2] })];
    const frozen = new Model({ inputs: [x, by], outputs: new Scaled().apply(x, { by, training: false }) });
    const free = new Model({ inputs: [x, by], outputs: new Scaled().apply(x, { by }) });
    const values = [tensor([[1, 2]]), tensor([[3, 4]])];
    expect(await frozen.apply(values, { training: true }).array()).toEqual([[3, 8]]);
    expect(await free.apply(values, { training: true }).array()).toEqual([[300, 800]]);
  });

  test("axes that may vary stay open, and weights need known ones", async () => {
    const x = Input({ shape: [null, 3] });
    const y = new Dense(5).apply(x);
    expect(y.shape).toEqual([null, null, 5]);
    const halved = new layers.Concatenate({ axis: 1 }).apply([x, x]);
    expect(halved.shape).toEqual([null, null, 3]);
    expect(new layers.Flatten().apply(Input({ shape: [2, 3], batchSize: 7 })).shape).toEqual([7, 6]);
    expect(() => new Dense(2).apply(Input({ shape: [3, null] }))).toThrow(/no feature axis/);
    const model = new Model({ inputs: x, outputs: y });
    for (const steps of [1, 4])
      expect((await model.predict(ops.ones([2, steps, 3]))).shape).toEqual([2, steps, 5]);
  });

  test("dtypes: data are brought to the input's", () => {
    const x = Input({ shape: [2], dtype: "int32" });
    expect(x.dtype).toBe("int32");
    const model = new Model({ inputs: x, outputs: new layers.Rescaling(0.5).apply(x) });
    expect(model.outputs[0]?.dtype).toBe("float32");
    expect(model.apply(tensor([[1, 2]])).dtype).toBe("float32");
  });

  test("columns without their last axis of one are accepted, as in Keras", () => {
    const x = Input({ shape: [1] });
    const model = new Model({ inputs: x, outputs: new Dense(2).apply(x) });
    expect(model.apply(tensor([1, 2, 3])).shape).toEqual([3, 2]);
    const flat = Input({ shape: [] });
    const doubled = new Model({ inputs: flat, outputs: new layers.Add().apply([flat, flat]) });
    expect(doubled.apply(tensor([[1], [2]])).shape).toEqual([2]);
  });

  test("a Sequential that starts with Input has symbolic inputs and outputs", async () => {
    const model = new Sequential([Input({ shape: [3] }), new Dense(4), new Dense(2)]);
    expect(model.countParams()).toBe(26);
    expect([model.inputs[0]?.shape, model.outputs[0]?.shape]).toEqual([
      [null, 3],
      [null, 2],
    ]);
    const features = new Model({ inputs: model.inputs, outputs: model.layers.map(({ output }) => output) });
    const found = await features.predict<Tensor[]>(ops.ones([5, 3]));
    expect(found.map(({ shape }) => shape)).toEqual([
      [5, 4],
      [5, 2],
    ]);
    model.pop();
    expect(model.outputs[0]?.shape).toEqual([null, 4]);
  });

  test("a subclass may be functional, with layers beside the graph", () => {
    class Regression extends Model {
      readonly aside = new Dense(1);
      constructor(width: number) {
        const x = Input({ shape: [width] });
        super({ inputs: x, outputs: new Dense(1, { name: "slope" }).apply(x) });
      }
    }
    const model = new Regression(3);
    expect(model.apply(ops.ones([2, 3])).shape).toEqual([2, 1]);
    expect([model.className, model.name]).toEqual(["Regression", "regression"]);
    expect(model.layers).toContain(model.aside);
  });

  test("one output behaves as ever, and is not prefixed", async () => {
    const x = Input({ shape: [2] });
    const model = new Model({ inputs: [x], outputs: [new Dense(1).apply(x)] });
    model.compile({ optimizer: "sgd", loss: "mse", metrics: ["mae"] });
    const logs = await model.trainOnBatch([[1, 2]], [[3]], { classWeight: { 3: 2 } });
    expect(Object.keys(logs)).toEqual(["loss", "mae"]);
    expect((await model.predict([[1, 2]])).shape).toEqual([1, 1]);
    expect(model.toString()).toBe(
      "<Functional name=functional, built=true>".replace("functional,", `${model.name},`),
    );
  });

  test("trainable reaches the layers of a graph", () => {
    const x = Input({ shape: [2] });
    const base = new Model({ inputs: x, outputs: new Dense(3).apply(x), trainable: false });
    const model = new Model({ inputs: x, outputs: new Dense(1).apply(base.apply(x)) });
    expect([model.trainableVariables.length, model.nonTrainableVariables.length]).toEqual([2, 2]);
  });

  test("losses that describing a model adds are gone", () => {
    const x = Input({ shape: [2] });
    const model = new Model({ inputs: x, outputs: new Dense(1, { activityRegularizer: "l2" }).apply(x) });
    expect(model.losses).toEqual([]);
    model.apply(tensor([[1, 2]]));
    expect(model.losses.length).toBe(1);
  });

  test("masks travel through the layers of a graph", async () => {
    class NotZero extends layers.Layer {
      override call(x: Tensor): Tensor {
        return ops.multiply(x, 1);
      }
      override computeMask(x: Tensor): Tensor {
        return ops.any(ops.notEqual(x, 0), { axis: -1 });
      }
    }
    class CountSteps extends layers.Layer {
      override call(x: Tensor, { mask }: RunOptions): Tensor {
        return ops.sum(
          mask instanceof Tensor ? ops.cast(mask, "float32") : ops.ones([x.shape[0] as number, 1]),
          { axis: 1 },
        );
      }
    }
    const x = Input({ shape: [3, 2] });
    const hidden = new layers.Dropout(0.5).apply(new Dense(4).apply(new NotZero().apply(x)));
    const model = new Model({ inputs: x, outputs: new CountSteps().apply(hidden) });
    const steps = tensor([
      [
        [1, 1],
        [0, 0],
        [2, 2],
      ],
      [
        [0, 0],
        [0, 0],
        [1, 0],
      ],
    ]);
    expect(await model.apply(steps).array()).toEqual([2, 1]);
    const plain = new Model({
      inputs: x,
      outputs: new CountSteps().apply(new layers.Reshape([3, 2]).apply(new NotZero().apply(x))),
    });
    expect(await plain.apply(steps).array()).toEqual([1, 1]);
    const masked = new Sequential([new NotZero(), new Dense(2)]).apply(steps);
    expect(await maskOf(masked)?.array()).toEqual([
      [true, false, true],
      [false, false, true],
    ]);
  });
});

describe("errors", () => {
  beforeAll(() => init({ backend: "cpu" }));
  const twoInputs = () => {
    const [a, b] = [Input({ shape: [2], name: "a" }), Input({ shape: [3], name: "b" })];
    const sum = new layers.Add({ name: "sum" }).apply([new Dense(1).apply(a), new Dense(1).apply(b)]);
    return {
      a,
      b,
      sum,
      model: new Model({ inputs: [a, b], outputs: [sum, new Dense(2, { name: "other" }).apply(sum)] }),
    };
  };

  test("of the graph", () => {
    const { a, b, sum } = twoInputs();
    expect(() => new Model({ inputs: a, outputs: sum })).toThrow(
      /disconnected[\s\S]*missing: <KerasTensor[\s\S]*"b" to inputs/,
    );
    expect(() => new Model({ inputs: sum, outputs: new Dense(1).apply(a) })).toThrow(/disconnected/);
    expect(() => new Model({ inputs: [a, a, b], outputs: sum })).toThrow(/given twice/);
    const twin = new Dense(1, { name: "sum" }).apply(sum);
    expect(() => new Model({ inputs: [a, b], outputs: twin })).toThrow(/two layers are called "sum"/);
    expect(() => new Model({ inputs: a, outputs: tensor([1]) as never })).toThrow(/not symbolic/);
    expect(() => new Model({ inputs: [[1, 2]], outputs: undefined } as never)).toThrow(/not symbolic/);
    expect(() => new Model({ inputs: [], outputs: sum })).toThrow(/not symbolic/);
    expect(() => new Model().apply(tensor([1]))).toThrow(/says nothing of what it computes/);
    const { model } = twoInputs();
    expect(() => model.getLayer("summ")).toThrow(/no such layer[\s\S]*sum/);
  });

  test("of operations and layers on symbolic tensors", () => {
    const { a, b } = twoInputs();
    expect(() => ops.add(a as never, 1)).toThrow(/no numbers[\s\S]*Lambda/);
    expect(() => new Dense(1).apply([a, [1, 2]] as never)).toThrow(/neither symbolic nor a tensor/);
    expect(() => new layers.Add().apply([a, b])).toThrow(/do not fit together/);
    expect(() => new layers.Add().apply(a)).toThrow(/merges several inputs/);
    expect(() => new layers.Subtract().apply([a, a, a])).toThrow(/exactly two inputs/);
    expect(() => new layers.Add().apply([ops.ones([2, 3]), ops.ones([4, 3])])).toThrow(/number of samples/);
    expect(() => new layers.Concatenate({ axis: 3 }).apply([a, b])).toThrow(/cannot be joined/);
    expect(() => new layers.Concatenate({ axis: 0 }).apply([a, b])).toThrow(/cannot be joined/);
    expect(() => new layers.Dot(0)).toThrow(/not axes/);
    expect(() => new layers.Dot([1, 2, 3] as never)).toThrow(/not axes/);
    expect(() => new layers.Dot(1).apply([a, b])).toThrow(/no product/);
  });

  test("of data", async () => {
    const { model } = twoInputs();
    const ones = (width: number) => ops.ones([4, width]);
    expect(() => model.apply([ones(2)])).toThrow(/not what the inputs ask for[\s\S]*1 value[\s\S]*2: a, b/);
    expect(() => model.apply({ a: ones(2), c: ones(3) })).toThrow(/a record of a, c[\s\S]*2: a, b/);
    expect(() => model.apply([ones(3), ones(3)])).toThrow(
      /do not fit input "a"[\s\S]*\[4,3\][\s\S]*\(None, 2\)/,
    );
    await expect(model.predict({ left: [[1, 2]] })).rejects.toThrow(/none of the model's names/);
    model.compile({ optimizer: "sgd", loss: "mse" });
    const x = [ones(2), ones(3)];
    await expect(model.trainOnBatch(x, ones(1))).rejects.toThrow(/targets do not fit the outputs/);
    await expect(model.trainOnBatch(x, { sum: ones(1) })).rejects.toThrow(/no targets for output "other"/);
    await expect(model.trainOnBatch(x, [ones(1), ones(2)], { classWeight: { 0: 2 } })).rejects.toThrow(
      /one output/,
    );
  });

  test("of compile, by the names of the outputs", () => {
    const { model } = twoInputs();
    expect(() => model.compile({ loss: { summ: "mse" } })).toThrow(
      /unknown output in loss[\s\S]*did you mean "sum"/,
    );
    expect(() => model.compile({ loss: ["mse"] })).toThrow(/loss is not one entry per output[\s\S]*1 for 2/);
    expect(() => model.compile({ loss: "mse", metrics: ["mae"] })).toThrow(
      /metrics is not one entry per output/,
    );
    expect(() => model.compile({ loss: "mse", lossWeights: { another: 1 } })).toThrow(
      /unknown output in lossWeights/,
    );
  });
});

test("outputs of a shared layer have logs of their own", async () => {
  await init({ backend: "cpu" });
  const [a, b] = [Input({ shape: [2] }), Input({ shape: [2] })];
  const shared: Layer = new Dense(1, { name: "twin" });
  const model = new Model({ inputs: [a, b], outputs: [shared.apply(a), shared.apply(b)] });
  model.compile({ optimizer: "sgd", loss: "mse", metrics: [["mae"], ["mae"]] });
  const logs = await model.trainOnBatch(
    [ops.ones([2, 2]), ops.zeros([2, 2])],
    [ops.ones([2, 1]), ops.zeros([2, 1])],
  );
  expect(Object.keys(logs)).toEqual(["loss", "twin_loss", "twin_loss_1", "twin_mae", "twin_mae_1"]);
});
