/** @file Recurrent layers, cells, stateful and masked ones, and a short training of each, against the real Keras. */
import { GradientTape, init, ops, Tensor, tensor, Variable } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { type Layer, layers, Sequential, type Values } from "../src/index.ts";
import { backend } from "./golden/backend.ts";
import { expectNumbers, expectTensor, type Stored, stored } from "./golden/compare.ts";
import golden from "./golden/recurrent.json" with { type: "json" };
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend }));

/** A class of Keras and its arguments; cells and layers inside are of the same form. */
interface LayerSpec {
  readonly class: string;
  readonly config: Readonly<Record<string, unknown>>;
}

interface Row {
  readonly spec: LayerSpec;
  readonly shape: readonly number[];
  readonly states: number;
  readonly mask: readonly (readonly boolean[])[] | null;
  readonly training: boolean;
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly outputs: readonly Stored[];
  readonly gradients: readonly (readonly (number | string)[])[];
}

/** Arguments that come first and alone. */
const leading = ["units", "cell", "cells", "layer", "inputDim", "outputDim"];

const isSpec = (value: unknown): value is LayerSpec =>
  typeof value === "object" && value !== null && "class" in value;

function made({ class: name, config }: LayerSpec): Layer {
  const inside = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(inside) : isSpec(value) ? made(value) : value;
  const entries = Object.entries(config).map(([key, value]) => [key, inside(value)] as const);
  const first = leading.flatMap((key) => entries.filter(([name]) => name === key).map(([, value]) => value));
  const options = Object.fromEntries(entries.filter(([key]) => !leading.includes(key)));
  const Made = layers[name as "LSTM"] as unknown as new (...args: unknown[]) => Layer;
  return new Made(...first, options);
}

const formula = (shape: readonly number[], salt: number, scale?: number): Tensor =>
  stored({ shape, data: [...sequence(shape, salt, scale)] });

function setWeights(layer: Layer): void {
  layer.weights.forEach((weight, i) => {
    weight.assign(formula(weight.shape, 80 + i, 1));
  });
}

const listOf = (values: Values): readonly Tensor[] =>
  values instanceof Tensor ? [values] : (Object.values(values) as Tensor[]);

const rows = golden.layers as unknown as Row[];
const label = ({
  spec,
  states,
  mask,
  training,
}: Pick<Row, "spec" | "states" | "mask" | "training">): string =>
  `${spec.class} ${JSON.stringify(spec.config)}${states > 0 ? " initialState" : ""}${mask ? " mask" : ""}${training ? " training" : ""}`;

const close = { relative: 1e-5, absolute: 3e-6 };

describe.each(rows.map((row) => [label(row), row] as const))("%s", (_, row) => {
  test("outputs, states and gradients", async () => {
    const [batch = 0] = row.shape;
    const layer = made(row.spec);
    layer.buildFor(row.shape);
    const weights = layer.weights.map(({ name, shape }) => ({ name, shape: [...shape] }));
    expect(weights).toEqual(row.weights);
    setWeights(layer);
    const x = new Variable(formula(row.shape, 55));
    const states = Array.from({ length: row.states }, (_, i) => new Variable(formula([batch, 3], 60 + i)));
    const options = {
      training: row.training,
      ...(row.mask ? { mask: tensor(row.mask.map((steps) => [...steps])) } : {}),
      ...(states.length > 0 ? { initialState: states } : {}),
    };
    const tape = new GradientTape();
    const [outputs, total] = tape.run(() => {
      const found = listOf(layer.apply<Values>(x, options));
      const terms = found.map((y, i) => ops.sum(ops.multiply(y, formula(y.shape, 70 + i))));
      return [found, terms.reduce((a, b) => ops.add(a, b))] as const;
    });
    expect(outputs.length).toBe(row.outputs.length);
    for (const [i, wanted] of row.outputs.entries()) await expectTensor(outputs[i] as Tensor, wanted, close);
    const gradients = tape.gradient(total, [x, ...states, ...layer.trainableVariables]);
    for (const [i, wanted] of row.gradients.entries())
      expectNumbers(await (gradients[i] ?? ops.zeros([wanted.length])).data(), wanted, close);
  });
});

describe.each(golden.cells as unknown as Row[])("$spec.class $spec.config by itself", (row) => {
  test("output and states", async () => {
    const cell = made(row.spec);
    cell.buildFor([3, 3]);
    setWeights(cell);
    const states = Array.from({ length: row.states }, (_, i) => formula([3, 3], 60 + i));
    const options = { states };
    const found = cell.apply<readonly Tensor[]>(formula([3, 3], 55), options);
    for (const [i, wanted] of row.outputs.entries()) await expectTensor(found[i] as Tensor, wanted, close);
  });
});

describe.each(golden.stateful as unknown as Row[])("stateful $spec.class", ({ spec, outputs }) => {
  test("goes on where the batch before ended, until it is reset", async () => {
    const layer = made({ ...spec, config: { ...spec.config, stateful: true } }) as layers.RNN;
    layer.buildFor([3, 4, 3]);
    setWeights(layer);
    for (const [i, wanted] of outputs.entries()) {
      if (i === 2) layer.resetStates();
      await expectTensor(layer.apply(formula([3, 4, 3], 55 + i)), wanted, close);
    }
  });
});

describe.each(
  golden.masked as unknown as { first: LayerSpec; input: Stored; output: Stored; gradients: number[][] }[],
)("$first.class, Bidirectional(LSTM), GRU", ({ first, input, output, gradients }) => {
  test("the mask goes from layer to layer", async () => {
    const lstm = new layers.LSTM(3, { returnSequences: true });
    const model = new Sequential([
      made(first),
      new layers.Bidirectional(lstm, { mergeMode: "sum" }),
      new layers.GRU(3),
    ]);
    const x = stored(input);
    model.apply(x);
    setWeights(model);
    const tape = new GradientTape();
    const [y, total] = tape.run(() => {
      const found = model.apply(x);
      return [found, ops.sum(ops.multiply(found, formula(found.shape, 70)))] as const;
    });
    await expectTensor(y, output, close);
    const found = tape.gradient(total, model.trainableVariables);
    for (const [i, wanted] of gradients.entries())
      expectNumbers(await (found[i] as Tensor).data(), wanted, close);
  });
});

describe.each(golden.fitted as unknown as { spec: LayerSpec; losses: number[] }[])(
  "$spec.class, Dense",
  (row) => {
    test("12 steps of Adam have Keras's losses", async () => {
      const model = new Sequential([made(row.spec), new layers.Dense(1)]);
      model.build([null, 6, 2]);
      setWeights(model);
      model.compile({ optimizer: "adam", loss: "mse" });
      const losses: number[] = [];
      for (let step = 0; step < row.losses.length; step++) {
        const logs = await model.trainOnBatch(formula([8, 6, 2], 58), formula([8, 1], 59));
        losses.push(logs.loss as number);
      }
      expectNumbers(losses, row.losses, { relative: 1e-5, absolute: 0 });
    });
  },
);
