/** @file Recurrent layers beyond Keras's numbers: the common layer test, custom cells, state in training, graphs, errors. */
import { init, jit, ops, random, type Tensor, tensor } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { Input, Layer, layers, Model, Sequential } from "../src/index.ts";
import { sequence } from "./golden/sequence.ts";
import { runLayerTest } from "./runLayerTest.ts";

beforeAll(() => init({ backend: "cpu" }));

const shared = { inputShape: [4, 5, 2], positional: "units" } as const;
runLayerTest(layers.SimpleRNN, {
  ...shared,
  config: { units: 3, activation: "relu", dropout: 0.1, seed: 3 },
  outputShape: [4, 3],
  weights: { kernel: [2, 3], recurrent_kernel: [3, 3], bias: [3] },
});
runLayerTest(layers.LSTM, {
  ...shared,
  config: { units: 3, returnSequences: true, goBackwards: true },
  outputShape: [4, 5, 3],
  weights: { kernel: [2, 12], recurrent_kernel: [3, 12], bias: [12] },
});
runLayerTest(layers.GRU, {
  ...shared,
  config: { units: 3, useBias: false },
  outputShape: [4, 3],
  weights: { kernel: [2, 9], recurrent_kernel: [3, 9] },
});
runLayerTest(layers.GRU, {
  ...shared,
  config: { units: 2, resetAfter: false, recurrentActivation: "hard_sigmoid", unroll: true },
  outputShape: [4, 2],
  weights: { kernel: [2, 6], recurrent_kernel: [2, 6], bias: [6] },
});

const x = (shape: readonly number[], salt = 1): Tensor => tensor({ data: sequence(shape, salt), shape });
const numbers = async (y: Tensor) => [...(await y.data())];

test("an LSTM's bias starts with 1 for the forget gate", async () => {
  const bias = (options: object) => {
    const layer = new layers.LSTM(2, options);
    layer.buildFor([1, 3, 2]);
    return numbers(layer.weights[2] as Tensor);
  };
  expect(await bias({})).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  expect(await bias({ unitForgetBias: false })).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  const random = await bias({ biasInitializer: "random_normal" });
  expect(random.map((value) => value === 1)).toEqual([0, 0, 1, 1, 0, 0, 0, 0].map(Boolean));
});

test("recurrent weights start orthogonal, weights have Keras's names, initializers may be given", async () => {
  const layer = new layers.GRU(2, { recurrentInitializer: "orthogonal", kernelInitializer: "ones" });
  layer.buildFor([1, 3, 2]);
  const [kernel, recurrent] = layer.weights;
  expect(await numbers(kernel as Tensor)).toEqual(Array(12).fill(1));
  const product = await numbers(ops.matmul(recurrent as Tensor, ops.transpose(recurrent as Tensor)));
  product.forEach((value, i) => {
    expect(value).toBeCloseTo(i % 3 === 0 ? 1 : 0, 5);
  });
  expect(layer.cell.name).toBe("gru_cell");
});

/** The output is twice the state: of another size, so that masked outputs have a memory of their own. */
class Decay extends Layer {
  readonly stateSize: number;
  readonly outputSize: number;
  constructor(size: number) {
    super();
    this.stateSize = size;
    this.outputSize = 2 * size;
  }
  override call(inputs: Tensor, { states: [h] }: layers.CellRunOptions): Tensor[] {
    const next = ops.add(ops.multiply(h as Tensor, 0.5), inputs);
    return [ops.concatenate([next, next], { axis: -1 }), next];
  }
}

describe("RNN", () => {
  const ones = ops.ones([1, 3, 2]);
  test("runs a cell of the user's", async () => {
    const layer = new layers.RNN(new Decay(2), { returnSequences: true, returnState: true });
    const [outputs, state] = layer.apply<[Tensor, Tensor]>(ones);
    expect(outputs.shape).toEqual([1, 3, 4]);
    expect(await numbers(outputs)).toEqual([1, 1, 1, 1, 1.5, 1.5, 1.5, 1.5, 1.75, 1.75, 1.75, 1.75]);
    expect(await numbers(state)).toEqual([1.75, 1.75]);
  });

  test("masked steps repeat the output before, or give 0", async () => {
    const mask = tensor([[false, true, false]]);
    const outputs = (options: object) =>
      numbers(new layers.RNN(new Decay(1), { ...options }).apply(ops.ones([1, 3, 1]), { mask }));
    expect(await outputs({ returnSequences: true })).toEqual([0, 0, 1, 1, 1, 1]);
    expect(await outputs({ returnSequences: true, zeroOutputForMask: true })).toEqual([0, 0, 1, 1, 0, 0]);
    expect(await outputs({ zeroOutputForMask: true })).toEqual([1, 1]);
  });

  test("stacks cells of the user's and its own", async () => {
    const cells = [new Decay(2), new layers.LSTMCell(3)];
    const layer = new layers.RNN(cells, { returnState: true });
    const found = layer.apply<Tensor[]>(ones);
    expect(found.map(({ shape }) => [...shape])).toEqual([
      [1, 3],
      [1, 2],
      [1, 3],
      [1, 3],
    ]);
    expect((cells[1] as Layer).weights[0]?.shape).toEqual([4, 12]);
  });

  test("refuses what is no cell, and cells that do not give their states", () => {
    expect(() => new layers.RNN(new layers.Dense(2) as never)).toThrow(/not a cell[\s\S]*stateSize/);
    class Silent extends Decay {
      override call(inputs: Tensor): Tensor[] {
        return [inputs];
      }
    }
    expect(() => new layers.RNN(new Silent(2)).apply(ones)).toThrow(/does not give an output and its states/);
  });
});

