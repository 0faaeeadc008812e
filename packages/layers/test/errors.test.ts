/** @file Bad input: one error in the house form, at the call, with nothing changed. */
import { init, ShapeError, StateError, Tensor, tensor, ValueError } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { layers, losses, optimizers, Sequential } from "../src/index.ts";

beforeAll(() => init({ backend: "cpu" }));

const x = [
  [0, 1],
  [1, 0],
  [1, 1],
  [0, 0],
];
const y = [0, 1, 2, 1];

function classifier(options: object = {}): Sequential {
  const model = new Sequential([
    new layers.Dense(4, { activation: "relu" }),
    new layers.Dense(3, { activation: "softmax" }),
  ]);
  model.compile({
    optimizer: "adam",
    loss: "sparse_categorical_crossentropy",
    metrics: ["accuracy"],
    ...options,
  });
  model.build([null, 2]);
  return model;
}

async function weightsOf(model: Sequential): Promise<number[][]> {
  return (await model.getWeights()).map((weight) => [...weight]);
}

/** The error of a call, which must be in the house form. */
async function errorOf(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    expect((error as Error).message).toMatch(/^.+: .+\n {2}Received: .+\n {2}Expected: .+\n {2}Fix: .+/);
    return error as Error;
  }
  throw new Error("no error was thrown");
}

describe("data of fit", () => {
  const quiet = { verbose: 0 } as const;
  const cases: [string, () => readonly [never, never, object?], RegExp][] = [
    ["lengths differ", () => [x, [0, 1, 2]] as never, /x with 4 rows, y with 3 rows/],
    ["sample weights differ", () => [x, y, { sampleWeight: [1, 2] }] as never, /sampleWeight with 2 rows/],
    ["wrong feature count", () => [[[1, 2, 3]], [0]] as never, /dense[\s\S]*\[1,3\][\s\S]*2 features/],
    ["label too large", () => [x, [0, 1, 2, 3]] as never, /y\[3\] = 3[\s\S]*0 to 2/],
    ["negative label", () => [x, Int32Array.of(0, -1, 2, 1)] as never, /y\[1\] = -1/],
    ["empty", () => [{ data: new Float32Array(0), shape: [0, 2] }, new Int32Array(0)] as never, /empty/],
    [
      "NaN in nested data",
      () =>
        [
          [
            [0, 1],
            [1, Number.NaN],
            [1, 1],
            [0, 0],
          ],
          y,
        ] as never,
      /NaN at x\[1\]\[1\]/,
    ],
    [
      "infinity in a typed array",
      () =>
        [{ data: Float32Array.of(0, 1, 1, 0, Number.POSITIVE_INFINITY, 1, 0, 0), shape: [4, 2] }, y] as never,
      /Infinity at x\[2\]\[0\]/,
    ],
    [
      "NaN in a tensor",
      () =>
        [
          tensor([
            [0, 1],
            [1, Number.NaN],
            [1, 1],
            [0, 0],
          ]),
          y,
        ] as never,
      /NaN at x\[1\]\[1\]/,
    ],
    [
      "ragged",
      () =>
        [
          [[0, 1], [1]],
          [0, 1],
        ] as never,
      /ragged/,
    ],
    ["no data", () => [undefined, y] as never, /x is missing/],
    ["batch size", () => [x, y, { batchSize: 0 }] as never, /batchSize is not a positive integer/],
    ["validation split", () => [x, y, { validationSplit: 1 }] as never, /validationSplit leaves no data/],
    [
      "validation labels",
      () => [x, y, { validationData: [x, [0, 1, 2, 7]] }] as never,
      /validationData[\s\S]*y\[3\] = 7/,
    ],
    ["no callback", () => [x, y, { callbacks: [{ onEpochEnd: () => {} }] }] as never, /not a callback/],
  ];

  test.each(cases)("%s", async (_, data, wanted) => {
    const model = classifier();
    const before = await weightsOf(model);
    const [xs, ys, options] = data();
    const error = await errorOf(() => model.fit(xs, ys, { ...quiet, ...options }));
    expect(error.message).toMatch(wanted);
    expect(await weightsOf(model)).toEqual(before);
    // The model still works.
    await model.fit(x, y, quiet);
  });
});

test("fit, evaluate and trainOnBatch before compile", async () => {
  const model = new Sequential([new layers.Dense(1)]);
  for (const call of [() => model.fit(x, y), () => model.evaluate(x, y), () => model.trainOnBatch(x, y)]) {
    const error = await errorOf(call);
    expect(error).toBeInstanceOf(StateError);
    expect(error.message).toMatch(/not compiled/);
  }
});

test("two runs of fit at once", async () => {
  const model = classifier();
  const first = model.fit(x, y, { verbose: 0 });
  expect((await errorOf(() => model.fit(x, y, { verbose: 0 }))).message).toMatch(/in training already/);
  await first;
  await model.fit(x, y, { verbose: 0 });
});

test("targets that do not fit the loss", async () => {
  const model = classifier({ loss: "categorical_crossentropy" });
  const error = await errorOf(() => model.fit(x, y, { verbose: 0 }));
  expect(error).toBeInstanceOf(ShapeError);
});

test("a loss is needed", async () => {
  const model = classifier({ loss: null });
  expect((await errorOf(() => model.fit(x, y, { verbose: 0 }))).message).toMatch(/no loss/);
});

