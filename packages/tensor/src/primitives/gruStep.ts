/** @file One step of a GRU (reset after the recurrent product) and of its gradient, as loops over steps run them: a kernel each on a GPU. */
import { type Node, type Primitive, record } from "../graph/node.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { bundle, part } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import { where } from "./logic.ts";
import { sigmoid, tanh } from "./math.ts";
import { concat, reshape, sliceAxis } from "./movement.ts";
import { asColumn, chunksOf, gates, maskRow, rest, stepCall, typeOf, vjpThrough, zero } from "./recurrent.ts";
import { constant } from "./source.ts";

/** Row `row` of the bias [2, 3 * units]: of the input's product, of the state's. */
const biasOf = (bias: Node, row: number): Node =>
  reshape(sliceAxis(bias, 0, row, row + 1), [at(bias.shape, 1)]);

/** Inputs x, h, wh, bias, mask [batch]; results h' and G: z, r, candidate, its recurrent part and h. */
function step(inputs: readonly Node[]): readonly Node[] {
  const [x, before, wh, bias, mask] = inputs as unknown as [Node, Node, Node, Node, Node];
  const units = at(before.shape, 1);
  const given = add(x, biasOf(bias, 0));
  const recurrent = add(matmul(before, wh), biasOf(bias, 1));
  const ofState = (gate: number): Node => gates(recurrent, units, gate);
  const z = sigmoid(add(gates(given, units, 0), ofState(0)));
  const r = sigmoid(add(gates(given, units, 1), ofState(1)));
  const candidate = tanh(add(gates(given, units, 2), mul(r, ofState(2))));
  const h = add(mul(z, before), mul(sub(constant(1), z), candidate));
  return [where(asColumn(mask), h, before), concat([z, r, candidate, ofState(2), before], 1)];
}

/** Inputs wh, next, held, G, dH, mask [batch]; results dG and heldBefore. */
function stepBack(inputs: readonly Node[]): readonly Node[] {
  const [wh, next, held, G, dH, mask] = inputs as unknown as [Node, Node, Node, Node, Node, Node];
  const units = at(dH.shape, 1);
  const dh = add(add(matmul(gates(next, units, 3, 6), wh, { transposeB: true }), held), dH);
  const [z, r, candidate, recurrent, before] = [0, 1, 2, 3, 4].map((part) => gates(G, units, part)) as Kept;
  const one = constant(1);
  const slope = mul(mul(dh, sub(one, z)), sub(one, mul(candidate, candidate)));
  const dz = mul(mul(dh, sub(before, candidate)), rest(z));
  const dr = mul(mul(slope, recurrent), rest(r));
  const counts = asColumn(mask);
  const all = concat([dz, dr, slope, dz, dr, mul(slope, r)], 1);
  return [where(counts, all, zero()), where(counts, mul(dh, z), dh)];
}

/** Parts of G. */
type Kept = [z: Node, r: Node, candidate: Node, recurrent: Node, before: Node];

export const gruStepPrimitive: Primitive = /*#__PURE__*/ bundle("gruStep", {
  results: ([, h]) => [typeOf(h as Node), chunksOf(h as Node, 5)],
  decompose: step,
  vjp: /*#__PURE__*/ vjpThrough(step),
  template: ([, h], _, target) => stepCall(target.templates.gruStepTemplate, "forward", 3, h as Node, target),
});

export const gruStepBackPrimitive: Primitive = /*#__PURE__*/ bundle("gruStepBack", {
  results: ([, next, held]) => [typeOf(next as Node), typeOf(held as Node)],
  decompose: stepBack,
  vjp: /*#__PURE__*/ vjpThrough(stepBack),
  template: ([, , held], _, target) =>
    stepCall(target.templates.gruStepBackTemplate, "backward", 3, held as Node, target, 6),
});

/** The state after a step, and G [batch, 5 * units]: z, r, the candidate, its recurrent part and the state before. */
export function gruStep(x: Node, h: Node, wh: Node, bias: Node, mask: Node | null | undefined) {
  const all = record(gruStepPrimitive, [x, h, wh, bias, maskRow(mask, h)]);
  return { h: part(all, 0), G: part(all, 1) };
}

/**
 * Of `wh`, the slopes `next` [batch, 6 * units] of the step after this one, `held` [batch, units] (what it asks of the state past the recurrent
 * product), `G` and `dH` (what others ask of the state): slopes of the input's product and then of the state's, and what is held for the step
 * before.
 */
export function gruStepBack(inputs: readonly Node[], mask: Node | null | undefined) {
  const all = record(gruStepBackPrimitive, [...inputs, maskRow(mask, at(inputs, 2))]);
  return { dG: part(all, 0), held: part(all, 1) };
}
