/**
 * @file Pooling over windows, channels last: x [N, S.., C], result [N, O.., C]. Each sum has its gradient beside it, and they are each
 * other's gradient. Gradients gather, from the few windows over each element, in a fixed order: no scatter, no atomics.
 */
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { div, divideByCount, maximum, minimum, mul, sub } from "./arithmetic.ts";
import { composite } from "./composite.ts";
import { at, commonDtype, perInput, range } from "./factory.ts";
import { identityOf } from "./identity.ts";
import { cast, equal, greaterEqual, where } from "./logic.ts";
import { broadcastTo, flip, pad, reshape, slice, transpose } from "./movement.ts";
import { argmax, max, sum } from "./reduce.ts";
import { constant, iota, number } from "./source.ts";
import { padOrCut, window, windowCount } from "./window.ts";

/** Windows by spatial axis: the input's extents, sizes, strides, and the width of the border before and after the input. */
export interface Pool {
  readonly extents: readonly number[];
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

const poolOf = (attrs: Attrs): Pool => attrs as unknown as Pool;
const attrsOf = (pool: Pool): Attrs => ({ ...pool });

/** Spatial extents of the result. */
export function poolPositions({ extents, sizes, strides, low, high }: Pool): number[] {
  return extents.map((extent, i) =>
    windowCount(extent + at(low, i) + at(high, i), at(sizes, i), at(strides, i), 1),
  );
}

const offsetAxes = ({ sizes }: Pool): number[] => range(sizes.length + 1, 2 * sizes.length + 1);

/** [N, O.., K.., C], the border filled with `value`. */
function windowsOf(x: Node, { sizes, strides, low, high }: Pool, value: number): Node {
  const padded = padOrCut(x, [0, ...low, 0], [0, ...high, 0], value);
  const dilations = sizes.map(() => 1);
  return window(padded, { axes: range(1, 1 + sizes.length), sizes, strides, dilations });
}

/** How the windows over an element are found: with a stride s, element i is at offset k' s + (i + low) % s of window (i + low) / s - k'. */
interface Cover {
  readonly stride: number;
  /** Most windows over one element. */
  readonly count: number;
  /** Offsets that the phases have beyond the window's size. */
  readonly missing: number;
  /** First and last of (i + low) / s, and the phase of element 0. */
  readonly first: number;
  readonly last: number;
  readonly begin: number;
}

function coversOf({ extents, sizes, strides, low }: Pool): Cover[] {
  return extents.map((extent, i) => {
    const [size, stride, before] = [at(sizes, i), at(strides, i), at(low, i)];
    const count = Math.ceil(size / stride);
    const first = Math.floor(before / stride);
    const last = Math.floor((extent - 1 + before) / stride);
    return { stride, count, missing: count * stride - size, first, last, begin: before - first * stride };
  });
}

/** [N, J.., s.. (or 1).., K'.., C] as [N, S.., K'.., C]: position j and phase p make element j s + p - begin. */
function byElement(x: Node, covers: readonly Cover[], extents: readonly number[]): Node {
  const rank = covers.length;
  const [batch, inner] = [at(x.shape, 0), x.shape.slice(2 * rank + 1)];
  const counts = covers.map(({ first, last }) => last - first + 1);
  const pairs = covers.flatMap(({ stride }, i) => [at(counts, i), stride]);
  const mixed = transpose(x, [
    0,
    ...covers.flatMap((_, i) => [1 + i, 1 + rank + i]),
    ...range(2 * rank + 1, x.shape.length),
  ]);
  const full = broadcastTo(mixed, [batch, ...pairs, ...inner]);
  const flat = reshape(full, [batch, ...covers.map(({ stride }, i) => at(counts, i) * stride), ...inner]);
  const begin = [0, ...covers.map((cover) => cover.begin), ...inner.map(() => 0)];
  return slice(flat, begin, [batch, ...extents, ...inner]);
}

/** For each element the values of the windows over it, earliest first: [N, S.., K'.., C], `outside` where there is no window. */
function valuesOver(g: Node, pool: Pool, covers: readonly Cover[], outside: number): Node {
  const low = covers.map(({ count, first }) => count - 1 - first);
  const high = covers.map(({ last }, i) => last - at(g.shape, i + 1) + 1);
  const sizes = covers.map(({ count }) => count);
  const strides = covers.map(() => 1);
  const view = windowsOf(g, { extents: [], sizes, strides, low, high }, outside);
  const rank = covers.length;
  const { shape } = view;
  const phased = reshape(view, [...shape.slice(0, rank + 1), ...strides, ...shape.slice(rank + 1)]);
  return byElement(phased, covers, pool.extents);
}

/** Where in each of these windows the element is: row-major positions in the window, [1, S.., K'.., 1], -2 for beyond it. */
function offsetsOver({ sizes, extents }: Pool, covers: readonly Cover[]): Node {
  const none = sizes.map(() => 0);
  const all = reshape(iota([sizes.reduce((a, b) => a * b, 1)], 0, "int32"), sizes);
  const table = pad(
    all,
    none,
    covers.map(({ missing }) => missing),
    none,
    -2,
  );
  const split = reshape(
    table,
    covers.flatMap(({ count, stride }) => [count, stride]),
  );
  const counts = covers.map((_, i) => 2 * i);
  const earliestFirst = flip(
    split,
    counts.filter((axis) => at(split.shape, axis) > 1),
  );
  const phasesFirst = transpose(earliestFirst, [...counts.map((axis) => axis + 1), ...counts]);
  return byElement(reshape(phasesFirst, [1, ...none.map(() => 1), ...phasesFirst.shape, 1]), covers, extents);
}

const shapeOfInput = ([g]: readonly Node[], attrs: Attrs): readonly number[] => {
  const { shape } = g as Node;
  return [at(shape, 0), ...poolOf(attrs).extents, at(shape, shape.length - 1)];
};
const shapeOfResult = ([x]: readonly Node[], attrs: Attrs): readonly number[] => {
  const { shape } = x as Node;
  return [at(shape, 0), ...poolPositions(poolOf(attrs)), at(shape, shape.length - 1)];
};

/** Largest element of each window; at equal ones the gradient goes to the first. */
export const maxPoolPrimitive: Primitive = /*#__PURE__*/ composite("maxPool", {
  shape: shapeOfResult,
  dtype: (inputs) => commonDtype("maxPool", inputs, "number"),
  decompose: ([x], attrs) => {
    const input = x as Node;
    return max(windowsOf(input, poolOf(attrs), identityOf("max", input.dtype)), offsetAxes(poolOf(attrs)));
  },
  vjp: /*#__PURE__*/ perInput((g, [x], _, attrs) =>
    maxSpread(g, record(maxPositionPrimitive, [x], attrs), poolOf(attrs)),
  ),
});

/** Row-major position of the first largest element in each window, int32. */
export const maxPositionPrimitive: Primitive = /*#__PURE__*/ composite("maxPosition", {
  shape: shapeOfResult,
  dtype: () => "int32",
  decompose: ([x], attrs) => {
    const input = x as Node;
    return argmax(windowsOf(input, poolOf(attrs), identityOf("max", input.dtype)), offsetAxes(poolOf(attrs)));
  },
  vjp: null,
});

/** Each window's value to the element at the window's position, summed: the gradient of `maxPool`. */
export const maxSpreadPrimitive: Primitive = /*#__PURE__*/ composite("maxSpread", {
  shape: shapeOfInput,
  dtype: (inputs) => at(inputs, 0).dtype,
  decompose: ([g, positions], attrs) => {
    const pool = poolOf(attrs);
    const covers = coversOf(pool);
    const isHere = equal(valuesOver(positions as Node, pool, covers, -1), offsetsOver(pool, covers));
    const terms = where(isHere, valuesOver(g as Node, pool, covers, 0), constant(0));
    return sum(terms, offsetAxes(pool));
  },
  vjp: /*#__PURE__*/ perInput(
    (g, [, positions], _, attrs) => record(maxPickPrimitive, [g, positions], attrs),
    null,
  ),
});

/** The element at each window's position: the gradient of `maxSpread`. */
export const maxPickPrimitive: Primitive = /*#__PURE__*/ composite("maxPick", {
  shape: shapeOfResult,
  dtype: (inputs) => at(inputs, 0).dtype,
  decompose: ([x, positions], attrs) => {
    const pool = poolOf(attrs);
    const { sizes } = pool;
    const rank = sizes.length;
    const { shape } = positions as Node;
    const ones = sizes.map(() => 1);
    const wanted = reshape(positions as Node, [...shape.slice(0, -1), ...ones, at(shape, rank + 1)]);
    const linear = iota([sizes.reduce((a, b) => a * b, 1)], 0, "int32");
    const isThere = equal(wanted, reshape(linear, [...sizes, 1]));
    return sum(where(isThere, windowsOf(x as Node, pool, 0), constant(0)), offsetAxes(pool));
  },
  vjp: /*#__PURE__*/ perInput((g, [, positions], _, attrs) => maxSpread(g, positions, poolOf(attrs)), null),
});

/** Sum of each window. */
export const sumPoolPrimitive: Primitive = /*#__PURE__*/ composite("sumPool", {
  shape: shapeOfResult,
  dtype: (inputs) => commonDtype("sumPool", inputs, "float"),
  decompose: ([x], attrs) => sum(windowsOf(x as Node, poolOf(attrs), 0), offsetAxes(poolOf(attrs))),
  vjp: /*#__PURE__*/ perInput((g, _, _y, attrs) => record(sumSpreadPrimitive, [g], attrs)),
});

/** For each element the sum over the windows that cover it: the gradient of `sumPool`. */
export const sumSpreadPrimitive: Primitive = /*#__PURE__*/ composite("sumSpread", {
  shape: shapeOfInput,
  dtype: (inputs) => commonDtype("sumSpread", inputs, "float"),
  decompose: ([g], attrs) => {
    const pool = poolOf(attrs);
    const covers = coversOf(pool);
    const terms = valuesOver(g as Node, pool, covers, 0);
    // Whole phases: every window that is found covers the element.
    if (covers.every(({ missing }) => missing === 0)) return sum(terms, offsetAxes(pool));
    const covered = greaterEqual(offsetsOver(pool, covers), constant(0, "int32"));
    return sum(where(covered, terms, constant(0)), offsetAxes(pool));
  },
  vjp: /*#__PURE__*/ perInput((g, _, _y, attrs) => record(sumPoolPrimitive, [g], attrs)),
});

const maxSpread = (g: Node, positions: Node, pool: Pool): Node =>
  record(maxSpreadPrimitive, [g, positions], attrsOf(pool));

export const maxPool = (x: Node, pool: Pool): Node => record(maxPoolPrimitive, [x], attrsOf(pool));

/** Mean of each window's elements of x, the border not counted. */
export function averagePool(x: Node, pool: Pool): Node {
  const total = record(sumPoolPrimitive, [x], attrsOf(pool));
  const { sizes, low, high } = pool;
  if ([...low, ...high].every((width) => width === 0))
    return divideByCount(
      total,
      sizes.reduce((a, b) => a * b, 1),
    );
  return div(total, elementsInside(pool));
}

/** Number of elements within the input by window: [O.., 1]. */
function elementsInside(pool: Pool): Node {
  const positions = poolPositions(pool);
  const integer = (value: number) => number(value, "int32");
  const counts = positions.map((count, axis) => {
    const shape = [...positions.map((_, i) => (i === axis ? count : 1)), 1];
    const from = sub(
      mul(iota(shape, axis, "int32"), integer(at(pool.strides, axis))),
      integer(at(pool.low, axis)),
    );
    const to = sub(from, integer(-at(pool.sizes, axis)));
    return sub(minimum(to, integer(at(pool.extents, axis))), maximum(from, integer(0)));
  });
  return cast(counts.reduce(mul), "float32");
}
