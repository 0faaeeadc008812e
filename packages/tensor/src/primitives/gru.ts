/** @file A GRU (reset after the recurrent product) over a whole sequence, and its gradient: one kernel each for small widths, else step by step. */
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { add } from "./arithmetic.ts";
import { type BundleContext, bundle, part } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import { gruStep, gruStepBack } from "./gruStep.ts";
import { reshape } from "./movement.ts";
import {
  afterSteps,
  asRows,
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
import { sum } from "./reduce.ts";
import { fill } from "./source.ts";

function extentsOf(sequence: Node, gateCount: number): Extents {
  const [batch, steps, width] = sequence.shape as unknown as [number, number, number];
  return { batch, steps, units: width / gateCount };
}

function forward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const [x, wh, bias, h0] = inputs as unknown as [Node, Node, Node, Node];
  const { history, stacked } = overSteps(
    { carries: [h0], sequences: [swapped(x), maskOf(inputs, attrs)], constants: [wh, bias], reverse: false },
    ([h], [x, mask], [wh, bias]) => {
      const next = gruStep(x as Node, h as Node, wh as Node, bias as Node, mask);
      return { next: [next.h], stacked: [next.G] };
    },
  );
  return [history(0), stacked(0)];
}

function backward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const [wh, G, dH] = inputs as unknown as [Node, Node, Node];
  const { batch, units } = extentsOf(G, 5);
  const none = (chunks: number): Node => fill(0, [batch, chunks * units], "float32");
  const { final, history } = overSteps(
    {
      carries: [none(6), none(1)],
      sequences: [swapped(G), afterSteps(dH), maskOf(inputs, attrs)],
      constants: [wh],
      reverse: true,
    },
    ([next, held], [G, dH, mask], [wh]) => {
      const slopes = gruStepBack([wh, next, held, G, dH] as readonly Node[], mask);
      return { next: [slopes.dG, slopes.held], stacked: [] };
    },
  );
  const dh = add(matmul(gates(final(0), units, 3, 6), wh, { transposeB: true }), final(1));
  return [slopesOf(history(0)), add(dh, initialState(dH))];
}

/** Cotangents by way of dG. Cotangents of the gates (second derivatives) go step by step. */
function forwardVjp(cotangents: readonly (Node | null)[], context: BundleContext): readonly (Node | null)[] {
  const [ofH, ofG] = cotangents as [Node | null, Node | null];
  if (ofG) return vjpThrough(forward)(cotangents, context);
  const { inputs, attrs, wants, result } = context;
  const H = result(0);
  const operands = [at(inputs, 1), result(1), ofH ?? fill(0, H.shape, "float32"), at(inputs, 4)];
  const gradient = record(gruGradientPrimitive, operands, attrs);
  const { units } = extentsOf(at(inputs, 0), 3);
  const slopes = (row: number): Node => gates(part(gradient, 0), units, 3 * row, 3 * row + 3);
  const rules = [
    () => slopes(0),
    () => weightGradient(H, slopes(1)),
    // One sum over the rows of both.
    () => reshape(sum(asRows(part(gradient, 0)), [0]), [2, 3 * units]),
    () => part(gradient, 1),
  ];
  return inputs.map((_, i) => (wants[i] ? (rules[i]?.() ?? null) : null));
}

export const gruPrimitive: Primitive = /*#__PURE__*/ bundle("gruSequence", {
  results: (inputs) => {
    const [x, wh, bias, h0, mask] = inputs as unknown as [Node, Node, Node, Node, Node];
    const { batch, steps, units } = extentsOf(x, 3);
    checkOperands("gruSequence", [
      ["wh", wh, [units, 3 * units]],
      ["bias", bias, [2, 3 * units]],
      ["h0", h0, [batch, units]],
      ["mask", mask, [batch, steps], "bool"],
    ]);
    return [
      { shape: [batch, steps + 1, units], dtype: "float32" },
      { shape: [batch, steps, 5 * units], dtype: "float32" },
    ];
  },
  decompose: forward,
  vjp: forwardVjp,
  template: ([x], _, target) =>
    sequenceCall(target.templates.gruForwardTemplate, "forward", 3, extentsOf(x as Node, 3), target),
});

/**
 * Inputs wh, G, dH, mask; results dG [batch, steps, 6 * units], slopes of z, r, h with respect to the input's product and then to the
 * state's, and the cotangent of h0.
 */
export const gruGradientPrimitive: Primitive = /*#__PURE__*/ bundle("gruSequenceGradient", {
  results: (inputs) => {
    const { batch, steps, units } = extentsOf(at(inputs, 1), 5);
    return [
      { shape: [batch, steps, 6 * units], dtype: "float32" },
      { shape: [batch, units], dtype: "float32" },
    ];
  },
  decompose: backward,
  vjp: /*#__PURE__*/ vjpThrough(backward),
  template: ([, G], _, target) =>
    sequenceCall(target.templates.gruBackwardTemplate, "backward", 3, extentsOf(G as Node, 5), target),
});

/**
 * `x` [batch, steps, 3 * units] is the input times its weights, with gates z, r, h; `wh` [units, 3 * units] are the recurrent weights; `bias`
 * [2, 3 * units] is added to the input's product and to the state's; `h0` [batch, units]; where `mask` [batch, steps] is false, states stay.
 */
export interface GruInputs {
  readonly x: Node;
  readonly wh: Node;
  readonly bias: Node;
  readonly h0: Node;
  readonly mask?: Node | null;
}

/** The states [batch, steps + 1, units], the initial one first. */
export function gruSequence({ x, wh, bias, h0, mask }: GruInputs): Node {
  const operands = [x, wh, bias, h0, maskInput(mask, extentsOf(x, 3))];
  return part(record(gruPrimitive, operands, { masked: Boolean(mask) }), 0);
}