describe("unknown names list the nearest ones", () => {
  const cases: [string, () => unknown, RegExp][] = [
    ["optimizer", () => classifier({ optimizer: "adm" }), /did you mean "adam"/],
    [
      "loss",
      () => classifier({ loss: "sparse_categorical_crossentrpy" }),
      /"sparse_categorical_crossentropy"/,
    ],
    ["metric", () => classifier({ metrics: ["acuracy"] }), /"accuracy"/],
    ["activation", () => new layers.Dense(3, { activation: "rellu" }), /"relu"/],
    [
      "regularizer",
      () => new layers.Dense(3, { kernelRegularizer: "l3" }).build([1, 2]),
      /unknown regularizer/,
    ],
    [
      "initializer",
      () => new layers.Dense(3, { kernelInitializer: "he_norml" }).build([1, 2]),
      /"he_normal"/,
    ],
    ["reduction", () => new losses.MeanSquaredError({ reduction: "summ" as never }), /"sum"/],
  ];
  test.each(cases)("%s", async (_, call, wanted) => {
    const error = await errorOf(call);
    expect(error).toBeInstanceOf(ValueError);
    expect(error.message).toMatch(wanted);
  });

  test("the camelCase spelling is known", () => {
    classifier({ loss: "sparseCategoricalCrossentropy", metrics: ["sparseCategoricalAccuracy"] });
  });
});

describe("a loss that is not finite", () => {
  test("stops training, names the step, keeps the last finite weights", async () => {
    const model = new Sequential([new layers.Dense(1, { kernelInitializer: "ones" })]);
    model.compile({ optimizer: new optimizers.SGD({ learningRate: 1e19 }), loss: "mse" });
    const error = await errorOf(() =>
      model.fit(x, [[1], [2], [3], [4]], { epochs: 20, batchSize: 4, verbose: 0 }),
    );
    // Step 1: w about 1e19, its square 1e38; step 2: w about 1e38, its square is infinite at step 3.
    expect(error.message).toMatch(/not finite at step [23]\b/);
    const weights = (await weightsOf(model)).flat();
    expect(weights.every(Number.isFinite)).toBe(true);
  });

  test("training goes on after a repair", async () => {
    const model = new Sequential([new layers.Dense(1)]);
    model.compile({ optimizer: new optimizers.SGD({ learningRate: 1e30 }), loss: "mse" });
    await errorOf(() => model.fit(x, [[1], [2], [3], [4]], { epochs: 20, batchSize: 4, verbose: 0 }));
    model.setWeights([[[0], [0]], [0]]);
    (model.optimizer as optimizers.Optimizer).learningRate = 0.1;
    const { history } = await model.fit(x, [[1], [2], [3], [4]], { epochs: 2, batchSize: 4, verbose: 0 });
    expect(history.loss?.[1]).toBeLessThan(history.loss?.[0] as number);
  });
});

test("trainOnBatch tells of a loss that is not finite once, and goes on", async () => {
  const model = new Sequential([new layers.Dense(1, { kernelInitializer: "ones" })]);
  const optimizer = new optimizers.SGD({ learningRate: 1e30 });
  model.compile({ optimizer, loss: "mse" });
  const step = () => model.trainOnBatch([[1, 2]], [[1]]);
  await step();
  expect((await errorOf(step)).message).toMatch(/^trainOnBatch: the loss is not finite at step 2/);
  optimizer.learningRate = 0.01;
  model.setWeights([[[1], [1]], [0]]);
  const first = (await step()).loss as number;
  await step();
  expect((await step()).loss).toBeLessThan(first);
});

test("many calls of trainOnBatch that are not awaited give their own batches' values", async () => {
  const model = new Sequential([new layers.Dense(1, { kernelInitializer: "zeros" })]);
  model.compile({ optimizer: new optimizers.SGD({ learningRate: 0 }), loss: "mse" });
  const calls = [1, 2, 3, 4].map((value) => model.trainOnBatch([[1, 2]], [[value]]));
  expect((await Promise.all(calls)).map(({ loss }) => loss)).toEqual([1, 4, 9, 16]);
});

describe("weights and layers", () => {
  test("setWeights checks number and shapes before it changes anything", async () => {
    const model = classifier();
    const before = await weightsOf(model);
    await errorOf(() => model.setWeights([[1]]));
    const wrong = before.map((weight) => Float32Array.from(weight)) as never[];
    wrong[3] = [1, 2] as never;
    expect((await errorOf(() => model.setWeights(wrong))).message).toMatch(/array 3/);
    expect(await weightsOf(model)).toEqual(before);
  });

  test("counting before building", async () => {
    expect((await errorOf(() => new layers.Dense(3).countParams())).message).toMatch(/no weights yet/);
  });

  test("bad arguments", async () => {
    await errorOf(() => new layers.Dense(0));
    await errorOf(() => new layers.Dense(2.5));
    await errorOf(() => new Sequential([(() => {}) as never]));
    await errorOf(() => new optimizers.Adam({ learningRate: -1 }));
    await errorOf(() => new optimizers.Adam({ clipnorm: 1, clipvalue: 1 }));
    const dense = new layers.Dense(2);
    await errorOf(() => new Sequential([dense, dense]));
    await errorOf(() => new Sequential([dense]).getLayer("nothing"));
  });

  test("an input that does not fit names the layer", async () => {
    const model = classifier();
    const error = await errorOf(() => model.apply([[1, 2, 3]]));
    expect(error.message).toMatch(/dense/);
    expect(model.apply(x)).toBeInstanceOf(Tensor);
  });

  test("optimizers refuse strange variables and missing gradients", async () => {
    const model = classifier();
    const optimizer = new optimizers.SGD();
    await errorOf(() => optimizer.apply([null], model.trainableVariables));
    await errorOf(() => optimizer.apply([null, null, null, null], model.trainableVariables));
    await errorOf(() => optimizer.apply([tensor([1])], [tensor([1]) as never]));
  });
});
