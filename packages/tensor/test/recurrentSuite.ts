/** @file Recurrent sequences on a device, with their kernels and without: values, first and second derivatives against the interpreter. */
import { counters } from "@tenrec/kernels/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import type { Node, RefArray } from "../src/graph/node.ts";
import { init, jit, type Tensor } from "../src/index.ts";
import { interpret } from "../src/interpret/interpret.ts";
import { add } from "../src/primitives/arithmetic.ts";
import { at } from "../src/primitives/factory.ts";
import { gruSequence } from "../src/primitives/gru.ts";
import { lstmSequence } from "../src/primitives/lstm.ts";
import { flip, reshape } from "../src/primitives/movement.ts";
import { simpleSequence } from "../src/primitives/simpleRecurrent.ts";
import { useNode } from "../src/runtime/handles.ts";
import { hostNode, typed } from "../src/runtime/host.ts";
import { Tensor as TensorClass } from "../src/tensor.ts";
import { leaf } from "./samples.ts";
import { booleans, uniform } from "./samplesInputs.ts";

interface Layer {
  readonly gates: number;
  /** Shapes of what follows the sequence and the recurrent weights. */
  readonly rest: (batch: number, units: number) => readonly (readonly number[])[];
  readonly run: (inputs: readonly Node[], mask: Node | null) => Node;
}

const layers: Record<string, Layer> = {
  LSTM: {
    gates: 4,
    rest: (batch, units) => [
      [batch, units],
      [batch, units],
    ],
    run: (inputs, mask) => {
      const [z, wh, h0, c0] = inputs as unknown as [Node, Node, Node, Node];
      const { H, cell } = lstmSequence({ z, wh, h0, c0, mask });
      return add(H, reshape(cell, [at(cell.shape, 0), 1, at(cell.shape, 1)]));
    },
  },
  // Two kernels of one form that do not wait for each other.
  "LSTM both ways": {
    gates: 4,
    rest: (batch, units) => [
      [batch, units],
      [batch, units],
    ],
    run: (inputs, mask) => {
      const [z, wh, h0, c0] = inputs as unknown as [Node, Node, Node, Node];
      const way = (turned: (x: Node) => Node): Node =>
        lstmSequence({ z: turned(z), wh, h0, c0, mask: mask && turned(mask) }).H;
      return add(
        way((x) => x),
        way((x) => flip(x, [1])),
      );
    },
  },
  GRU: {
    gates: 3,
    rest: (batch, units) => [
      [2, 3 * units],
      [batch, units],
    ],
    run: (inputs, mask) => {
      const [x, wh, bias, h0] = inputs as unknown as [Node, Node, Node, Node];
      return gruSequence({ x, wh, bias, h0, mask });
    },
  },
  "simple layer": {
    gates: 1,
    rest: (batch, units) => [[batch, units]],
    run: (inputs, mask) => {
      const [z, wh, h0] = inputs as unknown as [Node, Node, Node];
      return simpleSequence({ z, wh, h0, mask });
    },
  },
};

interface Size {
  readonly batch: number;
  readonly steps: number;
  readonly units: number;
  readonly masked: boolean;
  readonly second: boolean;
}

const sizes: readonly Size[] = [
  { batch: 2, steps: 3, units: 5, masked: true, second: true },
  { batch: 7, steps: 9, units: 20, masked: false, second: false },
  { batch: 1, steps: 17, units: 33, masked: true, second: false },
  { batch: 5, steps: 1, units: 8, masked: false, second: false },
  // Too wide for a kernel of all steps on a GPU.
  { batch: 3, steps: 4, units: 260, masked: true, second: false },
];

function inputsOf({ gates, rest }: Layer, { batch, steps, units, masked }: Size): RefArray[] {
  const spread = 1 / Math.sqrt(units);
  return [
    uniform([batch, steps, gates * units], -1, 1, 1),
    uniform([units, gates * units], -spread, spread, 2),
    ...rest(batch, units).map((shape, i) => uniform(shape, -1, 1, 3 + i)),
    ...(masked ? [booleans([batch, steps])] : []),
  ];
}

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

