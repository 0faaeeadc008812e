/** @file Sample rows of recurrent sequences. */
import { type Node, record } from "../src/graph/node.ts";
import { add } from "../src/primitives/arithmetic.ts";
import { part } from "../src/primitives/bundle.ts";
import { lstmGradientPrimitive, lstmPrimitive, lstmSequence } from "../src/primitives/lstm.ts";
import type { Sample } from "./samples.ts";
import { booleans, uniform } from "./samplesInputs.ts";

const rebuilds = true;
const [batch, steps, units] = [2, 3, 2];
const states = [batch, steps + 1, units];
const wide = (gates: number, seed: number) => uniform([batch, steps, gates * units], -1, 1, seed);
const mask = booleans([batch, steps]);

const lstmInputs = [
  wide(4, 1),
  uniform([units, 4 * units], -1, 1, 2),
  uniform([batch, units], -1, 1, 3),
  uniform([batch, units], -1, 1, 4),
];

const lstmGradientInputs = [
  uniform([units, 4 * units], -1, 1, 2),
  uniform(states, -1, 1, 3),
  uniform([batch, steps, 4 * units], 0.1, 0.9, 4),
  uniform(states, -1, 1, 5),
  uniform(states, -1, 1, 6),
  mask,
];

const lstms: readonly Sample[] = [
  ...[false, true].map(
    (masked): Sample => ({
      label: `lstmSequence${masked ? " with a mask" : ""}`,
      primitive: lstmPrimitive,
      inputs: masked ? [...lstmInputs, mask] : lstmInputs,
      build: ([z, wh, h0, c0, kept]) => {
        const { H, C } = lstmSequence({ z, wh, h0, c0, mask: kept ?? null } as Parameters<
          typeof lstmSequence
        >[0]);
        return add(H, C);
      },
      rebuilds,
    }),
  ),
  ...[0, 1].map(
    (index): Sample => ({
      label: `lstmSequenceGradient, result ${index}`,
      primitive: lstmGradientPrimitive,
      inputs: lstmGradientInputs,
      build: (inputs: readonly Node[]) =>
        part(record(lstmGradientPrimitive, inputs, { masked: true }), index),
      rebuilds,
    }),
  ),
];

export const recurrent: readonly Sample[] = [...lstms];
