/** @file Group: graph values computed by one kernel, and the loop domain they share. */
import type { TemplateCall } from "../graph/node.ts";
import { Node } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { partPrimitive } from "../primitives/bundle.ts";
import { type Run, reshapeRuns } from "../primitives/reshapeIndex.ts";

/**
 * `shape` is the full loop domain; axes marked `reduced` are inner. A member is `full` (one value per element) or `row` (one per kept
 * index, such as a reduction's result). A gemm group holds one contraction and the values computed from it in its epilogue;
 * `columnSum` is a sum over the rows of the contraction's B operand, from the same loads. A template group is one call of a
 * hand-written kernel; all its results are stored.
 */
export interface Group {
  readonly id: number;
  readonly kind: "loop" | "gemm" | "template";
  shape: readonly number[];
  reduced: readonly boolean[];
  readonly members: Set<Node>;
  readonly contraction: Node | null;
  columnSum: Node | null;
  readonly call: {
    /** null: control flow, whose kernels are those of its sub-graphs. */
    readonly template: TemplateCall | null;
    readonly node: Node;
    readonly results: readonly Node[];
  } | null;
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

/** How a value of this shape sits in the group's domain, or null where it does not. Split and merged axes are the same elements. */
export function levelOf(group: Domain, shape: readonly number[]): "full" | "row" | null {
  const extents = nonOnes(shape);
  if (sameElements(extents, nonOnes(group.shape))) return "full";
  return sameElements(extents, nonOnes(keptShape(group))) ? "row" : null;
}

function sameElements(a: readonly number[], b: readonly number[]): boolean {
  return sameExtents(a, b) || splitOrMerged(a, b) !== null;
}

/** The runs of a reshape that only splits and merges axes, or null. */
function splitOrMerged(a: readonly number[], b: readonly number[]): readonly Run[] | null {
  const size = a.reduce((x, y) => x * y, 1);
  if (size === 0 || size !== b.reduce((x, y) => x * y, 1)) return null;
  const runs = reshapeRuns(a, b);
  return runs.every(({ from, to }) => from[1] - from[0] === 1 || to[1] - to[0] === 1) ? runs : null;
}

/** The domain with its axes split as finely as those of `shape`, a full value's; null where that is not its shape. */
export function refined(domain: Domain, shape: readonly number[]): Domain | null {
  const axes = domain.shape.flatMap((extent, axis) =>
    extent === 1 ? [] : [{ extent, reduced: domain.reduced[axis] as boolean }],
  );
  const own = axes.map(({ extent }) => extent);
  const extents = nonOnes(shape);
  if (sameExtents(own, extents)) return domain;
  const parts = splitOrMerged(own, extents)?.flatMap(({ from, to }) => {
    const [one, ...more] = axes.slice(...from);
    if (!one || more.length > 0) return axes.slice(...from);
    return extents.slice(...to).map((extent) => ({ extent, reduced: one.reduced }));
  });
  if (!parts) return null;
  return { shape: shapeOf(parts.map(({ extent }) => extent)), reduced: parts.map(({ reduced }) => reduced) };
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
    call: null,
  };
}

/** Control flow: only results that are used have memory. */
export function flowGroup(node: Node, results: readonly Node[]): Group {
  const members = new Set([node, ...results]);
  return { ...loopGroup(node.shape), kind: "template", members, call: { template: null, node, results } };
}

/** `consumers`: readers of the node, among them the parts of a bundle that are used; the others are made here. */
export function templateGroup(node: Node, template: TemplateCall, consumers: readonly Node[]): Group {
  const types = node.primitive.bundle?.results(node.inputs, node.attrs);
  const results = types?.map(
    ({ shape, dtype }, index) =>
      consumers.find((part) => part.attrs.index === index) ??
      new Node(partPrimitive, [node], { index }, shapeOf(shape), dtype),
  ) ?? [node];
  const members = new Set([node, ...results]);
  return { ...loopGroup(node.shape), kind: "template", members, call: { template, node, results } };
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
  if (into.kind === "gemm") return hasInner(from) ? null : into;
  if (hasInner(from) && hasInner(into)) return sharedDomain(from, into);
  const [rows, other] = hasInner(from) ? [from, into] : [into, from];
  return refined(rows, other.shape) ?? rows;
}

/** The domain of both where their elements and inner axes are the same. */
export function sharedDomain(a: Domain, b: Domain): Domain | null {
  const [fine, same] = [refined(a, b.shape), refined(b, a.shape)];
  if (!fine || !same) return null;
  return text(fine) === text(same) ? fine : null;
}

const text = ({ shape, reduced }: Domain): string =>
  shape.flatMap((extent, axis) => (extent === 1 ? [] : [`${extent}${reduced[axis] ? "r" : ""}`])).join();

/** The domain as text: `loop[128 over 10]`. */
export function describeGroup(group: Group): string {
  if (group.call?.template === null) return group.call.node.primitive.name;
  if (group.call) return `${group.call.template.template.name}[${group.call.node.inputs[0]?.shape.join()}]`;
  if (group.kind === "gemm") return `gemm[${group.shape.join()}]`;
  const inner = group.shape.filter((_, axis) => group.reduced[axis]);
  return `loop[${keptShape(group).join()}${inner.length > 0 ? ` over ${inner.join()}` : ""}]`;
}
