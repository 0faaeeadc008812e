/** @file Recurrent sequences with Keras's gates and weights: simpleRnn, lstm and gru over [batch, steps, features]. */
import type { Node } from "../graph/node.ts";
import { handleFree } from "../jit.ts";
import { at } from "../primitives/factory.ts";
import { gruSequence } from "../primitives/gru.ts";
import { lstmSequence } from "../primitives/lstm.ts";
import { reshape, sliceAxis } from "../primitives/movement.ts";
import { simpleSequence } from "../primitives/simpleRecurrent.ts";
import { fill } from "../primitives/source.ts";
import { type Tensor, type TensorLike, wrap } from "./arguments.ts";
import { add, multiply, subtract, tanh } from "./math.ts";
import { sigmoid } from "./nn.ts";
import { type RecurrentOptions, type RecurrentResult, Sequence } from "./recurrentSequence.ts";

export type { RecurrentOptions, RecurrentResult } from "./recurrentSequence.ts";

export interface GatedOptions extends RecurrentOptions {
  /** Of the gates; sigmoid by default. */
  readonly recurrentActivation?: (x: Tensor) => Tensor;
}

export interface GruOptions extends GatedOptions {
  /** Whether the reset gate multiplies the recurrent product (the default) or the state before it. */
  readonly resetAfter?: boolean;
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
    const given = new Sequence(
      "simpleRnn",
      [x, kernel, recurrentKernel, bias],
      { gates: 1, states: 1 },
      options,
    );
    const { activation = tanh } = options;
    if (given.isPlain && activation === tanh) {
      const { z, weights: wh, mask } = given;
      return fromHistory(simpleSequence({ z, wh, h0: at(given.states, 0), mask }));
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
    const given = new Sequence("lstm", [x, kernel, recurrentKernel, bias], { gates: 4, states: 2 }, options);
    const { activation = tanh, recurrentActivation = sigmoid } = options;
    if (given.isPlain && activation === tanh && recurrentActivation === sigmoid) {
      const { z, weights: wh, mask, states } = given;
      const { H, cell } = lstmSequence({ z, wh, h0: at(states, 0), c0: at(states, 1), mask });
      return fromHistory(H, cell);
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
    const counts = { gates: 3, states: 1, biases: resetAfter ? 2 : 1 };
    const given = new Sequence("gru", [x, kernel, recurrentKernel, bias], counts, options);
    if (given.isPlain && resetAfter && activation === tanh && recurrentActivation === sigmoid) {
      const { projected: x, weights: wh, mask } = given;
      const bias = given.bias ?? fill(0, [2, given.gates * given.units], "float32");
      return fromHistory(gruSequence({ x, wh, bias, h0: at(given.states, 0), mask }));
    }
    const recurrentBias = given.biasOf(1);
    return given.steps((x, h) => {
      const product = given.product(h, 0, resetAfter ? 3 : 2);
      const inner = recurrentBias ? add(product, wrap(recurrentBias)) : product;
      const sum = (gate: number): Tensor => add(given.gate(x, gate), given.gate(inner, gate));
      const [z, r] = [recurrentActivation(sum(0)), recurrentActivation(sum(1))];
      const reset = resetAfter ? multiply(r, given.gate(inner, 2)) : given.product(multiply(r, h), 2);
      const candidate = activation(add(given.gate(x, 2), reset));
      return [add(multiply(z, h), multiply(subtract(1, z), candidate))];
    });
  });
}

/** Outputs and last states, from the states h [batch, steps + 1, units] (the initial one first) and further last states. */
function fromHistory(H: Node, ...others: readonly Node[]): RecurrentResult {
  const [batch, slots, units] = H.shape as unknown as [number, number, number];
  const last = reshape(sliceAxis(H, 1, slots - 1, slots), [batch, units]);
  return { outputs: wrap(sliceAxis(H, 1, 1, slots)), states: [last, ...others].map(wrap) };
}
