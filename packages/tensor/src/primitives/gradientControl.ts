/** @file Identities that change what a gradient sees: stopGradient and customGradient. Both decompose to their first input. */
import { ValueError } from "../graph/errors.ts";
import { type Node, type Primitive, type RefArray, record } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { composite } from "./composite.ts";
import { at } from "./factory.ts";

const identity = {
  dtype: (inputs: readonly Node[]) => at(inputs, 0).dtype,
  decompose: (inputs: readonly Node[]) => at(inputs, 0),
  reference: ([x]: readonly RefArray[]) => (x as RefArray).data,
};

export const stopGradientPrimitive: Primitive = /*#__PURE__*/ composite("stopGradient", {
  ...identity,
  vjp: null,
});

/** x itself, constant to every gradient. */
export const stopGradient = (x: Node): Node => record(stopGradientPrimitive, [x]);

/** Cotangents of a custom gradient's inputs (null: none), built from nodes. */
export type CustomRule = (cotangent: Node) => readonly (Node | null)[];

function checkCotangents(inputs: readonly Node[], found: readonly (Node | null)[]): void {
  const fits = (input: Node, i: number): boolean =>
    !found[i] || (found[i].shape === input.shape && found[i].dtype === input.dtype);
  if (found.length === inputs.length && inputs.every(fits)) return;
  throw new ValueError("customGradient", "the gradient function's results do not match the inputs.", {
    received: found.map((node) => (node ? typeText(node.dtype, node.shape) : "null")).join(", ") || "nothing",
    expected: inputs.map((input) => typeText(input.dtype, input.shape)).join(", "),
    fix: "return one cotangent per input, of its shape and dtype, or null.",
  });
}

/**
 * `output`, a function of `inputs`, with the user's gradient instead of the one of its graph. The rule stays with this call, so each
 * has its own record; in kernels all are the identity.
 */
export function customGradient(inputs: readonly Node[], output: Node, rule: CustomRule): Node {
  const primitive = composite("customGradient", {
    ...identity,
    vjp: ({ cotangent, wants }) => {
      const found = rule(cotangent);
      checkCotangents(inputs, found);
      return [null, ...found.map((node, i) => (wants[i + 1] ? node : null))];
    },
  });
  return record(primitive, [output, ...inputs]);
}
