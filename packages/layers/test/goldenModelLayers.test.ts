/** @file Norms, embeddings, attention and small layers against the real Keras: outputs, gradients, masks and state. */
import { GradientTape, init, ops, type Tensor, tensor, Variable } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { type Layer, layers } from "../src/index.ts";
import { backend } from "./golden/backend.ts";
import { expectNumbers, expectTensor, type Stored, stored } from "./golden/compare.ts";
import golden from "./golden/modelLayers.json" with { type: "json" };
import { sequence } from "./golden/sequence.ts";

beforeAll(() => init({ backend }));

type Numbers = readonly (number | string)[];

interface Row {
  readonly layer: string;
  readonly label: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly Stored[];
  readonly call: Readonly<Record<string, unknown>>;
  readonly masks: Readonly<Record<string, Stored>>;
  readonly mask: readonly (Stored | null)[] | null;
  readonly training: boolean;
  readonly weights: readonly (Stored & { readonly name: string })[];
  readonly outputs: readonly Stored[];
  readonly inputGradients: readonly Numbers[];
  readonly weightGradients: readonly Numbers[];
  readonly state: readonly Numbers[];
}

/** Arguments that come first, in order. */
const positional: Readonly<Record<string, readonly string[]>> = {
  Embedding: ["inputDim", "outputDim"],
  EinsumDense: ["equation", "outputShape"],
  MultiHeadAttention: ["numHeads", "keyDim"],
  GroupQueryAttention: ["headDim", "numQueryHeads", "numKeyValueHeads"],
  Permute: ["dims"],
  RepeatVector: ["n"],
  GaussianNoise: ["stddev"],
  GaussianDropout: ["rate"],
  AlphaDropout: ["rate"],
  SpatialDropout1D: ["rate"],
  SpatialDropout2D: ["rate"],
  SpatialDropout3D: ["rate"],
};

function makeLayer({ layer, config }: Row): Layer {
  const first = positional[layer] ?? [];
  const options = Object.fromEntries(Object.entries(config).filter(([name]) => !first.includes(name)));
  const Made = layers[layer as keyof typeof layers] as unknown as new (...args: unknown[]) => Layer;
  return new Made(...first.map((name) => config[name]), options);
}

const flags = ({ shape, data }: Stored): Tensor =>
  ops.cast(tensor({ data: Int32Array.from(data, Number), shape }), "bool");

const integerInputs = ["Embedding"];

function inputsOf({ layer, inputs }: Row): Tensor[] {
  return inputs.map(({ shape, data }) =>
    integerInputs.includes(layer)
      ? tensor({ data: Int32Array.from(data, Number), shape })
      : new Variable(stored({ shape, data })),
  );
}

function optionsOf({ call, masks, mask, training }: Row): object {
  const tensors = Object.entries(masks).map(([name, value]) => [name, flags(value)]);
  return {
    ...call,
    ...Object.fromEntries(tensors),
    ...(mask ? { mask: mask.map((one) => one && flags(one)) } : {}),
    training,
  };
}

const plainPath = (path: string) => path.split("/").slice(1).join("/");

describe.each(golden.rows as unknown as Row[])("$layer $label $config training $training", (row) => {
  test("output, gradients, weights and state", async () => {
    const layer = makeLayer(row);
    const inputs = inputsOf(row);
    const given = inputs.length === 1 ? (inputs[0] as Tensor) : inputs;
    const options = optionsOf(row);
    layer.apply<Tensor[]>(given, { ...options, training: false });
    row.weights.forEach((weight, i) => layer.weights[i]?.assign(stored(weight)));
    expect(layer.weights.map(({ shape }) => [...shape])).toEqual(row.weights.map(({ shape }) => shape));
    expect(layer.weights.map(({ name }) => name)).toEqual(
      row.weights.map(({ name }) => plainPath(name).split("/").at(-1)),
    );
    const tape = new GradientTape();
    const [outputs, total] = tape.run(() => {
      const result = layer.apply<Tensor | Tensor[]>(given, options);
      const all = Array.isArray(result) ? result : [result];
      const terms = all.map((y) => {
        const cotangent = stored({ shape: y.shape, data: [...sequence(y.shape, 52)] });
        return ops.sum(ops.multiply(y, cotangent));
      });
      return [all, terms.reduce((a, b) => ops.add(a, b))] as const;
    });
    const floats = inputs.filter((x) => x.dtype === "float32");
    const found = tape.gradient(total, [...floats, ...layer.trainableVariables]) as (Tensor | null)[];
    expect(outputs.length).toBe(row.outputs.length);
    for (const [i, output] of outputs.entries()) await expectTensor(output, row.outputs[i] as Stored);
    for (const [i, wanted] of [...row.inputGradients, ...row.weightGradients].entries()) {
      const gradient = found[i] ? await (found[i] as Tensor).data() : wanted.map(() => 0);
      expectNumbers(gradient, wanted, { relative: 2e-5, absolute: 3e-6 });
    }
    for (const [i, variable] of layer.nonTrainableVariables.entries()) {
      if (row.training) expectNumbers(await variable.data(), row.state[i] as Numbers);
    }
  });
});
