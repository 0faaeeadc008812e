/** @file Sample rows of recurrent sequences and their gradients. */
import { type Attrs, type Node, type Primitive, type RefArray, record } from "../src/graph/node.ts";
import { add } from "../src/primitives/arithmetic.ts";
import { part } from "../src/primitives/bundle.ts";
import { gruGradientPrimitive, gruPrimitive, gruSequence } from "../src/primitives/gru.ts";
import { gruStepBackPrimitive, gruStepPrimitive } from "../src/primitives/gruStep.ts";
import { lstmGradientPrimitive, lstmPrimitive, lstmSequence } from "../src/primitives/lstm.ts";
import { lstmStepBackPrimitive, lstmStepPrimitive } from "../src/primitives/lstmStep.ts";
import { reshape } from "../src/primitives/movement.ts";
import {
  simpleGradientPrimitive,
  simplePrimitive,
  simpleSequence,
} from "../src/primitives/simpleRecurrent.ts";
import { simpleStepBackPrimitive, simpleStepPrimitive } from "../src/primitives/simpleRecurrentStep.ts";
import type { Sample } from "./samples.ts";
import { booleans, uniform } from "./samplesInputs.ts";

const [batch, steps, units] = [2, 3, 2];
const mask = booleans([batch, steps]);
const weights = (gates: number): RefArray => uniform([units, gates * units], -1, 1, 2);
const sequence = (gates: number): RefArray => uniform([batch, steps, gates * units], -1, 1, 3);
const state = (seed: number): RefArray => uniform([batch, units], -1, 1, seed);
const states = (seed: number): RefArray => uniform([batch, steps + 1, units], -1, 1, seed);
const gates: RefArray = uniform([batch, steps, 5 * units], 0.1, 0.9, 7);

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

const flat = (seed: number, chunks = 1): RefArray => uniform([batch, chunks * units], -1, 1, seed);
const flatGates: RefArray = uniform([batch, 5 * units], 0.1, 0.9, 9);
const flatMask = booleans([batch]);
const bias: RefArray = uniform([2, 3 * units], -1, 1, 4);

/** Every result of one step, and of its gradient. */
const singleSteps: readonly Sample[] = [
  ...resultsOf(lstmStepPrimitive, [flat(1, 4), flat(2), flat(3), weights(4), flatMask], 3),
  ...resultsOf(lstmStepBackPrimitive, [weights(4), flat(2, 4), flat(3, 2), flatGates, flat(4), flatMask], 2),
  ...resultsOf(gruStepPrimitive, [flat(1, 3), flat(2), weights(3), bias, flatMask], 2),
  ...resultsOf(gruStepBackPrimitive, [weights(3), flat(2, 6), flat(3), flatGates, flat(4), flatMask], 2),
  ...resultsOf(simpleStepPrimitive, [flat(1), flat(2), weights(1), flatMask], 1),
  ...resultsOf(simpleStepBackPrimitive, [weights(1), flat(2), flat(3), flat(4), flat(5), flatMask], 2),
];

export const recurrent: readonly Sample[] = [
  ...singleSteps,
  ...sequences(lstmPrimitive, [sequence(4), weights(4), state(4), state(5)], (nodes, mask) => {
    const [z, wh, h0, c0] = nodes as [Node, Node, Node, Node];
    const { H, cell } = lstmSequence({ z, wh, h0, c0, mask });
    return add(H, reshape(cell, [batch, 1, units]));
  }),
  ...gradients(lstmGradientPrimitive, [weights(4), gates, states(5), state(6)], 2),
  ...sequences(gruPrimitive, [sequence(3), weights(3), bias, state(5)], (nodes, mask) => {
    const [x, wh, bias, h0] = nodes as [Node, Node, Node, Node];
    return gruSequence({ x, wh, bias, h0, mask });
  }),
  ...gradients(gruGradientPrimitive, [weights(3), gates, states(5)], 2),
  ...sequences(simplePrimitive, [sequence(1), weights(1), state(4)], (nodes, mask) => {
    const [z, wh, h0] = nodes as [Node, Node, Node];
    return simpleSequence({ z, wh, h0, mask });
  }),
  ...gradients(simpleGradientPrimitive, [weights(1), states(3), states(5)], 2),
];