describe("stateful layers", () => {
  test("fit goes on from batch to batch; the shapes' zeros leave no trace", async () => {
    random.setRandomSeed(3);
    const model = new Sequential([
      Input({ batchShape: [2, 3, 2] }),
      new layers.LSTM(3, { stateful: true, biasInitializer: "ones", name: "memory" }),
      new layers.Dense(1),
    ]);
    const layer = model.getLayer("memory") as layers.LSTM;
    expect(await numbers(layer.states?.[0] as Tensor)).toEqual([0, 0, 0, 0, 0, 0]);
    model.compile({ optimizer: "sgd", loss: "mse" });
    await model.fit(x([4, 3, 2]), x([4, 1]), { batchSize: 2, shuffle: false, epochs: 1, verbose: 0 });
    const after = await numbers(layer.states?.[0] as Tensor);
    expect(after.every((value) => value !== 0)).toBe(true);
    layer.resetStates();
    expect(await numbers(layer.states?.[0] as Tensor)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("batches of different sizes have states of their own; unknown sizes are refused in compiled functions", async () => {
    const layer = new layers.GRU(2, { stateful: true });
    const first = await numbers(layer.apply(x([1, 3, 2])));
    layer.apply(x([2, 3, 2]));
    const second = await numbers(layer.apply(x([1, 3, 2])));
    expect(second).not.toEqual(first);
    const step = jit((value: Tensor) => layer.apply(value));
    expect(await numbers(step(x([1, 3, 2])))).not.toEqual(second);
    expect(() => step(x([3, 3, 2]))).toThrow(/no states for this batch size[\s\S]*batchShape: \[3,/);
  });
});

test("states go from layer to layer in a graph: an encoder and a decoder", async () => {
  const [source, target] = [Input({ shape: [4, 2] }), Input({ shape: [3, 2] })];
  const [, h, c] = new layers.LSTM(5, { returnState: true }).apply<never>(source) as never as [
    never,
    never,
    never,
  ];
  const decoder = new layers.LSTM(5, { returnSequences: true });
  const outputs = decoder.apply(target, { initialState: [h, c] });
  const model = new Model({ inputs: [source, target], outputs: new layers.Dense(1).apply(outputs) });
  expect(model.outputShape).toEqual([null, 3, 1]);
  model.compile({ optimizer: "adam", loss: "mse" });
  const data = [x([6, 4, 2]), x([6, 3, 2], 2)] as const;
  const { history } = await model.fit(data, x([6, 3, 1], 3), { epochs: 5, verbose: 0 });
  expect(history.loss?.at(-1)).toBeLessThan(history.loss?.[0] as number);
});

describe("Bidirectional", () => {
  test("copies the layer twice, with names and weights of their own", () => {
    const layer = new layers.Bidirectional(new layers.LSTM(3, { name: "reader" }));
    expect(layer.apply(x([2, 4, 2])).shape).toEqual([2, 6]);
    expect(layer.layers.map(({ name }) => name)).toEqual(["forward_reader", "backward_reader"]);
    expect(layer.weights.length).toBe(6);
    expect(layer.getConfig()).toMatchObject({ mergeMode: "concat", layer: { className: "LSTM" } });
  });

  test("open steps stay open", () => {
    const y = new layers.Bidirectional(new layers.GRU(3, { returnSequences: true })).apply(
      Input({ shape: [null, 2] }),
    );
    expect(y.shape).toEqual([null, null, 6]);
  });

  test("refuses unknown modes, layers that do not fit together, cells without copy", () => {
    const layer = new layers.GRU(2, { returnSequences: true });
    expect(() => new layers.Bidirectional(layer, { mergeMode: "max" as never })).toThrow(/unknown mergeMode/);
    const backwardLayer = new layers.GRU(2, { goBackwards: true });
    expect(() => new layers.Bidirectional(layer, { backwardLayer })).toThrow(/returnSequences true forwards/);
    expect(
      () => new layers.Bidirectional(layer, { backwardLayer: new layers.GRU(2, { returnSequences: true }) }),
    ).toThrow(/goBackwards in one of them/);
    expect(() => new layers.Bidirectional(new layers.RNN(new Decay(2)))).toThrow(/cannot be copied/);
  });
});

test("bad arguments and inputs", () => {
  expect(() => new layers.LSTM(0)).toThrow(/units is not a positive integer[\s\S]*units = 0/);
  expect(() => new layers.LSTM(2, { dropout: 2 })).toThrow(/dropout is out of range/);
  const layer = new layers.LSTM(2);
  expect(() => layer.apply(x([3, 4]))).toThrow(/no batch of sequences[\s\S]*\[3,4\]/);
  layer.apply(x([3, 4, 2]));
  expect(() => layer.apply(x([3, 4, 5]))).toThrow(/kernel does not fit/);
  const initialState = [ops.zeros([3, 2])];
  expect(() => layer.apply(x([3, 4, 2]), { initialState })).toThrow(/initialState does not fit/);
  expect(() => layer.apply(x([3, 4, 2]), { mask: ops.ones([3, 5]) })).toThrow(/mask does not fit/);
});
