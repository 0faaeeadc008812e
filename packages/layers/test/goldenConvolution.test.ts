/** @file Convolution, pooling and reshaping layers against the real Keras: shapes, weights, outputs and gradients. */
import { GradientTape, init, ops, type Tensor, tensor, Variable } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { type Layer, layers } from "../src/index.ts";
import { backend } from "./golden/backend.ts";
import golden from "./golden/convolution.json" with { type: "json" };
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend }));

/** All elements, or the number of elements and their products with sequences. */
type Summary = readonly number[] | { readonly size: number; readonly sums: readonly number[] };

interface Row {
  readonly layer: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly shape: readonly number[];
  readonly halves: boolean;
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly outputShape: readonly number[];
  readonly output: Summary;
  readonly inputGradient: Summary;
  readonly weightGradients: readonly Summary[];
}

/** Arguments that are positional in the classes whose names begin so. */
const positional: readonly (readonly [string, readonly string[]])[] = [
  ["Conv", ["filters", "kernelSize"]],
  ["SeparableConv", ["filters", "kernelSize"]],
  ["DepthwiseConv", ["kernelSize"]],
  ["Adaptive", ["outputSize"]],
];

function makeLayer({ layer, config }: Pick<Row, "layer" | "config">): Layer {
  const names = positional.find(([prefix]) => layer.startsWith(prefix))?.[1] ?? [];
  const Made = layers[layer as "Conv2D"] as unknown as new (...args: unknown[]) => Layer;
  const options = Object.fromEntries(Object.entries(config).filter(([name]) => !names.includes(name)));
  return new Made(...names.map((name) => config[name]), options);
}

const numbers = (shape: readonly number[], salt: number): Tensor =>
  tensor({ data: sequence(shape, salt), shape });

/** Both sides round to float32 sums of up to some hundred products. */
function expectSummary(found: ArrayLike<number>, wanted: Summary): void {
  const isWhole = Array.isArray(wanted);
  const all = wanted as { readonly size: number; readonly sums: readonly number[] };
  const values = isWhole ? (wanted as readonly number[]) : all.sums;
  const own = isWhole
    ? Array.from(found)
    : all.sums.map((_, i) => {
        const weights = sequence([all.size], 200 + i);
        return Array.from(found).reduce((sum, value, j) => sum + value * (weights[j] as number), 0);
      });
  expect(found.length).toBe(isWhole ? values.length : all.size);
  const scale = isWhole ? 1 : Math.sqrt(all.size);
  for (const [i, value] of values.entries()) {
    expect(Math.abs((own[i] as number) - value)).toBeLessThanOrEqual(1e-5 * (scale + Math.abs(value)));
  }
}

const rows = golden.rows as unknown as readonly Row[];

describe.each(rows)("$layer $config $shape $halves", (row) => {
  test("weights, shapes, output and gradients", async () => {
    const layer = makeLayer(row);
    const exact = sequence(row.shape, 91);
    const data = row.halves ? exact.map((value) => roundHalfEven(value * 2) / 2) : exact;
    const x = new Variable(tensor({ data, shape: row.shape }));
    layer.apply(x);
    expect(layer.weights.map(({ name, shape }) => ({ name, shape: [...shape] }))).toEqual(row.weights);
    for (const [i, weight] of layer.weights.entries()) weight.assign(numbers(weight.shape, 92 + i));
    const tape = new GradientTape();
    const [y, total] = tape.run(() => {
      const output = layer.apply(x);
      return [output, ops.sum(ops.multiply(output, numbers(output.shape, 52)))] as const;
    });
    expect([...y.shape]).toEqual(row.outputShape);
    const gradients = tape.gradient(total, [x, ...layer.trainableVariables]);
    expectSummary(await y.data(), row.output);
    for (const [i, wanted] of [row.inputGradient, ...row.weightGradients].entries())
      expectSummary(await (gradients[i] as Tensor).data(), wanted);
  });
});

/** NumPy's rounding. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
