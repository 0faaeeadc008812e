/** @file remat and RematScope: models train as without them, with fewer bytes of activations; and the endpoint layer of a vocabulary. */
import { grad, init, ops, type Tensor, tensor, type Variable } from "@tenrec/tensor";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  Input,
  Layer,
  layers,
  losses,
  Model,
  RematScope,
  remat,
  Sequential,
  utils,
  type Values,
} from "../src/index.ts";
import { maskOf } from "../src/masks.ts";

beforeAll(async () => {
  await init({ backend: "cpu" });
});
beforeEach(() => utils.setRandomSeed(3));

/** A residual block that makes its weights at its first call. */
class Block extends Layer {
  readonly norm = new layers.BatchNormalization();
  readonly widen = new layers.Dense(32, { activation: "gelu" });
  readonly drop = new layers.Dropout(0.3);
  readonly narrow = new layers.Dense(8);

  override call(x: Tensor): Tensor {
    return ops.add(x, this.narrow.apply(this.drop.apply(this.widen.apply(this.norm.apply(x)))));
  }
}

const x = tensor(
  Float32Array.from({ length: 64 * 8 }, (_, i) => Math.sin(1.7 * i)),
  { shape: [64, 8] },
);
const y = tensor(
  Float32Array.from({ length: 64 }, (_, i) => Math.cos(i)),
  { shape: [64, 1] },
);

async function trained(stack: readonly Layer[]) {
  const model = new Sequential([...stack, new layers.Dense(1)]);
  model.compile({ optimizer: "adam", loss: "mse" });
  const { history } = await model.fit(x, y, { epochs: 2, batchSize: 16, shuffle: false, verbose: 0 });
  return { model, losses: history.loss as readonly number[] };
}

const blocks = (): Block[] => Array.from({ length: 3 }, () => new Block());

describe("remat", () => {
  test("dropout, batch statistics and weights are those of a model without it", async () => {
    const plain = await trained(blocks());
    utils.setRandomSeed(3);
    const lean = await trained(blocks().map((block) => remat(block)));
    lean.losses.forEach((loss, i) => expect(loss).toBeCloseTo(plain.losses[i] as number, 5));
    for (const [i, variable] of lean.model.weights.entries()) {
      const expected = (await plain.model.weights[i]?.data()) as Float32Array;
      (await variable.data()).forEach((value, k) => expect(value).toBeCloseTo(expected[k] as number, 4));
    }
  });

  test("a function, and twice on one layer", async () => {
    expect(await grad(remat((z: Tensor) => ops.sum(ops.square(z))))(tensor([3])).item()).toBe(6);
    const layer = new layers.Dense(2);
    expect(remat(remat(layer))).toBe(layer);
    expect(layer.apply(x).shape).toEqual([64, 2]);
    expect(layer.apply(x).shape).toEqual([64, 2]);
  });

  test("masks come out of the block", async () => {
    const block = remat(new Sequential([new layers.Embedding(3, 2, { maskZero: true })]));
    for (let i = 0; i < 2; i++) {
      const mask = maskOf(block.apply(tensor([[1, 0, 2]], { dtype: "int32" })));
      expect(await mask?.array()).toEqual([[true, false, true]]);
    }
  });
});

describe("RematScope", () => {
  const build = () => {
    const model = new Sequential([
      new layers.Dense(64, { name: "wide", inputShape: [8] }),
      new layers.Dense(1),
    ]);
    return model;
  };
  const isChosen = (layer: Layer): boolean => Object.hasOwn(layer, "call");

  test("chooses all layers, large ones, those of a list, or none", () => {
    const chosen = (options: ConstructorParameters<typeof RematScope>[0]) =>
      new RematScope(options).run(build).layers.map(isChosen);
    expect(chosen({})).toEqual([true, true]);
    expect(chosen({ mode: "larger_than", outputSizeThreshold: 32 })).toEqual([true, false]);
    expect(chosen({ mode: "list_of_layers", layerNames: ["wide"] })).toEqual([true, false]);
    expect(chosen({ mode: null })).toEqual([false, false]);
    expect(new RematScope().run(blocks).map(isChosen)).toEqual([true, true, true]);
  });

  test("refuses a mode that it does not have", () => {
    expect(() => new RematScope({ mode: "activations" as "full" })).toThrow(/RematScope: unknown mode/);
  });
});

/** The loss of a language model's last layer, added in training: the logits of all labels are never in memory. */
class VocabularyLoss extends Layer {
  readonly logits: layers.Dense;

  constructor(logits: layers.Dense) {
    super();
    this.logits = logits;
  }
  override call(inputs: Values): Tensor {
    const [hidden, labels] = inputs as readonly [Tensor, Tensor];
    const { kernel, bias } = this.logits;
    const each = ops.linearCrossentropy(hidden, kernel as Variable, labels, { bias, chunk: 16 });
    this.addLoss(ops.mean(each));
    return each;
  }
}

describe("a vocabulary", () => {
  const [steps, words] = [6, 50];
  const tokens = tensor(
    Int32Array.from({ length: 32 * steps }, (_, i) => (i * i * 7) % words),
    { shape: [32, steps] },
  );
  const next = tensor(
    Int32Array.from({ length: 32 * steps }, (_, i) => (i * i * 7 + 1) % words),
    { shape: [32, steps] },
  );

  function build() {
    const [input, labels] = [
      Input({ shape: [steps], dtype: "int32" }),
      Input({ shape: [steps], dtype: "int32" }),
    ];
    const hidden = new layers.Dense(12, { activation: "tanh" }).apply(
      new layers.Embedding(words, 8).apply(input),
    );
    const logits = new layers.Dense(words);
    const model = new Model({ inputs: input, outputs: logits.apply(hidden) });
    const training = new Model({
      inputs: [input, labels],
      outputs: new VocabularyLoss(logits).apply([hidden, labels]),
    });
    return { model, training };
  }
  const options = { epochs: 3, batchSize: 8, shuffle: false, verbose: 0 } as const;

  test("a layer that adds the loss trains the model as its logits would", async () => {
    const { model } = build();
    model.compile({
      optimizer: "adam",
      loss: new losses.SparseCategoricalCrossentropy({ fromLogits: true }),
    });
    const plain = await model.fit(tokens, next, options);
    utils.setRandomSeed(3);
    const { model: inference, training } = build();
    training.compile({ optimizer: "adam" });
    const lean = await training.fit([tokens, next], undefined, options);
    const found = lean.history.loss as readonly number[];
    found.forEach((loss, i) => expect(loss).toBeCloseTo((plain.history.loss as number[])[i] as number, 4));
    const [a, b] = [await inference.predict(tokens), await model.predict(tokens)] as [Tensor, Tensor];
    const expected = await b.data();
    (await a.data()).forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 3));
  });
});
