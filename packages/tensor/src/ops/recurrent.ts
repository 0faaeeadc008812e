/** @file Recurrent sequences with Keras's gates and weights: simpleRnn, lstm and gru over [batch, steps, features]. */
import type { Dtype } from "@tenrec/kernels";
import { ShapeError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { handleFree } from "../jit.ts";
import { add as addNodes, mul as mulNodes } from "../primitives/arithmetic.ts";
import { matmul } from "../primitives/contraction.ts";
import { at } from "../primitives/factory.ts";
import { gruSequence } from "../primitives/gru.ts";
import { cast } from "../primitives/logic.ts";
import { lstmSequence } from "../primitives/lstm.ts";
import { concat, reshape, sliceAxis } from "../primitives/movement.ts";
import { simpleSequence } from "../primitives/simpleRecurrent.ts";
import { fill } from "../primitives/source.ts";
import { floatOperand, type Tensor, type TensorLike, toNode, wrap } from "./arguments.ts";
import { scan } from "./control.ts";
import { where } from "./logic.ts";
import { add, multiply, subtract, tanh } from "./math.ts";
import { sigmoid } from "./nn.ts";
import { swapaxes } from "./shape.ts";

export interface RecurrentOptions {
  /** Of the candidate, and of the LSTM's output; tanh by default. */
  readonly activation?: (x: Tensor) => Tensor;
  /** States before the first step, [batch, units] each; zeros by default. */
  readonly initialState?: readonly TensorLike[] | null;
  /** [batch, steps]: where it is false, a step changes no state and its output is the state before. */
  readonly mask?: TensorLike | null;
  /** The steps one after another in the graph, which compiles longer. */
  readonly unroll?: boolean;
  /** What inputs are multiplied by at every step, [batch, features]: one for all gates or one for each. Dropout is this. */
  readonly inputFactors?: readonly TensorLike[] | null;
  /** What the state is multiplied by before it meets recurrent weights, [batch, units]: one for all gates or one for each. */
  readonly stateFactors?: readonly TensorLike[] | null;
}

export interface GatedOptions extends RecurrentOptions {
  /** Of the gates; sigmoid by default. */
  readonly recurrentActivation?: (x: Tensor) => Tensor;
}

export interface GruOptions extends GatedOptions {
  /** Whether the reset gate multiplies the recurrent product (the default) or the state before it. */
  readonly resetAfter?: boolean;
}

export interface RecurrentResult {
  /** Output of every step [batch, steps, units]. */
  readonly outputs: Tensor;
  /** States after the last step, [batch, units] each. The first one is the last output. */
  readonly states: readonly Tensor[];
}

/**
 * h' = activation(x kernel + h recurrentKernel + bias) at each step.
 *
 * @param x - [batch, steps, features].
 * @param kernel - [features, units].
 * @param recurrentKernel - [units, units].
 * @param bias - [units], or null.
 * @returns outputs, and one state.
 * @throws ShapeError for operands that do not fit together.
 * @example
 * simpleRnn([[[1], [2]]], [[1]], [[0.5]], null, { activation: relu }).outputs; // [[[1], [2.5]]]
 */
export function simpleRnn(
  x: TensorLike,
  kernel: TensorLike,
  recurrentKernel: TensorLike,
  bias: TensorLike | null = null,
  options: RecurrentOptions = {},
): RecurrentResult {
  return handleFree(() => {
    const given = new Sequence("simpleRnn", [x, kernel, recurrentKernel, bias], 1, 1, options);
    const { activation = tanh } = options;
    if (given.isPlain && activation === tanh) {
      const { z, weights: wh, mask } = given;
      return fromHistories(simpleSequence({ z, wh, h0: at(given.states, 0), mask }));
    }
    return given.steps((z, h) => [activation(add(z, given.product(h)))]);
  });
}

/**
 * An LSTM: gates i, f, o = recurrentActivation(x kernel + h recurrentKernel + bias), candidate g with `activation` instead; c' = f c + i g;
 * h' = o activation(c').
 *
 * @param x - [batch, steps, features].
 * @param kernel - [features, 4 * units], gates in the order i, f, g, o.
 * @param recurrentKernel - [units, 4 * units].
 * @param bias - [4 * units], or null.
 * @returns outputs, and the states h and c.
 * @throws ShapeError for operands that do not fit together.
 * @example
 * lstm([[[1], [2]]], [[1, 1, 1, 1]], [[0, 0, 0, 0]], null, { activation: relu, recurrentActivation: relu }).outputs; // [[[1], [12]]]
 */
export function lstm(
  x: TensorLike,
  kernel: TensorLike,
  recurrentKernel: TensorLike,
  bias: TensorLike | null = null,
  options: GatedOptions = {},
): RecurrentResult {
  return handleFree(() => {
    const given = new Sequence("lstm", [x, kernel, recurrentKernel, bias], 4, 2, options);
    const { activation = tanh, recurrentActivation = sigmoid } = options;
    if (given.isPlain && activation === tanh && recurrentActivation === sigmoid) {
      const { z, weights: wh, mask, states } = given;
      const { H, C } = lstmSequence({ z, wh, h0: at(states, 0), c0: at(states, 1), mask });
      return fromHistories(H, C);
    }
    return given.steps((z, h, c) => {
      const all = add(z, given.product(h));
      const [i, f, o] = [0, 1, 3].map((gate) => recurrentActivation(given.gate(all, gate)));
      const candidate = multiply(i as Tensor, activation(given.gate(all, 2)));
      const next = add(multiply(f as Tensor, c), candidate);
      return [multiply(o as Tensor, activation(next)), next];
    });
  });
}

/**
 * A GRU: gates z, r = recurrentActivation(x kernel + h recurrentKernel + bias), candidate g = activation(x kernel + r (h recurrentKernel))
 * or, with resetAfter false, activation(x kernel + (r h) recurrentKernel); h' = z h + (1 - z) g.
 *
 * @param x - [batch, steps, features].
 * @param kernel - [features, 3 * units], gates in the order z, r, g.
 * @param recurrentKernel - [units, 3 * units].
 * @param bias - [2, 3 * units] for the products with x and with h; [3 * units] with resetAfter false; or null.
 * @returns outputs, and one state.
 * @throws ShapeError for operands that do not fit together.
 * @example
 * gru([[[1], [1]]], [[0.5, 0, 1]], [[0, 0, 0]], null, { activation: relu, recurrentActivation: relu }).outputs; // [[[0.5], [0.75]]]
 */
export function gru(
  x: TensorLike,
  kernel: TensorLike,
  recurrentKernel: TensorLike,
  bias: TensorLike | null = null,
  options: GruOptions = {},
): RecurrentResult {
  return handleFree(() => {
    const { activation = tanh, recurrentActivation = sigmoid, resetAfter = true } = options;
    const given = new Sequence("gru", [x, kernel, recurrentKernel, bias], 3, 1, options, resetAfter);
    const { gates, units, recurrentBias: br } = given;
    if (given.isPlain && resetAfter && activation === tanh && recurrentActivation === sigmoid) {
      const { z, weights: wh, mask } = given;
      const bias = br ?? fill(0, [gates * units], "float32");
      return fromHistories(gruSequence({ x: z, wh, br: bias, h0: at(given.states, 0), mask }));
    }
    return given.steps((x, h) => {
      const product = given.product(h, 0, resetAfter ? 3 : 2);
      const inner = br ? add(product, wrap(br)) : product;
      const sum = (gate: number): Tensor => add(given.gate(x, gate), given.gate(inner, gate));
      const [z, r] = [recurrentActivation(sum(0)), recurrentActivation(sum(1))];
      const reset = resetAfter ? multiply(r, given.gate(inner, 2)) : given.product(multiply(r, h), 2);
      const candidate = activation(add(given.gate(x, 2), reset));
      return [add(multiply(z, h), multiply(subtract(1, z), candidate))];
    });
  });
}

type Weights = readonly [
  x: TensorLike,
  kernel: TensorLike,
  recurrentKernel: TensorLike,
  bias: TensorLike | null,
];

/** One call's operands, checked, and the inputs' part of all steps. */
class Sequence {
  readonly gates: number;
  readonly units: number;
  /** [batch, steps, gates * units]: x kernel + bias. */
  readonly z: Node;
  readonly weights: Node;
  readonly recurrentBias: Node | null;
  readonly states: readonly Node[];
  readonly mask: Node | null;
  readonly #factors: readonly Node[];
  readonly #unroll: boolean;

  constructor(
    name: string,
    [x, kernel, recurrentKernel, bias]: Weights,
    gates: number,
    numStates: number,
    options: RecurrentOptions,
    hasTwoBiases = false,
  ) {
    const input = floatOperand(x);
    if (input.shape.length !== 3) throw notSequences(name, input);
    const [batch, steps, features] = input.shape as unknown as [number, number, number];
    this.weights = floatOperand(recurrentKernel);
    this.gates = gates;
    this.units = this.weights.shape[0] ?? 0;
    const { units } = this;
    const width = gates * units;
    const fit = (what: string, node: Node, shape: readonly number[]): Node =>
      checkFit(name, what, node, shape);
    fit("recurrentKernel", this.weights, [units, width]);
    const projection = fit("kernel", floatOperand(kernel), [features, width]);
    const biases =
      bias === null ? null : fit("bias", floatOperand(bias), hasTwoBiases ? [2, width] : [width]);
    const half = (row: number): Node | null => biases && reshape(sliceAxis(biases, 0, row, row + 1), [width]);
    this.recurrentBias = hasTwoBiases ? half(1) : null;
    const given = options.initialState ?? Array.from({ length: numStates }, () => null);
    if (given.length !== numStates) throw wrongStates(name, given.length, numStates);
    this.states = given.map((state, i) =>
      state === null
        ? fill(0, [batch, units], "float32")
        : fit(`initialState[${i}]`, floatOperand(state), [batch, units]),
    );
    const { mask = null } = options;
    this.mask = mask === null ? null : fit("mask", cast(toNode(mask), "bool"), [batch, steps]);
    const factors = (what: "inputFactors" | "stateFactors", extent: number): Node[] =>
      checkFactors(name, what, options[what] ?? [], gates).map((factor) =>
        fit(what, floatOperand(factor), [batch, extent]),
      );
    this.#factors = factors("stateFactors", units);
    this.#unroll = options.unroll ?? false;
    const scales = factors("inputFactors", features).map((factor) => reshape(factor, [batch, 1, features]));
    const product = gateProducts(input, projection, scales, units, 0, gates);
    const inputBias = hasTwoBiases ? half(0) : biases;
    this.z = reshape(inputBias ? addNodes(product, inputBias) : product, [batch, steps, width]);
  }

  /** Nothing that the kernels for whole sequences do not know. */
  get isPlain(): boolean {
    return this.#factors.length === 0 && !this.#unroll && this.z.shape.size > 0;
  }

  /** h times the recurrent weights of gates `from` to `to`. */
  product(h: Tensor, from = 0, to = this.gates): Tensor {
    return wrap(gateProducts(h.node, this.weights, this.#factors, this.units, from, to));
  }

  gate(all: Tensor, gate: number): Tensor {
    return wrap(gatesOf(all.node, this.units, gate, gate + 1));
  }

  /** The sequence by a loop over `step`: states after it from the inputs' part and the states before. */
  steps(step: (z: Tensor, ...states: [Tensor, Tensor]) => readonly Tensor[]): RecurrentResult {
    const { mask, states } = this;
    const sequences = [this.z, ...(mask ? [reshape(mask, [...mask.shape, 1])] : [])];
    const [last, outputs] = scan<Tensor[], [Tensor, Tensor?], Tensor>(
      (before, [z, counts]) => {
        const next = step(z, ...(before as [Tensor, Tensor]));
        const kept = counts ? next.map((state, i) => where(counts, state, before[i] as Tensor)) : next;
        return [[...kept], kept[0] as Tensor];
      },
      states.map(wrap),
      sequences.map((sequence) => swapaxes(wrap(sequence), 0, 1)),
      { unroll: this.#unroll },
    );
    return { outputs: swapaxes(outputs, 0, 1), states: last };
  }
}

const gatesOf = (x: Node, units: number, from: number, to: number): Node =>
  sliceAxis(x, x.shape.length - 1, from * units, to * units);

/**
 * Rows of x times the weights of gates `from` to `to`, with a factor of x for all of them or one for each. All steps are rows of one product,
 * so that the bias's gradient is a column sum of the weights' gradient's operand and comes along with that product.
 */
function gateProducts(
  x: Node,
  weights: Node,
  factors: readonly Node[],
  units: number,
  from: number,
  to: number,
): Node {
  const scaled = (factor: Node | undefined): Node => asRows(factor ? mulNodes(x, factor) : x);
  if (factors.length < 2) return matmul(scaled(factors[0]), gatesOf(weights, units, from, to));
  const products = Array.from({ length: to - from }, (_, i) =>
    matmul(scaled(factors[from + i]), gatesOf(weights, units, from + i, from + i + 1)),
  );
  return concat(products, 1);
}

/** [..., width] as rows. */
function asRows(x: Node): Node {
  const width = x.shape.at(-1) as number;
  return reshape(x, [x.shape.size / width, width]);
}

/** Outputs and last states from the states [batch, steps + 1, units], the initial ones first. */
function fromHistories(...histories: readonly Node[]): RecurrentResult {
  const [batch, slots, units] = at(histories, 0).shape as unknown as [number, number, number];
  const lastOf = (history: Node): Tensor =>
    wrap(reshape(sliceAxis(history, 1, slots - 1, slots), [batch, units]));
  return { outputs: wrap(sliceAxis(at(histories, 0), 1, 1, slots)), states: histories.map(lastOf) };
}

function checkFit(name: string, what: string, node: Node, shape: readonly number[]): Node {
  if (node.shape.join() === shape.join()) return node;
  throw new ShapeError(name, `${what} does not fit.`, {
    received: `${what} ${typeText(node.dtype as Dtype, node.shape)}.`,
    expected: `[${shape.join()}], by the shapes of x and recurrentKernel.`,
    fix: "check the number of units and features.",
  });
}

function checkFactors(
  name: string,
  what: string,
  factors: readonly TensorLike[],
  gates: number,
): readonly TensorLike[] {
  if (factors.length <= 1 || factors.length === gates) return factors;
  throw new ShapeError(name, `wrong number of ${what}.`, {
    received: `${factors.length}.`,
    expected: `1, or ${gates}: one for each gate.`,
    fix: "give one for all gates.",
  });
}

function notSequences(name: string, x: Node): ShapeError {
  return new ShapeError(name, "x is no batch of sequences.", {
    received: `${typeText(x.dtype, x.shape)}.`,
    expected: "[batch, steps, features].",
    fix: "reshape it; a sequence of numbers has one feature: [batch, steps, 1].",
  });
}

function wrongStates(name: string, found: number, wanted: number): ShapeError {
  return new ShapeError(name, "wrong number of initial states.", {
    received: `${found}.`,
    expected: `${wanted}, [batch, units] each.`,
    fix: wanted === 2 ? "pass [h, c]." : "pass [h].",
  });
}
