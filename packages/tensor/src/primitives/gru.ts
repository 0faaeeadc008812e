/** @file A GRU (reset after the recurrent product) over a whole sequence, and its gradient: one kernel each for small widths, else step by step. */
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { type BundleContext, bundle, part } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import { sigmoid, tanh } from "./math.ts";
import { concat } from "./movement.ts";
import {
  asRows,
  beforeAndAfter,
  checkOperands,
  choose,
  type Extents,
  gates,
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
import { sum } from "./reduce.ts";
import { constant, fill } from "./source.ts";

function extentsOf(sequence: Node, gateCount: number): Extents {
  const [batch, steps, width] = sequence.shape as unknown as [number, number, number];
  return { batch, steps, units: width / gateCount };
}

/** G (z, r, candidate, its recurrent part) and the state after one step. */
function cell(x: Node, recurrent: Node, before: Node, units: number): { gate: Node; h: Node } {
  const ofState = (gate: number): Node => gates(recurrent, units, gate);
  const z = sigmoid(add(gates(x, units, 0), ofState(0)));
  const r = sigmoid(add(gates(x, units, 1), ofState(1)));
  const candidate = tanh(add(gates(x, units, 2), mul(r, ofState(2))));
  const h = add(mul(z, before), mul(sub(constant(1), z), candidate));
  return { gate: concat([z, r, candidate, ofState(2)], 1), h };
}

function forward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const [x, wh, br, h0] = inputs as unknown as [Node, Node, Node, Node];
  const { units } = extentsOf(x, 3);
  const { history, stacked } = overSteps(
    { carries: [h0], sequences: [swapped(x), maskOf(inputs, attrs)], constants: [wh, br], reverse: false },
    ([h], [x, mask], [wh, br]) => {
      const before = h as Node;
      const next = cell(x as Node, add(matmul(before, wh as Node), br as Node), before, units);
      return { next: [choose(mask, next.h, before)], stacked: [next.gate] };
    },
  );
  return [history(0), stacked(0)];
}

/** Cotangents of x, of the recurrent product and of the state before (past the product), from that of the state after a step. */
function slopesOf(G: Node, before: Node, dh: Node, units: number): { dx: Node; dr: Node; back: Node } {
  const [z, r, candidate, recurrent] = [0, 1, 2, 3].map((gate) => gates(G, units, gate)) as [
    Node,
    Node,
    Node,
    Node,
  ];
  const one = constant(1);
  const rest = (y: Node): Node => mul(y, sub(one, y));
  const slope = mul(mul(dh, sub(one, z)), sub(one, mul(candidate, candidate)));
  const dz = mul(mul(dh, sub(before, candidate)), rest(z));
  const dr = mul(mul(slope, recurrent), rest(r));
  return { dx: concat([dz, dr, slope], 1), dr: mul(slope, r), back: mul(dh, z) };
}

function backward(inputs: readonly Node[], attrs: Attrs): readonly Node[] {
  const [wh, H, G, dH] = inputs as unknown as [Node, Node, Node, Node];
  const { batch, units } = extentsOf(G, 4);
  const { final, stacked } = overSteps(
    {
      carries: [fill(0, [batch, units], "float32")],
      sequences: [swapped(G), beforeAndAfter(H)[0], beforeAndAfter(dH)[1], maskOf(inputs, attrs)],
      constants: [wh],
      reverse: true,
    },
    ([ofH], [G, before, dH, mask], [wh]) => {
      const dh = add(ofH as Node, dH as Node);
      const slopes = slopesOf(G as Node, before as Node, dh, units);
      const [dx, dr] = [choose(mask, slopes.dx, zero()), choose(mask, slopes.dr, zero())];
      const back = matmul(concat([gates(dx, units, 0, 2), dr], 1), wh as Node, { transposeB: true });
      return { next: [add(back, choose(mask, slopes.back, dh))], stacked: [dx, dr] };
    },
  );
  return [stacked(0), stacked(1), add(final(0), initialState(dH))];
}

