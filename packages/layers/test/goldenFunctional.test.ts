/** @file Merge layers, the order of a functional model's weights, and training with several inputs and outputs, against the real Keras. */
import { GradientTape, init, ops, type Tensor, tensor, Variable } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { Input, type Layer, layers, Model, optimizers, Sequential } from "../src/index.ts";
import { maskOf } from "../src/masks.ts";
import { backend } from "./golden/backend.ts";
import { expectNumbers, expectTensor, type Stored, stored } from "./golden/compare.ts";
import golden from "./golden/functional.json" with { type: "json" };
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend }));

type Merging = new (options?: object) => Layer;

function makeMerge(layer: string, config: Readonly<Record<string, unknown>>): Layer {
  const { axes, ...options } = config;
  if (layer === "Dot") return new layers.Dot(axes as number, options);
  return new (layers[layer as "Add"] as Merging)(options);
}

describe.each(golden.merges)("$layer $config $shapes", ({ layer, config, shapes, output, gradients }) => {
  test("output and gradients", async () => {
    const inputs = shapes.map((shape, i) => new Variable(tensor({ data: sequence(shape, 80 + i), shape })));
    const merge = makeMerge(layer, config);
    const tape = new GradientTape();
    const [y, total] = tape.run(() => {
      const y = merge.apply(inputs);
      const cotangent = tensor({ data: sequence(y.shape, 52), shape: y.shape });
      return [y, ops.sum(ops.multiply(y, cotangent))] as const;
    });
    await expectTensor(y, output);
    for (const [i, gradient] of tape.gradient(total, inputs).entries())
      expectNumbers(await (gradient as Tensor).data(), gradients[i] as number[]);
  });

  test("symbolic: the same shape, the batch open", () => {
    const inputs = shapes.map((shape) => Input({ shape: shape.slice(1) }));
    expect(makeMerge(layer, config).apply(inputs).shape).toEqual([null, ...output.shape.slice(1)]);
  });
});

/** Passes its input on with a mask of the steps that are not all zeros, as Keras's Masking. */
class ZeroMask extends layers.Layer {
  override call(x: Tensor): Tensor {
    return ops.multiply(x, 1);
  }
  override computeMask(x: Tensor): Tensor {
    return ops.any(ops.notEqual(x, 0), { axis: -1 });
  }
}

test.each(golden.masked)("$layer of masked inputs", async ({ layer, config, a, b, output, mask }) => {
  const inputs = [a, b].map((x) => new ZeroMask().apply(stored(x as Stored)));
  const y = makeMerge(layer, config).apply(inputs);
  await expectTensor(y, output);
  await expectTensor(ops.cast(maskOf(y) as Tensor, "float32"), mask as Stored);
});

test.each(golden.maskedTraining.runs)(
  "training on masked steps, weighted: $weighted",
  async ({ weighted, logs }) => {
    const { x, y, weight } = golden.maskedTraining;
    const model = new Sequential([
      Input({ shape: [3, 2] }),
      new layers.Masking(),
      new layers.Dense(4, { activation: "tanh" }),
      new layers.Dense(2),
    ]);
    setSequences(model);
    model.compile({
      optimizer: new optimizers.SGD({ learningRate: 0.1 }),
      loss: "mse",
      metrics: ["mae"],
      weightedMetrics: ["mse"],
    });
    const options = weighted ? { sampleWeight: stored(weight) } : {};
    for (const wanted of logs) expectLogs(await model.trainOnBatch(stored(x), stored(y), options), wanted);
  },
);

function branchy(): Model {
  const last = new layers.Dense(2, { name: "last" });
  const shared = new layers.Dense(3, { name: "shared" });
  const b = Input({ shape: [4], name: "b" });
  const a = Input({ shape: [3], name: "a" });
  const c = Input({ shape: [3], name: "c" });
  const left = new layers.Dense(3, { activation: "relu", name: "left" }).apply(a);
  const deep1 = new layers.Dense(4, { name: "deep_1" }).apply(b);
  const deep2 = new layers.Dense(5, { name: "deep_2", useBias: false }).apply(deep1);
  const deep = new layers.Dense(3, { name: "deep_3" }).apply(deep2);
  const inner = Input({ shape: [3] });
  const nested = new Model({
    inputs: inner,
    outputs: new layers.Dense(3, { name: "inner" }).apply(inner),
    name: "nested",
  });
  const stack = new Sequential(
    [new layers.Dense(6, { name: "stack_1" }), new layers.Dense(3, { name: "stack_2" })],
    { name: "stack" },
  );
  const s1 = shared.apply(left);
  const s2 = shared.apply(nested.apply(c));
  const both = new layers.Add({ name: "sum" }).apply([s1, deep]);
  const wide = new layers.Concatenate({ name: "wide" }).apply([both, s2, stack.apply(left)]);
  const first = new layers.Dense(1, { name: "first" }).apply(wide);
  const second = last.apply(new layers.Multiply({ name: "product" }).apply([both, s2]));
  return new Model({ inputs: [a, b, c], outputs: [first, second], name: "branchy" });
}

const setSequences = (model: Model): void =>
  model.setWeights(model.weights.map(({ shape }, i) => tensor({ data: sequence(shape, 200 + i, 1), shape })));

