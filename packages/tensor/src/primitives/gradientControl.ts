/** @file Identities that change what a gradient sees: stopGradient and customGradient. Both decompose to their first input. */
import { internal, ValueError } from "../graph/errors.ts";
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

/** The rule of each node: code, so no attribute; with it in the record, every call would be a structure of its own. */
const rules = /*#__PURE__*/ new WeakMap<Node, CustomRule>();

/** Inputs: the value, then what the rule gives cotangents of. */
export const customGradientPrimitive: Primitive = /*#__PURE__*/ composite("customGradient", {
  ...identity,
  vjp: ({ cotangent, inputs, output, wants }) => {
    const rule = rules.get(output);
    if (!rule) throw internal("customGradient node without its rule");
    const found = rule(cotangent);
    checkCotangents(inputs.slice(1), found);
    return [null, ...found.map((node, i) => (wants[i + 1] ? node : null))];
  },
});

/** `output`, a function of `inputs`, with the user's gradient instead of the one of its graph. In kernels it is the identity. */
export function customGradient(inputs: readonly Node[], output: Node, rule: CustomRule): Node {
  const node = record(customGradientPrimitive, [output, ...inputs]);
  rules.set(node, rule);
  return node;
}
