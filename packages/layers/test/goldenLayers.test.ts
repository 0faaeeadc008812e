/** @file Outputs and gradients of activations and layers, and adapted normalizations, against the real Keras. */
import { GradientTape, init, ops, type Tensor, Variable } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { activations, type Layer, layers } from "../src/index.ts";
import { backend } from "./golden/backend.ts";
import { expectNumbers, expectTensor, type Stored, stored } from "./golden/compare.ts";
import golden from "./golden/layers.json" with { type: "json" };
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend }));

type Numbers = readonly (number | string)[];

/** Output, and gradients of the sum of output times the golden cotangent. */
function pull(of: (x: Tensor) => Tensor, x: Variable, sources: readonly Variable[]) {
  const tape = new GradientTape();
  const [y, total] = tape.run(() => {
    const output = of(x);
    const cotangent = stored({ shape: output.shape, data: [...sequence(output.shape, 52)] });
    return [output, ops.sum(ops.multiply(output, cotangent))] as const;
  });
  return { y, gradients: tape.gradient(total, [x, ...sources]) };
}

interface ActivationRow {
  readonly activation: string;
  readonly config: Record<string, number>;
  readonly cases: { input: "wide" | "kinks"; columns: number; output: Stored; inputGradient: Numbers }[];
}

const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

function activationOf({ activation, config }: ActivationRow): (x: Tensor) => Tensor {
  const known = activations as unknown as Record<string, (x: Tensor, ...rest: unknown[]) => Tensor>;
  const of = known[camel(activation)];
  if (!of) throw new Error(`no activation ${activation}`);
  return activation === "threshold"
    ? (x) => of(x, config.threshold, config.defaultValue)
    : (x) => of(x, config);
}

/** sparsemax is not in this library: it sorts. */
const rows = (golden.activations as unknown as ActivationRow[]).filter(
  ({ activation }) => activation !== "sparsemax",
);

describe.each(rows)("activation $activation $config", (row) => {
  test.each(row.cases)("$input", async ({ input, columns, output, inputGradient }) => {
    const { shape, data } = golden.activationInputs[input];
    const width = shape[1] as number;
    const x = stored({
      shape: [shape[0] as number, columns],
      data: data.filter((_, i) => i % width < columns),
    });
    const { y, gradients } = pull(activationOf(row), new Variable(x), []);
    await expectTensor(y, output);
    expectNumbers(await (gradients[0] as Tensor).data(), inputGradient);
    if (Object.keys(row.config).length > 0) return;
    await expectTensor(activations.getActivation(row.activation)(x), output);
  });
});

interface LayerRow {
  readonly layer: string;
  readonly config: Record<string, never>;
  readonly input: Stored;
  readonly weights: readonly Stored[];
  readonly output: Stored;
  readonly inputGradient: Numbers;
  readonly weightGradients: readonly Numbers[];
}

/** The argument that is positional in each class. */
const positional: Readonly<Record<string, string>> = {
  Dense: "units",
  Reshape: "targetShape",
  Rescaling: "scale",
  Activation: "activation",
  Dropout: "rate",
};

function makeLayer({ layer, config }: LayerRow): Layer {
  const first = positional[layer];
  if (!first) return new layers[layer as "ReLU"](config);
  const { [first]: value, ...options } = config;
  return new layers[layer as "Dense"](value as never, options);
}

describe.each(golden.layers as unknown as LayerRow[])("layer $layer $config $input.shape", (row) => {
  test("output and gradients", async () => {
    const layer = makeLayer(row);
    layer.apply(stored(row.input));
    row.weights.forEach((weight, i) => layer.weights[i]?.assign(stored(weight)));
    expect(layer.weights.map(({ shape }) => shape)).toEqual(row.weights.map(({ shape }) => shape));
    const x = new Variable(stored(row.input));
    const { y, gradients } = pull((value) => layer.apply(value), x, layer.trainableVariables);
    await expectTensor(y, row.output);
    for (const [i, wanted] of [row.inputGradient, ...row.weightGradients].entries()) {
      expectNumbers(await (gradients[i] as Tensor).data(), wanted);
    }
  });
});

describe.each(golden.normalizationAdapt)("Normalization adapted $config $data.shape", (row) => {
  const check = async (layer: layers.Normalization) => {
    expect(layer.weights.map(({ name, shape }) => ({ name, shape: [...shape] }))).toEqual(row.weights);
    expectNumbers(await (layer.adaptMean as Variable).data(), row.mean.data);
    expectNumbers(await (layer.adaptVariance as Variable).data(), row.variance.data, { absolute: 2e-6 });
    const { y, gradients } = pull((value) => layer.apply(value), new Variable(stored(row.input)), []);
    await expectTensor(y, row.output);
    expectNumbers(await (gradients[0] as Tensor).data(), row.inputGradient);
  };

  test("to one tensor", async () => {
    const layer = new layers.Normalization(row.config);
    await layer.adapt(stored(row.data));
    await check(layer);
  });

  test("to batches", async () => {
    const layer = new layers.Normalization(row.config);
    const x = stored(row.data);
    const [samples = 0, ...rest] = x.shape;
    const cut = Math.floor(samples / 3);
    const part = (from: number, count: number) => x.slice([from, ...rest.map(() => 0)], [count, ...rest]);
    await layer.adapt([part(0, cut), part(cut, samples - cut)]);
    await check(layer);
  });
});