/** The states, their gradients under the cotangent `seed`, and the gradients of those under themselves. */
function derivatives(layer: Layer, inputs: readonly Node[], seed: Node, { masked, second }: Size): Node[] {
  const floats = masked ? inputs.slice(0, -1) : inputs;
  const output = layer.run(floats, masked ? (inputs.at(-1) as Node) : null);
  const first = vjp([output], [seed], floats, everything) as Node[];
  if (!second) return [output, ...first];
  // Seeds that do not depend on what is differentiated: the inputs' own values would.
  const seeds = first.map((node) => stopped(node));
  const again = vjp(first, seeds, floats, everything).filter((node) => node !== null);
  return [output, ...first, ...again];
}

/** Any values of the node's shape, as a leaf would be. */
const stopped = (node: Node): Node =>
  hostNode(typed("float32", ramp(node.shape.size)), node.shape, "float32");
const ramp = (size: number): Float64Array => Float64Array.from({ length: size }, (_, i) => Math.sin(i + 1));

function relativeError(found: ArrayLike<number>, { data }: RefArray): number {
  let [error, scale] = [0, 1e-30];
  for (const [i, value] of data.entries()) {
    error = Math.max(error, Math.abs((found[i] as number) - value));
    scale = Math.max(scale, Math.abs(value));
  }
  return error / scale;
}

async function check(layer: Layer, size: Size, templates: boolean): Promise<number> {
  const inputs = inputsOf(layer, size);
  const seed = uniform([size.batch, size.steps + 1, size.units], 0.5, 1.5, 17);
  const nodes = [...inputs, seed].map(leaf);
  const values = new Map(nodes.map((node, i) => [node, [...inputs, seed][i] as RefArray]));
  const roots = derivatives(layer, nodes.slice(0, -1), nodes.at(-1) as Node, size);
  const expected = interpret(roots, (node) => values.get(node) ?? hostValue(node));
  const step = jit(
    (...tensors: Tensor[]) => {
      const own = tensors.map(useNode);
      const results = derivatives(layer, own.slice(0, -1), own.at(-1) as Node, size);
      return results.map((node) => new TensorClass(node));
    },
    { templates },
  );
  const tensors = [...inputs, seed].map(({ dtype, data, shape }) =>
    new TensorClass(hostNode(typed(dtype, data), shape, dtype)).hold(),
  );
  await step.prepare(...tensors);
  counters.reset();
  const results = step(...tensors);
  const { dispatches } = counters.read();
  for (const [i, result] of results.entries()) {
    expect(relativeError(await result.data(), expected[i] as RefArray), `result ${i}`).toBeLessThanOrEqual(
      1e-5,
    );
  }
  return dispatches;
}

function hostValue(node: Node): RefArray | null {
  const isSeed = node.inputs.length === 0 && node.stored !== null;
  return isSeed ? { shape: node.shape, dtype: node.dtype, data: ramp(node.shape.size) } : null;
}

/** Defines the tests on one backend. */
export function testRecurrent(backend: "cpu" | "webgpu", every = 1): void {
  beforeAll(async () => {
    expect((await init({ backend })).backend).toBe(backend);
  });
  describe.each(Object.keys(layers))(`%s on ${backend}`, (name) => {
    const isPair = name.endsWith("both ways");
    const chosen = sizes.filter((_, i) => i % every === 0);
    test.each(chosen.filter(({ second, units }) => !isPair || (!second && units <= 256)))(
      "batch $batch, $steps steps, $units units, mask $masked",
      async (size) => {
        const layer = layers[name] as Layer;
        const whole = await check(layer, size, true);
        const stepwise = await check(layer, size, false);
        if (size.steps === 1) return;
        const isWhole = backend === "cpu" || size.units <= 256;
        // One kernel each way, and the products and sums outside; else one for each step, each way.
        if (isWhole && !size.second) expect(whole).toBeLessThanOrEqual(7);
        if (!isWhole) expect(whole).toBeLessThanOrEqual(2 * size.steps + 12);
        expect(stepwise).toBeGreaterThan(whole);
      },
    );
  });
}
