/** @file Group: graph values computed by one kernel, and the loop domain they share. */
import type { Node } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";

/**
 * `shape` is the full loop domain; axes marked `reduced` are inner. A member is `full` (one value per element) or `row` (one per kept
 * index, such as a reduction's result). A gemm group holds one contraction and the values computed from it in its epilogue;
 * `columnSums` are sums over the rows of the contraction's B operand, from the same loads. `flags` are values whose non-finite
 * elements raise a flag word where they are stored.
 */
export interface Group {
  readonly id: number;
  readonly kind: "loop" | "gemm";
  shape: readonly number[];
  reduced: readonly boolean[];
  readonly members: Set<Node>;
  readonly contraction: Node | null;
  columnSum: Node | null;
}

export const nonOnes = (shape: readonly number[]): number[] => shape.filter((extent) => extent !== 1);

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((extent, i) => extent === b[i]);

/** Extents of the kept axes. */
export function keptShape(group: Pick<Group, "shape" | "reduced">): number[] {
  return group.shape.filter((_, axis) => !group.reduced[axis]);
}

/** How a value of this shape sits in the group's domain, or null where it does not. */
export function levelOf(
  group: Pick<Group, "shape" | "reduced">,
  shape: readonly number[],
): "full" | "row" | null {
  const extents = nonOnes(shape);
  if (same(extents, nonOnes(group.shape))) return "full";
  return same(extents, nonOnes(keptShape(group))) ? "row" : null;
}

/** True where reducing these axes only drops extents of 1: then the result is the operand, reshaped. */
export function reducesNothing(node: Node): boolean {
  const input = node.inputs[0] as Node;
  return reducedAxes(node).every((axis) => input.shape[axis] === 1);
}

export function reducedAxes(node: Node): readonly number[] {
  return node.attrs.axes as readonly number[];
}

/** The domain of a reduction: its operand's shape with the reduced axes inner. */
export function reductionDomain(node: Node): Pick<Group, "shape" | "reduced"> {
  const shape = (node.inputs[0] as Node).shape;
  const axes = reducedAxes(node);
  return { shape, reduced: shape.map((_, axis) => axes.includes(axis)) };
}

let nextGroup = 0;

export function loopGroup(shape: readonly number[], reduced?: readonly boolean[]): Group {
  return {
    id: nextGroup++,
    kind: "loop",
    shape: shapeOf(shape),
    reduced: reduced ?? shape.map(() => false),
    members: new Set(),
    contraction: null,
    columnSum: null,
  };
}

export function gemmGroup(contraction: Node): Group {
  return { ...loopGroup(contraction.shape), kind: "gemm", members: new Set([contraction]), contraction };
}

/** Scalars and full reductions: one row. Such groups ride together in one kernel. */
export function isScalarGroup(group: Group): boolean {
  return group.kind === "loop" && nonOnes(keptShape(group)).length === 0;
}

export const hasInner = (group: Group): boolean => group.reduced.some(Boolean);
