/** @file One step of an LSTM and of its gradient, as loops over steps run them: a kernel each on a GPU. */
import { type Node, type Primitive, record } from "../graph/node.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { bundle, part } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import { where } from "./logic.ts";
import { sigmoid, tanh } from "./math.ts";
import { concat } from "./movement.ts";
import { asColumn, chunksOf, gates, maskRow, rest, stepCall, typeOf, vjpThrough, zero } from "./recurrent.ts";
import { constant } from "./source.ts";

/** Inputs z, h, c, wh, mask [batch]; results h', c' and G: the gates' values and c. */
function step(inputs: readonly Node[]): readonly Node[] {
  const [z, h, before, wh, mask] = inputs as unknown as [Node, Node, Node, Node, Node];
  const units = at(h.shape, 1);
  const all = add(z, matmul(h, wh));
  const [i, f, o] = [0, 1, 3].map((gate) => sigmoid(gates(all, units, gate))) as [Node, Node, Node];
  const g = tanh(gates(all, units, 2));
  const c = add(mul(f, before), mul(i, g));
  const counts = asColumn(mask);
  return [where(counts, mul(o, tanh(c)), h), where(counts, c, before), concat([i, f, g, o, before], 1)];
}

/** Inputs wh, next, held, G, dH, mask [batch]; results dZ and heldBefore. */
function stepBack(inputs: readonly Node[]): readonly Node[] {
  const [wh, next, held, G, dH, mask] = inputs as unknown as [Node, Node, Node, Node, Node, Node];
  const units = at(dH.shape, 1);
  const dh = add(add(matmul(next, wh, { transposeB: true }), gates(held, units, 0)), dH);
  const dc = gates(held, units, 1);
  const [i, f, g, o, before] = [0, 1, 2, 3, 4].map((part) => gates(G, units, part)) as Kept;
  const one = constant(1);
  const output = tanh(add(mul(f, before), mul(i, g)));
  const slope = add(dc, mul(mul(dh, o), sub(one, mul(output, output))));
  const all = [
    mul(mul(slope, g), rest(i)),
    mul(mul(slope, before), rest(f)),
    mul(mul(slope, i), sub(one, mul(g, g))),
    mul(mul(dh, output), rest(o)),
  ];
  const counts = asColumn(mask);
  const past = [where(counts, zero(), dh), where(counts, mul(slope, f), dc)];
  return [where(counts, concat(all, 1), zero()), concat(past, 1)];
}

/** Parts of G. */
type Kept = [i: Node, f: Node, g: Node, o: Node, before: Node];

export const lstmStepPrimitive: Primitive = /*#__PURE__*/ bundle("lstmStep", {
  results: ([, h, c]) => [typeOf(h as Node), typeOf(c as Node), chunksOf(h as Node, 5)],
  decompose: step,
  vjp: /*#__PURE__*/ vjpThrough(step),
  template: ([, h], _, target) =>
    stepCall(target.templates.lstmStepTemplate, "forward", 4, h as Node, target),
});

export const lstmStepBackPrimitive: Primitive = /*#__PURE__*/ bundle("lstmStepBack", {
  results: ([, next, held]) => [typeOf(next as Node), typeOf(held as Node)],
  decompose: stepBack,
  vjp: /*#__PURE__*/ vjpThrough(stepBack),
  template: ([, , , , dH], _, target) =>
    stepCall(target.templates.lstmStepBackTemplate, "backward", 4, dH as Node, target),
});

/** The states after a step, and G [batch, 5 * units]: the gates' values and the cell before. */
export function lstmStep(z: Node, [h, c]: readonly [Node, Node], wh: Node, mask: Node | null | undefined) {
  const all = record(lstmStepPrimitive, [z, h, c, wh, maskRow(mask, h)]);
  return { h: part(all, 0), c: part(all, 1), G: part(all, 2) };
}

/**
 * Of `wh`, the slopes `next` [batch, 4 * units] of the step after this one, `held` [batch, 2 * units] (what it asks of h past the recurrent product,
 * and of c), `G` and `dH` [batch, units] (what others ask of h): the slopes of the gates' arguments, and what is held for the step before.
 */
export function lstmStepBack(inputs: readonly Node[], mask: Node | null | undefined) {
  const all = record(lstmStepBackPrimitive, [...inputs, maskRow(mask, at(inputs, 4))]);
  return { dZ: part(all, 0), held: part(all, 1) };
}
