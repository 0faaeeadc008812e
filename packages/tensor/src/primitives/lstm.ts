/** @file An LSTM over a whole sequence, and its gradient: one kernel each for small widths, else step by step. */
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { add } from "./arithmetic.ts";
import { type BundleContext, bundle, part } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import { lstmSlopes, lstmStep } from "./lstmStep.ts";
import { concat, reshape, sliceAxis } from "./movement.ts";
import {
  beforeAndAfter,
  checkOperands,
  choose,
  type Extents,
  initialState,
  maskInput,
  maskOf,
  overSteps,
  sequenceCall,
  swapped,
  vjpThrough,
  weightGradient,
  zero,
} from "./recurrent.ts";
import { fill } from "./source.ts";

function extentsOf(sequence: Node): Extents {
  const [batch, steps, width] = sequence.shape as unknown as [number, number, number];
  return { batch, steps, units: width / 4 };
}

function forward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const [z, wh, h0, c0] = inputs as unknown as [Node, Node, Node, Node];
  const { history, stacked } = overSteps(
    { carries: [h0, c0], sequences: [swapped(z), maskOf(inputs, attrs)], constants: [wh], reverse: false },
    ([h, c], [z, mask], [wh]) => {
      const next = lstmStep(z as Node, [h as Node, c as Node], wh as Node, mask);
      return { next: [next.h, next.c], stacked: [next.G] };
    },
  );
  return [history(0), history(1), stacked(0)];
}

function backward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const [wh, C, G, dH, dC] = inputs as unknown as [Node, Node, Node, Node, Node];
  const { batch, units } = extentsOf(G);
  const [before, after] = beforeAndAfter(C);
  const none = fill(0, [batch, units], "float32");
  const { final, stacked } = overSteps(
    {
      carries: [none, none],
      sequences: [
        swapped(G),
        after,
        before,
        beforeAndAfter(dH)[1],
        beforeAndAfter(dC)[1],
        maskOf(inputs, attrs),
      ],
      constants: [wh],
      reverse: true,
    },
    ([ofH, ofC], [G, c, before, dH, dC, mask], [wh]) => {
      const operands = [G, c, before, ofH, dH, ofC, dC] as readonly Node[];
      const slopes = lstmSlopes(operands, mask);
      const back = matmul(slopes.dZ, wh as Node, { transposeB: true });
      return {
        next: [mask ? add(back, choose(mask, zero(), add(ofH as Node, dH as Node))) : back, slopes.dc],
        stacked: [slopes.dZ],
      };
    },
  );
  const [dh, dc] = [add(final(0), initialState(dH)), add(final(1), initialState(dC))];
  return [stacked(0), reshape(concat([dh, dc], 1), [batch, 2, units])];
}

/** dZ, and with it everything: dWh is one product over all steps. Cotangents of the gates (second derivatives) go step by step. */
function forwardVjp(cotangents: readonly (Node | null)[], context: BundleContext): readonly (Node | null)[] {
  const [ofH, ofC, ofG] = cotangents as [Node | null, Node | null, Node | null];
  if (ofG) return vjpThrough(forward)(cotangents, context);
  const { inputs, attrs, wants, result } = context;
  const C = result(1);
  const none = (): Node => fill(0, C.shape, "float32");
  const operands = [at(inputs, 1), C, result(2), ofH ?? none(), ofC ?? none(), at(inputs, 4)];
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
    const { batch, steps, units } = extentsOf(z);
    checkOperands("lstmSequence", [
      ["wh", wh, [units, 4 * units]],
      ["h0", h0, [batch, units]],
      ["c0", c0, [batch, units]],
      ["mask", mask, [batch, steps], "bool"],
    ]);
    const states = { shape: [batch, steps + 1, units], dtype: "float32" } as const;
    return [states, states, { shape: z.shape, dtype: "float32" }];
  },
  decompose: forward,
  vjp: forwardVjp,
  template: ([z], _, target) =>
    sequenceCall(target.templates.lstmForwardTemplate, "forward", 4, extentsOf(z as Node), target),
});

/** Inputs wh, C, G, dH, dC, mask; results dZ [batch, steps, 4 * units], and [batch, 2, units] of h0 and c0. */
export const lstmGradientPrimitive: Primitive = /*#__PURE__*/ bundle("lstmSequenceGradient", {
  results: (inputs) => {
    const G = at(inputs, 2);
    const { batch, units } = extentsOf(G);
    return [
      { shape: G.shape, dtype: "float32" },
      { shape: [batch, 2, units], dtype: "float32" },
    ];
  },
  decompose: backward,
  vjp: /*#__PURE__*/ vjpThrough(backward),
  template: ([, , G], _, target) =>
    sequenceCall(target.templates.lstmBackwardTemplate, "backward", 4, extentsOf(G as Node), target),
});

/**
 * `z` [batch, steps, 4 * units] is x Wx + b with gates i, f, c, o; `wh` [units, 4 * units]; `h0`, `c0` [batch, units]; where `mask`
 * [batch, steps] is false, states stay. Gives the states `H` and `C` [batch, steps + 1, units], initial ones first.
 */
export interface LstmInputs {
  readonly z: Node;
  readonly wh: Node;
  readonly h0: Node;
  readonly c0: Node;
  readonly mask?: Node | null;
}

export function lstmSequence({ z, wh, h0, c0, mask }: LstmInputs): { H: Node; C: Node } {
  const operands = [z, wh, h0, c0, maskInput(mask, extentsOf(z))];
  const sequence = record(lstmPrimitive, operands, { masked: Boolean(mask) });
  return { H: part(sequence, 0), C: part(sequence, 1) };
}
