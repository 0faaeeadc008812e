/** @file One step of a simple recurrent layer with tanh and of its gradient, as loops over steps run them: a kernel each on a GPU. */
import { type Node, type Primitive, record } from "../graph/node.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { bundle, part } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import { where } from "./logic.ts";
import { tanh } from "./math.ts";
import { asColumn, maskRow, stepCall, typeOf, vjpThrough, zero } from "./recurrent.ts";
import { constant } from "./source.ts";

/** Inputs z, h, wh, mask [batch]; the state after the step. */
function step(inputs: readonly Node[]): readonly Node[] {
  const [z, h, wh, mask] = inputs as unknown as [Node, Node, Node, Node];
  return [where(asColumn(mask), tanh(add(z, matmul(h, wh))), h)];
}

/** Inputs wh, next, held, the state after the step, dH, mask [batch]; results dZ and heldBefore. */
function stepBack(inputs: readonly Node[]): readonly Node[] {
  const [wh, next, held, h, dH, mask] = inputs as unknown as [Node, Node, Node, Node, Node, Node];
  const dh = add(add(matmul(next, wh, { transposeB: true }), held), dH);
  const counts = asColumn(mask);
  const slope = mul(dh, sub(constant(1), mul(h, h)));
  return [where(counts, slope, zero()), where(counts, zero(), dh)];
}

export const simpleStepPrimitive: Primitive = /*#__PURE__*/ bundle("simpleStep", {
  results: ([, h]) => [typeOf(h as Node)],
  decompose: step,
  vjp: /*#__PURE__*/ vjpThrough(step),
  template: ([, h], _, target) =>
    stepCall(target.templates.simpleStepTemplate, "forward", 1, h as Node, target),
});

export const simpleStepBackPrimitive: Primitive = /*#__PURE__*/ bundle("simpleStepBack", {
  results: ([, next, held]) => [typeOf(next as Node), typeOf(held as Node)],
  decompose: stepBack,
  vjp: /*#__PURE__*/ vjpThrough(stepBack),
  template: ([, , held], _, target) =>
    stepCall(target.templates.simpleStepBackTemplate, "backward", 1, held as Node, target),
});

/** The state after a step. */
export const simpleStep = (z: Node, h: Node, wh: Node, mask: Node | null | undefined): Node =>
  part(record(simpleStepPrimitive, [z, h, wh, maskRow(mask, h)]), 0);

/**
 * Of `wh`, the slopes `next` of the step after this one, `held` (what it asks of the state past the recurrent product), the state after this
 * step and `dH` (what others ask of it), all [batch, units]: the slopes of tanh's argument, and what is held for the step before.
 */
export function simpleStepBack(inputs: readonly Node[], mask: Node | null | undefined) {
  const all = record(simpleStepBackPrimitive, [...inputs, maskRow(mask, at(inputs, 2))]);
  return { dZ: part(all, 0), held: part(all, 1) };
}
