/** @file An LSTM over a whole sequence, and its gradient: one kernel each for small widths, else step by step. */
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { add } from "./arithmetic.ts";
import { type BundleContext, bundle, part } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import { lstmStep, lstmStepBack } from "./lstmStep.ts";
import { concat, reshape, sliceAxis } from "./movement.ts";
import {
  afterSteps,
  checkOperands,
  type Extents,
  gates,
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
import { fill } from "./source.ts";

/** Of z, or of G, which has the cell before each step besides the gates. */
function extentsOf(sequence: Node, chunks: 4 | 5): Extents {
  const [batch, steps, width] = sequence.shape as unknown as [number, number, number];
  return { batch, steps, units: width / chunks };
}

function forward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const [z, wh, h0, c0] = inputs as unknown as [Node, Node, Node, Node];
  const { final, history, stacked } = overSteps(
    { carries: [h0, c0], sequences: [swapped(z), maskOf(inputs, attrs)], constants: [wh], reverse: false },
    ([h, c], [z, mask], [wh]) => {
      const next = lstmStep(z as Node, [h as Node, c as Node], wh as Node, mask);
      return { next: [next.h, next.c], stacked: [next.G] };
    },
  );
  return [history(0), final(1), stacked(0)];
}

function backward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const [wh, G, dH, dCell] = inputs as unknown as [Node, Node, Node, Node];
  const { batch, units } = extentsOf(G, 5);
  const none = (chunks: number): Node => fill(0, [batch, chunks * units], "float32");
  const { final, history } = overSteps(
    {
      carries: [none(4), concat([none(1), dCell], 1)],
      sequences: [swapped(G), afterSteps(dH), maskOf(inputs, attrs)],
      constants: [wh],
      reverse: true,
    },
    ([next, held], [G, dH, mask], [wh]) => {
      const slopes = lstmStepBack([wh, next, held, G, dH] as readonly Node[], mask);
      return { next: [slopes.dZ, slopes.held], stacked: [] };
    },
  );
  const held = final(1);
  const dh = add(matmul(final(0), wh, { transposeB: true }), gates(held, units, 0));
  const initial = concat([add(dh, initialState(dH)), gates(held, units, 1)], 1);
  return [slopesOf(history(0)), reshape(initial, [batch, 2, units])];
}

const like = ({ shape }: Node): Node => fill(0, shape, "float32");

/** dZ, and with it everything: dWh is one product over all steps. Cotangents of the gates (second derivatives) go step by step. */
function forwardVjp(cotangents: readonly (Node | null)[], context: BundleContext): readonly (Node | null)[] {
  const [ofH, ofCell, ofG] = cotangents as [Node | null, Node | null, Node | null];
  if (ofG) return vjpThrough(forward)(cotangents, context);
  const { inputs, attrs, wants, result } = context;
  const asked = [ofH ?? like(result(0)), ofCell ?? like(result(1))];
  const operands = [at(inputs, 1), result(2), ...asked, at(inputs, 4)];
  const gradient = record(lstmGradientPrimitive, operands, attrs);
  const initial = (slot: number): Node => {
    const dS = part(gradient, 1);
    return reshape(sliceAxis(dS, 1, slot, slot + 1), [at(dS.shape, 0), at(dS.shape, 2)]);
  };
  const rules = [
    () => part(gradient, 0),
    () => weightGradient(result(0), part(gradient, 0)),
    () => initial(0),
    () => initial(1),
  ];
  return inputs.map((_, i) => (wants[i] ? (rules[i]?.() ?? null) : null));
}

export const lstmPrimitive: Primitive = /*#__PURE__*/ bundle("lstmSequence", {
  results: (inputs) => {
    const [z, wh, h0, c0, mask] = inputs as unknown as [Node, Node, Node, Node, Node];
    const { batch, steps, units } = extentsOf(z, 4);
    checkOperands("lstmSequence", [
      ["wh", wh, [units, 4 * units]],
      ["h0", h0, [batch, units]],
      ["c0", c0, [batch, units]],
      ["mask", mask, [batch, steps], "bool"],
    ]);
    return [
      { shape: [batch, steps + 1, units], dtype: "float32" },
      { shape: [batch, units], dtype: "float32" },
      { shape: [batch, steps, 5 * units], dtype: "float32" },
    ];
  },
  decompose: forward,
  vjp: forwardVjp,
  template: ([z], _, target) =>
    sequenceCall(target.templates.lstmForwardTemplate, "forward", 4, extentsOf(z as Node, 4), target),
});

/** Inputs wh, G, dH, dCell, mask; results dZ [batch, steps, 4 * units], and [batch, 2, units] of h0 and c0. */
export const lstmGradientPrimitive: Primitive = /*#__PURE__*/ bundle("lstmSequenceGradient", {
  results: (inputs) => {
    const { batch, steps, units } = extentsOf(at(inputs, 1), 5);
    return [
      { shape: [batch, steps, 4 * units], dtype: "float32" },
      { shape: [batch, 2, units], dtype: "float32" },
    ];
  },
  decompose: backward,
  vjp: /*#__PURE__*/ vjpThrough(backward),
  template: ([, G], _, target) =>
    sequenceCall(target.templates.lstmBackwardTemplate, "backward", 4, extentsOf(G as Node, 5), target),
});

/**
 * `z` [batch, steps, 4 * units] is x Wx + b with gates i, f, c, o; `wh` [units, 4 * units]; `h0`, `c0` [batch, units]; where `mask`
 * [batch, steps] is false, states stay. Gives the states `H` [batch, steps + 1, units], the initial one first, and the last `cell` [batch, units].
 */
export interface LstmInputs {
  readonly z: Node;
  readonly wh: Node;
  readonly h0: Node;
  readonly c0: Node;
  readonly mask?: Node | null;
}

export function lstmSequence({ z, wh, h0, c0, mask }: LstmInputs): { H: Node; cell: Node } {
  const operands = [z, wh, h0, c0, maskInput(mask, extentsOf(z, 4))];
  const sequence = record(lstmPrimitive, operands, { masked: Boolean(mask) });
  return { H: part(sequence, 0), cell: part(sequence, 1) };
}
