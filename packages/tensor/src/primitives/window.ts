/** @file Windows: views whose elements repeat those of the input at shifted positions. Index arithmetic only, any dtype. */
import { ShapeError } from "../graph/errors.ts";
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { stridesOf, typeText } from "../graph/shape.ts";
import { at, list } from "./factory.ts";
import { movement, pad, reshape, slice, sliceAxis, transpose } from "./movement.ts";
import { sum } from "./reduce.ts";

/** Sliding windows over `axes` (ascending), one size, stride and dilation each. */
export interface Windows {
  readonly axes: readonly number[];
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** With the axis that the offsets are put in front of. */
interface PlacedWindows extends Windows {
  readonly after: number;
}

const windowsOf = (attrs: Attrs): PlacedWindows => ({
  axes: list(attrs.axes),
  sizes: list(attrs.sizes),
  strides: list(attrs.strides),
  dilations: list(attrs.dilations),
  after: attrs.after as number,
});

const afterLast = (axes: readonly number[]): number => at(axes, axes.length - 1) + 1;

/** Elements from the first to the last of a window. */
export const windowSpan = (size: number, dilation: number): number => (size - 1) * dilation + 1;

/** Number of windows that fit into `extent` elements. */
export const windowCount = (extent: number, size: number, stride: number, dilation: number): number =>
  Math.floor((extent - windowSpan(size, dilation)) / stride) + 1;

/** `values` with the element of each of `axes` replaced. */
function withAxes(values: readonly number[], axes: readonly number[], of: (i: number) => number): number[] {
  return values.map((value, axis) => (axes.includes(axis) ? of(axes.indexOf(axis)) : value));
}

/** Positions where the windowed axes were, offsets inserted after the last of them. */
function windowShape(x: Node, { axes, sizes, strides, dilations, after }: PlacedWindows): readonly number[] {
  const counts = axes.map((axis, i) =>
    windowCount(at(x.shape, axis), at(sizes, i), at(strides, i), at(dilations, i)),
  );
  if (counts.some((count) => count < 1))
    throw new ShapeError("window", "a window is larger than the tensor.", {
      received: `${typeText(x.dtype, x.shape)}, axes [${axes.join()}], sizes [${sizes.join()}], dilations [${dilations.join()}].`,
      expected: "(size - 1) * dilation + 1 <= extent for each axis.",
      fix: "pad the tensor, or use smaller windows.",
    });
  const positions = withAxes(x.shape, axes, (i) => at(counts, i));
  return [...positions.slice(0, after), ...sizes, ...positions.slice(after)];
}

export const windowPrimitive: Primitive = /*#__PURE__*/ movement("window", {
  shape: (x, attrs) => windowShape(x, windowsOf(attrs)),
  vjp: (g, [x], _, attrs) => unwindow(g, x.shape, windowsOf(attrs)),
  index: (emit, node, index) => {
    const { axes, strides, dilations, after } = windowsOf(node.attrs);
    return at(node.inputs, 0).shape.map((_, axis) => {
      const i = axes.indexOf(axis);
      if (i < 0) return at(index, axis < after ? axis : axis + axes.length);
      const offset = emit.scale(at(index, after + i), at(dilations, i));
      return emit.add(emit.scale(at(index, axis), at(strides, i)), offset);
    });
  },
  reference: (input, attrs) => {
    const { axes, strides, dilations, after } = windowsOf(attrs);
    const own = stridesOf(input);
    const positions = withAxes(own, axes, (i) => at(own, at(axes, i)) * at(strides, i));
    const offsets = axes.map((axis, i) => at(own, axis) * at(dilations, i));
    return [0, [...positions.slice(0, after), ...offsets, ...positions.slice(after)]];
  },
});

/**
 * All windows of x: result[.., o, .., k, ..] = x[.., o * stride + k * dilation, ..]. Positions o stand where the windowed axes were,
 * offsets k follow the last of them in the order of `axes`, so that inner axes (channels) stay innermost.
 */
export function window(x: Node, windows: Windows): Node {
  const { axes, sizes, strides, dilations } = windows;
  const after = afterLast(axes);
  const shape = windowShape(x, { ...windows, after });
  const moving = axes.flatMap((_, i) => (at(sizes, i) === 1 && at(strides, i) === 1 ? [] : [i]));
  const pick = (values: readonly number[]) => moving.map((i) => at(values, i));
  if (moving.length === 0) return reshape(x, shape);
  const kept = { axes: pick(axes), sizes: pick(sizes), strides: pick(strides), dilations: pick(dilations) };
  // Offsets of extent 1 that vanished are put back as axes.
  return reshape(record(windowPrimitive, [x], { ...kept, after }), shape);
}

/** Splits `axis` into [extent / by, by] and moves the inner part to `to`. */
function splitAxis(x: Node, axis: number, by: number, to: number): Node {
  const split = [...x.shape.slice(0, axis), at(x.shape, axis) / by, by, ...x.shape.slice(axis + 1)];
  const order = split.map((_, i) => i).filter((i) => i !== axis + 1);
  order.splice(to, 0, axis + 1);
  return transpose(reshape(x, split), order);
}

/**
 * The reverse of `window`: each element's sum over the windows that cover it. With a stride s, offset k = k' s + p of window o falls on
 * element (o + k') s + p: the offsets split into s phases, which become positions, and only k' is summed.
 */
function unwindow(
  g: Node,
  shape: readonly number[],
  { axes, sizes, strides, dilations, after: first }: PlacedWindows,
): Node {
  let result = g;
  for (const [i, axis] of axes.entries()) {
    const extent = at(shape, axis);
    const [stride, dilation] = [at(strides, i), at(dilations, i)];
    if (stride === 1) {
      result = gather(result, axis, first + i, dilation, extent);
      continue;
    }
    const span = windowSpan(at(sizes, i), dilation);
    const whole = padAxis(result, first + i, Math.ceil(span / stride) * stride - span, dilation - 1);
    const phased = splitAxis(whole, first + i, stride, axis + 1);
    const count = Math.ceil(extent / stride);
    const summed = gather(phased, axis, first + i + 1, 1, count);
    const merged = [...summed.shape.slice(0, axis), count * stride, ...summed.shape.slice(axis + 2)];
    result = sliceAxis(reshape(summed, merged), axis, 0, extent);
  }
  return sum(
    result,
    axes.map((_, i) => first + i),
  );
}

/** `high` zeros after one axis and `interior` between its elements. */
function padAxis(x: Node, axis: number, high: number, interior: number): Node {
  const only = (width: number) => x.shape.map((_, i) => (i === axis ? width : 0));
  return pad(x, only(0), only(high), only(interior));
}

/** result[.., i, .., k, ..] = x[.., i - step * k, .., k, ..], zero where there is no such element; `extent` elements along `axis`. */
function gather(x: Node, axis: number, by: number, step: number, extent: number): Node {
  return skewPadded(x, { axis, by, factor: -step, offset: 0, size: extent });
}

/** A diagonal shift: element i along `axis` reads position i + factor * k + offset, k being the position along `by`. */
export interface Skew {
  readonly axis: number;
  readonly by: number;
  readonly factor: number;
  readonly offset: number;
  /** Extent of `axis` in the result. */
  readonly size: number;
}

const skewOf = (attrs: Attrs): Skew => attrs as unknown as Skew;

/** First and last position that the result reads. */
function skewRange(x: Node, { by, factor, offset, size }: Skew): readonly [number, number] {
  const ends = [0, factor * (at(x.shape, by) - 1)];
  return [Math.min(...ends) + offset, Math.max(...ends) + offset + size - 1];
}

export const skewPrimitive: Primitive = /*#__PURE__*/ movement("skew", {
  shape: (x, attrs) => {
    const skewed = skewOf(attrs);
    const [first, last] = skewRange(x, skewed);
    if (first >= 0 && last < at(x.shape, skewed.axis))
      return x.shape.map((extent, axis) => (axis === skewed.axis ? skewed.size : extent));
    throw new ShapeError("skew", "the range leaves the tensor.", {
      received: `${typeText(x.dtype, x.shape)}, positions ${first} to ${last} of axis ${skewed.axis}.`,
      expected: "positions within the axis.",
      fix: "pad the tensor first.",
    });
  },
  // Element j of x was read as i = j - factor * k - offset.
  vjp: (g, [x], _, attrs) => {
    const { axis, by, factor, offset } = skewOf(attrs);
    return skewPadded(g, { axis, by, factor: -factor, offset: -offset, size: at(x.shape, axis) });
  },
  index: (emit, node, index) => {
    const { axis, by, factor, offset } = skewOf(node.attrs);
    return index.map((term, i) =>
      i === axis ? emit.add(emit.add(term, emit.scale(at(index, by), factor)), offset) : term,
    );
  },
  reference: (input, attrs) => {
    const { axis, by, factor, offset } = skewOf(attrs);
    const own = stridesOf(input);
    const strides = own.map((stride, i) => (i === by ? stride + factor * at(own, axis) : stride));
    return [offset * at(own, axis), strides];
  },
});

/** result[.., i, .., k, ..] = x[.., i + factor * k + offset, .., k, ..], within x. */
export function skew(x: Node, skewed: Skew): Node {
  const { axis, by, factor, offset, size } = skewed;
  if (factor === 0 || at(x.shape, by) === 1) return sliceAxis(x, axis, offset, offset + size);
  return record(skewPrimitive, [x], { axis, by, factor, offset, size });
}

/** The same with zeros outside x. */
function skewPadded(x: Node, skewed: Skew): Node {
  const [first, last] = skewRange(x, skewed);
  const only = (width: number) => x.shape.map((_, i) => (i === skewed.axis ? Math.max(0, width) : 0));
  const padded = pad(x, only(-first), only(last - at(x.shape, skewed.axis) + 1));
  return skew(padded, { ...skewed, offset: skewed.offset + Math.max(0, -first) });
}

/** `low` and `high` elements of `value` before and after each axis; negative widths cut. */
export function padOrCut(x: Node, low: readonly number[], high: readonly number[], value = 0): Node {
  const begin = low.map((width) => Math.max(0, -width));
  const size = x.shape.map((extent, axis) => extent - at(begin, axis) - Math.max(0, -at(high, axis)));
  const positive = (widths: readonly number[]) => widths.map((width) => Math.max(0, width));
  return pad(slice(x, begin, size), positive(low), positive(high), undefined, value);
}
