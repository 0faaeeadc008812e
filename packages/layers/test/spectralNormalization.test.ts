/** @file SpectralNormalization against the real Keras: output, weights after a call in training, gradients at those; and training. */
import { GradientTape, init, ops, tensor, type Variable } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { type Layer, layers, Sequential, utils } from "../src/index.ts";
import { backend } from "./golden/backend.ts";
import { expectNumbers, expectTensor, type Stored, stored } from "./golden/compare.ts";
import { sequence } from "./golden/sequence.ts";
import golden from "./golden/spectral.json" with { type: "json" };

beforeAll(() => init({ backend }));

type Numbers = readonly (number | string)[];

interface Row {
  readonly layer: string;
  readonly config: { readonly units?: number; readonly filters?: number; readonly kernelSize?: number };
  readonly powerIterations: number;
  readonly input: Stored;
  readonly weights: readonly (Stored & { readonly name: string })[];
  readonly output: Stored;
  readonly after: readonly Numbers[];
  readonly inputGradient: Numbers;
  readonly weightGradients: readonly Numbers[];
}

function innerLayer({ layer, config }: Row): Layer {
  const { units = 0, filters = 0, kernelSize = 0, ...options } = config;
  if (layer === "Dense") return new layers.Dense(units, options);
  if (layer === "Conv2D") return new layers.Conv2D(filters, kernelSize, options);
  return new layers.DepthwiseConv2D(kernelSize, options);
}

describe.each(golden.rows as unknown as Row[])("$layer, $powerIterations iterations", (row) => {
  test("output, weights and gradients", async () => {
    const layer = new layers.SpectralNormalization(innerLayer(row), { powerIterations: row.powerIterations });
    const input = stored(row.input);
    layer.apply(input);
    expect(layer.weights.map(({ name }) => name)).toEqual(row.weights.map(({ name }) => name));
    row.weights.forEach((weight, i) => layer.weights[i]?.assign(stored(weight)));
    const tape = new GradientTape();
    const [output, total] = tape.run(() => {
      tape.watch(input);
      const y = layer.apply(input, { training: true });
      const cotangent = stored({ shape: y.shape, data: [...sequence(y.shape, 52)] });
      return [y, ops.sum(ops.multiply(y, cotangent))] as const;
    });
    const found = tape.gradient(total, [input, ...layer.trainableVariables]);
    await expectTensor(output, row.output);
    for (const [i, weight] of layer.weights.entries())
      expectNumbers(await weight.data(), row.after[i] as Numbers);
    const wanted = [row.inputGradient, ...row.weightGradients];
    for (const [i, gradient] of found.entries()) expectNumbers(await gradient.data(), wanted[i] as Numbers);
  });
});

/** Of a matrix with so many columns, by a long power iteration. */
function largestSingular(matrix: ArrayLike<number>, columns: number): number {
  const rows = matrix.length / columns;
  const at = (i: number, j: number) => matrix[i * columns + j] as number;
  const range = (count: number) => Array.from({ length: count }, (_, i) => i);
  let x = range(columns).map((j) => 1 + j);
  let length = 1;
  for (let turn = 0; turn < 200; turn++) {
    const y = range(rows).map((i) => x.reduce((sum, value, j) => sum + at(i, j) * value, 0));
    x = range(columns).map((j) => y.reduce((sum, value, i) => sum + at(i, j) * value, 0));
    length = Math.hypot(...x);
    x = x.map((value) => value / length);
  }
  return Math.sqrt(length);
}

test("fit trains it, and the kernel's largest singular value is 1 in a call in training", async () => {
  utils.setRandomSeed(3);
  const layer = new layers.SpectralNormalization(new layers.Dense(4), { powerIterations: 8 });
  const model = new Sequential([layer, new layers.Dense(1)]);
  model.compile({ optimizer: "adam", loss: "mse" });
  const x = tensor({ data: sequence([32, 6], 71), shape: [32, 6] });
  const y = ops.sum(x, { axis: 1, keepdims: true });
  const { history } = await model.fit(x, y, { epochs: 20, batchSize: 32, verbose: 0, shuffle: false });
  expect(history.loss?.at(-1)).toBeLessThan(history.loss?.[0] as number);
  layer.apply(x, { training: true });
  expect(largestSingular(await (layer.kernel as Variable).data(), 4)).toBeCloseTo(1, 3);
});

test("what cannot be normalized is an error", () => {
  expect(() => new layers.SpectralNormalization(new layers.ReLU()).apply([[1, 2]])).toThrow(
    /nothing to normalize/,
  );
  expect(() => new layers.SpectralNormalization(new layers.Dense(2), { powerIterations: 0 })).toThrow(
    /powerIterations/,
  );
});
