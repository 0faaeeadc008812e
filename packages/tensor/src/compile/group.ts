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

export const sameExtents = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((extent, i) => extent === b[i]);

/** Extents of the kept axes. */
export function keptShape(group: Domain): number[] {
  return group.shape.filter((_, axis) => !group.reduced[axis]);
}

/** A loop domain: its extents and which of them are inner. */
export type Domain = Pick<Group, "shape" | "reduced">;

/** How a value of this shape sits in the group's domain, or null where it does not. */
export function levelOf(group: Domain, shape: readonly number[]): "full" | "row" | null {
  const extents = nonOnes(shape);
  if (sameExtents(extents, nonOnes(group.shape))) return "full";
  return sameExtents(extents, nonOnes(keptShape(group))) ? "row" : null;
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
export function reductionDomain(node: Node): Domain {
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

/** The domain of two groups in one: the one with inner axes where only one has any; null where both have, and differ. */
export function mergedDomain(from: Group, into: Group): Domain | null {
  if (!hasInner(from) || sameDomain(from, into)) return into;
  return into.kind === "gemm" || hasInner(into) ? null : from;
}

/** Equal extents and inner axes, apart from extents of 1. */
export function sameDomain(a: Domain, b: Domain): boolean {
  const strip = (g: Domain) =>
    g.shape
      .flatMap((extent, axis) => (extent === 1 ? [] : [`${extent}${g.reduced[axis] ? "r" : ""}`]))
      .join();
  return strip(a) === strip(b);
}

/** The domain as text: `loop[128 over 10]`. */
export function describeGroup(group: Group): string {
  if (group.kind === "gemm") return `gemm[${group.shape.join()}]`;
  const inner = group.shape.filter((_, axis) => group.reduced[axis]);
  return `loop[${keptShape(group).join()}${inner.length > 0 ? ` over ${inner.join()}` : ""}]`;
}
