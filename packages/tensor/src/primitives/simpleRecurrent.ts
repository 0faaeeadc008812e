/** @file A simple recurrent layer with tanh over a whole sequence, and its gradient: one kernel each for small widths, else step by step. */
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { add } from "./arithmetic.ts";
import { type BundleContext, bundle, part } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import {
  afterSteps,
  checkOperands,
  type Extents,
  initialState,
  maskInput,
  maskOf,
  overSteps,
  sequenceCall,
  slopesOf,
  swapped,
  vjpThrough,
  weightGradient,
} from "./recurrent.ts";
import { simpleStep, simpleStepBack } from "./simpleRecurrentStep.ts";
import { fill } from "./source.ts";

function extentsOf(sequence: Node): Extents {
  const [batch, steps, units] = sequence.shape as unknown as [number, number, number];
  return { batch, steps, units };
}

function forward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const [z, wh, h0] = inputs as unknown as [Node, Node, Node];
  const { history } = overSteps(
    { carries: [h0], sequences: [swapped(z), maskOf(inputs, attrs)], constants: [wh], reverse: false },
    ([h], [z, mask], [wh]) => ({
      next: [simpleStep(z as Node, h as Node, wh as Node, mask)],
      stacked: [],
    }),
  );
  return [history(0)];
}

function backward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const [wh, H, dH] = inputs as unknown as [Node, Node, Node];
  const [batch, , units] = H.shape as unknown as [number, number, number];
  const none = (): Node => fill(0, [batch, units], "float32");
  const { final, history } = overSteps(
    {
      carries: [none(), none()],
      sequences: [afterSteps(H), afterSteps(dH), maskOf(inputs, attrs)],
      constants: [wh],
      reverse: true,
    },
    ([next, held], [after, dH, mask], [wh]) => {
      const slopes = simpleStepBack([wh, next, held, after, dH] as readonly Node[], mask);
      return { next: [slopes.dZ, slopes.held], stacked: [] };
    },
  );
  const dh = add(matmul(final(0), wh, { transposeB: true }), final(1));
  return [slopesOf(history(0)), add(dh, initialState(dH))];
}

function forwardVjp(
  [ofH]: readonly (Node | null)[],
  { inputs, attrs, wants, result }: BundleContext,
): readonly (Node | null)[] {
  const H = result(0);
  const gradient = record(simpleGradientPrimitive, [at(inputs, 1), H, ofH as Node, at(inputs, 3)], attrs);
  const rules = [
    () => part(gradient, 0),
    () => weightGradient(H, part(gradient, 0)),
    () => part(gradient, 1),
  ];
  return inputs.map((_, i) => (wants[i] ? (rules[i]?.() ?? null) : null));
}

export const simplePrimitive: Primitive = /*#__PURE__*/ bundle("simpleSequence", {
  results: (inputs) => {
    const [z, wh, h0, mask] = inputs as unknown as [Node, Node, Node, Node];
    const { batch, steps, units } = extentsOf(z);
    checkOperands("simpleSequence", [
      ["wh", wh, [units, units]],
      ["h0", h0, [batch, units]],
      ["mask", mask, [batch, steps], "bool"],
    ]);
    return [{ shape: [batch, steps + 1, units], dtype: "float32" }];
  },
  decompose: forward,
  vjp: forwardVjp,
  template: ([z], _, target) =>
    sequenceCall(target.templates.simpleForwardTemplate, "forward", 1, extentsOf(z as Node), target),
});

/** Inputs wh, H, dH, mask; results dZ [batch, steps, units] and the cotangent of h0. */
export const simpleGradientPrimitive: Primitive = /*#__PURE__*/ bundle("simpleSequenceGradient", {
  results: (inputs) => {
    const [batch, slots, units] = at(inputs, 1).shape as unknown as [number, number, number];
    return [
      { shape: [batch, slots - 1, units], dtype: "float32" },
      { shape: [batch, units], dtype: "float32" },
    ];
  },
  decompose: backward,
  vjp: /*#__PURE__*/ vjpThrough(backward),
  template: ([, H], _, target) => {
    const { batch, steps, units } = extentsOf(H as Node);
    return sequenceCall(
      target.templates.simpleBackwardTemplate,
      "backward",
      1,
      { batch, steps: steps - 1, units },
      target,
    );
  },
});

/** `z` [batch, steps, units] is x Wx + b; `wh` [units, units]; `h0` [batch, units]; where `mask` [batch, steps] is false, states stay. */
export interface SimpleInputs {
  readonly z: Node;
  readonly wh: Node;
  readonly h0: Node;
  readonly mask?: Node | null;
}

/** The states h = tanh(z + h wh) [batch, steps + 1, units], the initial one first. */
export function simpleSequence({ z, wh, h0, mask }: SimpleInputs): Node {
  const operands = [z, wh, h0, maskInput(mask, extentsOf(z))];
  return part(record(simplePrimitive, operands, { masked: Boolean(mask) }), 0);
}
