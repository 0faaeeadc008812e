/** @file Sample rows of recurrent sequences and their gradients. */
import { type Attrs, type Node, type Primitive, type RefArray, record } from "../src/graph/node.ts";
import { add } from "../src/primitives/arithmetic.ts";
import { part } from "../src/primitives/bundle.ts";
import { gruGradientPrimitive, gruPrimitive, gruSequence } from "../src/primitives/gru.ts";
import { lstmGradientPrimitive, lstmPrimitive, lstmSequence } from "../src/primitives/lstm.ts";
import { lstmSlopesPrimitive, lstmStepPrimitive } from "../src/primitives/lstmStep.ts";
import {
  simpleGradientPrimitive,
  simplePrimitive,
  simpleSequence,
} from "../src/primitives/simpleRecurrent.ts";
import type { Sample } from "./samples.ts";
import { booleans, uniform } from "./samplesInputs.ts";

const [batch, steps, units] = [2, 3, 2];
const mask = booleans([batch, steps]);
const weights = (gates: number): RefArray => uniform([units, gates * units], -1, 1, 2);
const sequence = (gates: number): RefArray => uniform([batch, steps, gates * units], -1, 1, 3);
const state = (seed: number): RefArray => uniform([batch, units], -1, 1, seed);
const states = (seed: number): RefArray => uniform([batch, steps + 1, units], -1, 1, seed);
const gates: RefArray = uniform([batch, steps, 4 * units], 0.1, 0.9, 7);

/** With and without a mask. */
function sequences(
  primitive: Primitive,
  inputs: readonly RefArray[],
  build: (inputs: readonly Node[], mask: Node | null) => Node,
): Sample[] {
  return [false, true].map((masked) => ({
    label: `${primitive.name}${masked ? " with a mask" : ""}`,
    primitive,
    inputs: masked ? [...inputs, mask] : inputs,
    build: (nodes) => build(nodes, nodes[inputs.length] ?? null),
    rebuilds: true,
  }));
}

function resultsOf(
  primitive: Primitive,
  inputs: readonly RefArray[],
  results: number,
  attrs: Attrs = {},
): Sample[] {
  return Array.from({ length: results }, (_, index) => ({
    label: `${primitive.name}, result ${index}`,
    primitive,
    inputs,
    build: (nodes) => part(record(primitive, nodes, attrs), index),
    rebuilds: true,
  }));
}

/** Every result of a gradient. */
const gradients = (primitive: Primitive, inputs: readonly RefArray[], results: number): Sample[] =>
  resultsOf(primitive, [...inputs, mask], results, { masked: true });

const flat = (seed: number): RefArray => uniform([batch, units], -1, 1, seed);
const flatGates = (seed: number): RefArray => uniform([batch, 4 * units], 0.1, 0.9, seed);
const flatMask = booleans([batch]);

/** Every result of one step of an LSTM, and of its gradient. */
const singleSteps: readonly Sample[] = [
  ...resultsOf(lstmStepPrimitive, [flatGates(1), flat(2), flat(3), weights(4), flatMask], 3),
  ...resultsOf(
    lstmSlopesPrimitive,
    [flatGates(1), flat(2), flat(3), flat(4), flat(5), flat(6), flat(7), flatMask],
    2,
  ),
];

export const recurrent: readonly Sample[] = [
  ...singleSteps,
  ...sequences(lstmPrimitive, [sequence(4), weights(4), state(4), state(5)], (nodes, mask) => {
    const [z, wh, h0, c0] = nodes as [Node, Node, Node, Node];
    const { H, C } = lstmSequence({ z, wh, h0, c0, mask });
    return add(H, C);
  }),
  ...gradients(lstmGradientPrimitive, [weights(4), states(3), gates, states(5), states(6)], 2),
  ...sequences(
    gruPrimitive,
    [sequence(3), weights(3), uniform([3 * units], -1, 1, 4), state(5)],
    (nodes, mask) => {
      const [x, wh, br, h0] = nodes as [Node, Node, Node, Node];
      return gruSequence({ x, wh, br, h0, mask });
    },
  ),
  ...gradients(gruGradientPrimitive, [weights(3), states(3), gates, states(5)], 3),
  ...sequences(simplePrimitive, [sequence(1), weights(1), state(4)], (nodes, mask) => {
    const [z, wh, h0] = nodes as [Node, Node, Node];
    return simpleSequence({ z, wh, h0, mask });
  }),
  ...gradients(simpleGradientPrimitive, [weights(1), states(3), states(5)], 2),
];