/** Cotangents by way of dX and dR. Cotangents of the gates (second derivatives) go step by step. */
function forwardVjp(cotangents: readonly (Node | null)[], context: BundleContext): readonly (Node | null)[] {
  const [ofH, ofG] = cotangents as [Node | null, Node | null];
  if (ofG) return vjpThrough(forward)(cotangents, context);
  const { inputs, attrs, wants, result } = context;
  const H = result(0);
  const operands = [at(inputs, 1), H, result(1), ofH ?? fill(0, H.shape, "float32"), at(inputs, 4)];
  const gradient = record(gruGradientPrimitive, operands, attrs);
  const { units } = extentsOf(at(inputs, 0), 3);
  // z and r take x and the recurrent product as a sum, the candidate does not.
  const both = (of: (slopes: Node) => Node): Node => {
    const parts = [gates(part(gradient, 0), units, 0, 2), part(gradient, 1)].map(of);
    return concat(parts, at(parts, 0).shape.length - 1);
  };
  const rules = [
    () => part(gradient, 0),
    () => both((slopes) => weightGradient(H, slopes)),
    () => both((slopes) => sum(asRows(slopes), [0])),
    () => part(gradient, 2),
  ];
  return inputs.map((_, i) => (wants[i] ? (rules[i]?.() ?? null) : null));
}

export const gruPrimitive: Primitive = /*#__PURE__*/ bundle("gruSequence", {
  results: (inputs) => {
    const [x, wh, br, h0, mask] = inputs as unknown as [Node, Node, Node, Node, Node];
    const { batch, steps, units } = extentsOf(x, 3);
    checkOperands("gruSequence", [
      ["wh", wh, [units, 3 * units]],
      ["br", br, [3 * units]],
      ["h0", h0, [batch, units]],
      ["mask", mask, [batch, steps], "bool"],
    ]);
    return [
      { shape: [batch, steps + 1, units], dtype: "float32" },
      { shape: [batch, steps, 4 * units], dtype: "float32" },
    ];
  },
  decompose: forward,
  vjp: forwardVjp,
  template: ([x], _, target) =>
    sequenceCall(target.templates.gruForwardTemplate, "forward", 3, extentsOf(x as Node, 3), target),
});

/** Inputs wh, H, G, dH, mask; results dX [batch, steps, 3 * units], dR [batch, steps, units] and the cotangent of h0. */
export const gruGradientPrimitive: Primitive = /*#__PURE__*/ bundle("gruSequenceGradient", {
  results: (inputs) => {
    const { batch, steps, units } = extentsOf(at(inputs, 2), 4);
    return [
      { shape: [batch, steps, 3 * units], dtype: "float32" },
      { shape: [batch, steps, units], dtype: "float32" },
      { shape: [batch, units], dtype: "float32" },
    ];
  },
  decompose: backward,
  vjp: /*#__PURE__*/ vjpThrough(backward),
  template: ([, , G], _, target) =>
    sequenceCall(target.templates.gruBackwardTemplate, "backward", 3, extentsOf(G as Node, 4), target),
});

/**
 * `x` [batch, steps, 3 * units] is the input times its weights and bias, with gates z, r, h; `wh` [units, 3 * units] and `br` [3 * units] are the
 * recurrent weights and bias; `h0` [batch, units]; where `mask` [batch, steps] is false, states stay.
 */
export interface GruInputs {
  readonly x: Node;
  readonly wh: Node;
  readonly br: Node;
  readonly h0: Node;
  readonly mask?: Node | null;
}

/** The states [batch, steps + 1, units], the initial one first. */
export function gruSequence({ x, wh, br, h0, mask }: GruInputs): Node {
  const operands = [x, wh, br, h0, maskInput(mask, extentsOf(x, 3))];
  return part(record(gruPrimitive, operands, { masked: Boolean(mask) }), 0);
}