describe("a branchy model", () => {
  const { order } = golden;

  test("has Keras's order of layers and weights, and its outputs", async () => {
    const model = branchy();
    expect(model.layers.map(({ name }) => name)).toEqual(order.layers);
    expect(model.weights.map(({ name, shape }) => ({ name, shape: [...shape] }))).toEqual(
      order.weights.map(({ name, shape }) => ({ name, shape })),
    );
    setSequences(model);
    const inputs = [3, 4, 3].map((n, i) => tensor({ data: sequence([5, n], 210 + i), shape: [5, n] }));
    const outputs = model.apply<Tensor[]>(inputs);
    for (const [i, wanted] of order.outputs.entries()) await expectTensor(outputs[i] as Tensor, wanted);
    const byName = model.apply<Tensor[]>({ c: inputs[2], a: inputs[0], b: inputs[1] } as Record<
      string,
      Tensor
    >);
    await expectTensor(byName[1] as Tensor, order.outputs[1] as Stored);
  });

  test("summary shows Keras's connections and shapes", async () => {
    let text = "";
    await branchy().summary({ printFn: (part) => (text = part) });
    const cells = text
      .split("\n")
      .filter((line) => line.startsWith("│"))
      .map((line) => line.split("│").map((cell) => cell.trim()));
    const found: Record<string, { shape: string; connected: string }> = {};
    let current = "";
    for (const [, title = "", shape = "", , connected = ""] of cells) {
      if (title) current = title.split(" ")[0] as string;
      found[current] = {
        shape: found[current]?.shape ?? shape,
        connected: [found[current]?.connected, connected].filter(Boolean).join(" "),
      };
    }
    for (const [name, connected] of Object.entries(order.connections))
      expect([name, found[name]?.connected]).toEqual([name, connected.join(", ") || "-"]);
    for (const [name, shape] of Object.entries(order.outputShapes))
      expect([name, found[name]?.shape]).toEqual([name, `(${shape.map((n) => n ?? "None").join(", ")})`]);
  });
});

const numRows = 32;
const column = (width: number, salt: number) => ({
  data: sequence([numRows, width], salt),
  shape: [numRows, width],
});
const [xa, xb, value] = [column(6, 220), column(4, 221), column(2, 222)];
const kind = Int32Array.from({ length: numRows }, (_, row) => {
  const mix = sequence([4, 3], 223);
  const scores = [0, 1, 2].map((k) =>
    Math.tanh(
      [0, 1, 2, 3].reduce((sum, j) => sum + (xb.data[row * 4 + j] as number) * (mix[j * 3 + k] as number), 0),
    ),
  );
  return scores.indexOf(Math.max(...scores));
});
const [weightValue, weightKind] = [224, 225].map((salt) => sequence([numRows], salt).map(Math.abs)) as [
  Float32Array,
  Float32Array,
];

const cut = (whole: { data: Float32Array; shape: number[] }, from: number, count: number) => {
  const width = whole.shape[1] as number;
  return tensor({ data: whole.data.slice(from * width, (from + count) * width), shape: [count, width] });
};

function twoByTwo(form: string): Model {
  const [a, b] = [Input({ shape: [6], name: "a" }), Input({ shape: [4], name: "b" })];
  const joined = new layers.Concatenate().apply([
    new layers.Dense(8, { activation: "tanh" }).apply(a),
    new layers.Dense(8, { activation: "tanh" }).apply(b),
  ]);
  const h = new layers.Dense(10, { activation: "relu" }).apply(joined);
  const v = new layers.Dense(2, { name: "value" }).apply(h);
  const k = new layers.Dense(3, { activation: "softmax", name: "kind" }).apply(h);
  return form === "record"
    ? new Model({ inputs: { a, b }, outputs: { v, k } })
    : new Model({ inputs: [a, b], outputs: [v, k] });
}

const camelKeys = (options: object) =>
  Object.fromEntries(
    Object.entries(options).map(([key, one]) => [
      key.replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
      one,
    ]),
  );

function expectLogs(found: object, wanted: object): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort());
  const values = Object.keys(wanted).map((key) => (found as Record<string, number>)[key] as number);
  expectNumbers(values, Object.values(wanted), { relative: 1e-4, absolute: 1e-5 });
}

describe.each(golden.training)("training a model of two inputs and two outputs: $form $compile", (run) => {
  const pack = <T>(v: T, k: T): never => (run.form === "record" ? { v, k } : [v, k]) as never;
  const weigh = (from = 0, count = numRows) =>
    run.weighted
      ? {
          sampleWeight: pack(weightValue.slice(from, from + count), weightKind.slice(from, from + count)),
        }
      : {};

  test("20 steps, evaluate and fit follow Keras", async () => {
    const model = twoByTwo(run.form);
    setSequences(model);
    model.compile({ optimizer: new optimizers.Adam({ learningRate: 0.01 }), ...camelKeys(run.compile) });
    const x = (from: number, count: number): never => {
      const [a, b] = [cut(xa, from, count), cut(xb, from, count)];
      return (run.form === "record" ? { b, a } : [a, b]) as never;
    };
    for (const [step, wanted] of run.logs.entries()) {
      const from = (step % 4) * 8;
      const y = pack<Tensor | Int32Array>(cut(value, from, 8), kind.slice(from, from + 8));
      expectLogs(await model.trainOnBatch(x(from, 8), y, weigh(from, 8)), wanted);
    }
    const y = pack<object>(value, kind);
    expectLogs(await model.evaluate(x(0, numRows), y, { batchSize: 8, ...weigh() }), run.evaluated);
    const { history } = await model.fit(x(0, numRows), y, {
      batchSize: 8,
      epochs: 2,
      shuffle: false,
      verbose: 0,
      validationData: [x(0, numRows), y],
      ...weigh(),
    });
    const last = (logs: object) =>
      Object.fromEntries(Object.entries(logs).map(([name, values]) => [name, values.at(-1)]));
    expectLogs(last(history), last(run.history));
    for (const [i, values] of (await model.getWeights()).entries())
      expectNumbers(values, run.finalWeights[i] as number[], { relative: 1e-4, absolute: 2e-5 });
  });
});
