/** @file Index arithmetic of a reshape: axes that keep their elements keep their index; only runs that change are recomputed. */
import type { Emitter, IndexTerm } from "../graph/node.ts";
import { at } from "./factory.ts";

/** Axes [from0, from1) of the input that hold the same elements as axes [to0, to1) of the result. */
export interface Run {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

/** The shortest runs of axes with equal products, left to right. Axes of extent 1 may stand alone on either side. */
export function reshapeRuns(from: readonly number[], to: readonly number[]): Run[] {
  const runs: Run[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    const [start, first] = [i, j];
    let products = [1, 1] as [number, number];
    do {
      const [a, b] = products;
      if (a <= b && i < from.length) products = [a * at(from, i++), b];
      else if (j < to.length) products = [a, b * at(to, j++)];
      else products = [a * at(from, i++), b];
    } while (products[0] !== products[1]);
    runs.push({ from: [start, i], to: [first, j] });
  }
  return runs;
}

/** Position within a run of axes of the result. */
function ravel(emit: Emitter, shape: readonly number[], index: readonly IndexTerm[]): IndexTerm {
  let linear: IndexTerm | null = null;
  for (const [axis, extent] of shape.entries()) {
    if (extent === 1) continue;
    const term = at(index, axis);
    linear = linear ? emit.add(emit.scale(linear, extent), term) : term;
  }
  return linear ?? emit.constantIndex(0);
}

/** Position along each axis of `shape` from the position in their run. */
function unravel(emit: Emitter, shape: readonly number[], linear: IndexTerm): IndexTerm[] {
  const terms = shape.map(() => emit.constantIndex(0));
  const wide = shape.flatMap((extent, axis) => (extent === 1 ? [] : [axis]));
  let rest = linear;
  for (const axis of wide.slice(1).reverse()) {
    terms[axis] = emit.mod(rest, at(shape, axis));
    rest = emit.div(rest, at(shape, axis));
  }
  if (wide.length > 0) terms[at(wide, 0)] = rest;
  return terms;
}

/** Index into an input of shape `from` for the element `index` of the reshaped result. */
export function reshapeIndex(
  emit: Emitter,
  from: readonly number[],
  to: readonly number[],
  index: readonly IndexTerm[],
): IndexTerm[] {
  if (from.includes(0)) return from.map(() => emit.constantIndex(0));
  return reshapeRuns(from, to).flatMap((run) => {
    const [inner, outer] = [from.slice(...run.from), to.slice(...run.to)];
    const terms = index.slice(...run.to);
    if (inner.length === 1 && outer.length === 1) return terms;
    return unravel(emit, inner, ravel(emit, outer, terms));
  });
}
