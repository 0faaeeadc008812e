/** @file Nest, how the axes of a kernel become JavaScript loops: outer rows, a block of lanes and sequential inner axes. */
import type { Affine } from "./affine.ts";

/**
 * The order of loops is outer, block, sequential (lanes are rows: each lane reduces by itself), or with `lanesInside` outer,
 * sequential, block (lanes are reduced elements).
 */
export interface Nest {
  readonly extents: readonly number[];
  readonly outer: readonly number[];
  readonly block: readonly number[];
  readonly sequential: readonly number[];
  readonly lanesInside: boolean;
  /** Elements of the outer, block and sequential axes. */
  readonly outerExtent: number;
  readonly blockExtent: number;
  readonly sequentialExtent: number;
  /** Current index by axis; then the linear start of the block and the linear inner index of lane 0. */
  readonly position: Int32Array;
}

/** Elements per block: small enough that the registers of a kernel stay in the first-level cache. */
export const blockSize = 256;

/** Blocks shorter than this merge with the next outer axis: a step costs about as much as 20 elements. */
const shortBlock = 32;

export function startIndex(nest: Nest): number {
  return nest.extents.length;
}

export function makeNest(
  extents: readonly number[],
  outer: readonly number[],
  block: readonly number[],
  sequential: readonly number[],
  lanesInside: boolean,
): Nest {
  return {
    extents,
    outer,
    block,
    sequential,
    lanesInside,
    outerExtent: product(outer, extents),
    blockExtent: product(block, extents),
    sequentialExtent: product(sequential, extents),
    position: new Int32Array(extents.length + 2),
  };
}

/** Chooses the loops of a generated kernel by its extents and the strides of its loads (never by measurement). */
export function chooseNest(extents: readonly number[], rows: number, loads: readonly Affine[]): Nest {
  const rowAxes = [...extents.keys()].slice(0, rows);
  const innerAxes = [...extents.keys()].slice(rows);
  if (
    innerAxes.length > 0 &&
    insideCost(extents, rowAxes, innerAxes, loads) <= outsideCost(extents, rowAxes, innerAxes, loads)
  ) {
    const [sequential, block] = splitBlock(innerAxes, extents);
    return makeNest(extents, rowAxes, block, sequential, true);
  }
  const [outer, block] = splitBlock(rowAxes, extents);
  return makeNest(extents, outer, block, innerAxes, false);
}

function product(axes: readonly number[], extents: readonly number[]): number {
  return axes.reduce((size, axis) => size * extents[axis]!, 1);
}

/** The shortest suffix of the axes that makes a block of useful length. */
function splitBlock(axes: readonly number[], extents: readonly number[]): [number[], number[]] {
  let first = axes.length;
  for (let size = 1; first > 0 && size < shortBlock; ) size *= extents[axes[--first]!]!;
  return [axes.slice(0, first), axes.slice(first)];
}

/** In units of one element of one step: 20 for starting the steps of a block, 1 more per element where a load is not contiguous. */
function insideCost(
  extents: readonly number[],
  rows: number[],
  inner: number[],
  loads: readonly Affine[],
): number {
  const [sequential, block] = splitBlock(inner, extents);
  const blocks =
    product(rows, extents) * product(sequential, extents) * Math.ceil(product(block, extents) / blockSize);
  return blocks * 20 + product([...rows, ...inner], extents) * (1 + scattered(loads, inner.at(-1)!));
}

function outsideCost(
  extents: readonly number[],
  rows: number[],
  inner: number[],
  loads: readonly Affine[],
): number {
  const [outer, block] = splitBlock(rows, extents);
  const blocks =
    product(inner, extents) * product(outer, extents) * Math.ceil(product(block, extents) / blockSize);
  return blocks * 20 + product([...rows, ...inner], extents) * (1 + scattered(loads, rows.at(-1) ?? -1));
}

/** Share of loads that are not contiguous along `axis`. */
function scattered(loads: readonly Affine[], axis: number): number {
  if (loads.length === 0) return 0;
  return loads.filter((load) => Math.abs(load.axes.get(axis) ?? 0) > 1).length / loads.length;
}
