/** @file Values inside repeats whose place in memory moves from iteration to iteration. */
import type { Node } from "../graph/node.ts";
import { type Affine, addAffine } from "./affine.ts";

/** Elements between the place of a stored value and the start of its memory, in terms of iterations. */
const shifts = /*#__PURE__*/ new WeakMap<Node, Affine>();

export function setShift(node: Node, by: Affine): void {
  shifts.set(node, by);
}

/** The shift of one value for another that lies in its place. */
export function takeShift(node: Node, from: Node): void {
  const shift = shifts.get(from);
  if (shift) shifts.set(node, shift);
}

/** A position in the value as one in its memory. */
export function shifted(node: Node, position: Affine): Affine {
  const shift = shifts.get(node);
  return shift ? addAffine(position, shift) : position;
}
