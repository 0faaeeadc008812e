/**
 * @file Convolution and its two gradients: three composites, each the gradient of the others, so that any order stays in the family.
 * All are products with a view of windows (implicit GEMM), channels last: x [N, S.., C], w [K.., C / groups, F], result [N, O.., F].
 */
import { internal } from "../graph/errors.ts";
import { type Attrs, type Node, type Primitive, type RefArray, record } from "../graph/node.ts";
import { type Shape, shapeOf, stridesOf } from "../graph/shape.ts";
import { mul } from "./arithmetic.ts";
import { composite } from "./composite.ts";
import { matmul } from "./contraction.ts";
import { at, commonDtype, perInput, range, typesText, walkStrided } from "./factory.ts";
import { flip, pad, reshape, slice, transpose } from "./movement.ts";
import { sum } from "./reduce.ts";
import { padOrCut, window, windowCount, windowSpan } from "./window.ts";

/**
 * Geometry of a convolution by spatial axis. `extents` are the input's, `sizes` the filter's; zeros `low` and `high` stand before and
 * after the input (negative: so much is cut off).
 */
export interface Geometry {
  readonly extents: readonly number[];
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
}

const geometryOf = (attrs: Attrs): Geometry => attrs as unknown as Geometry;
const attrsOf = (geometry: Geometry): Attrs => ({ ...geometry });
const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);

/** Spatial extents of the result. */
export function convPositions({ extents, sizes, strides, low, high, dilations }: Geometry): number[] {
  return extents.map((extent, i) =>
    windowCount(extent + at(low, i) + at(high, i), at(sizes, i), at(strides, i), at(dilations, i)),
  );
}

function check(name: string, isRight: boolean, inputs: readonly Node[], geometry: Geometry): void {
  if (!isRight) throw internal(`${name} of ${typesText(inputs)}, ${JSON.stringify(geometry)}`);
}

const spatial = (x: { readonly shape: readonly number[] }): readonly number[] => x.shape.slice(1, -1);
const equal = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();

/** Windows of the padded input: [N, O.., K.., C]. */
function windowsOf(x: Node, { sizes, strides, low, high, dilations }: Geometry): Node {
  const padded = padOrCut(x, [0, ...low, 0], [0, ...high, 0]);
  return window(padded, { axes: range(1, 1 + sizes.length), sizes, strides, dilations });
}

/**
 * One input or output channel per group: a product per group would be a vector's. Sums over the windows in a loop kernel instead.
 * The filter is [K.., C / groups, F] in all three operations.
 */
const isThin = (filter: readonly number[], groups: number): boolean =>
  groups > 1 && (filter.at(-2) === 1 || filter.at(-1) === groups);

/** Views [N, O.., K.., C] times filters [K.., C / groups, F] over K and C: [N, O.., F]. */
function multiply(view: Node, w: Node, groups: number, thin: boolean): Node {
  const rank = w.shape.length - 2;
  const [channels, filters] = [at(w.shape, rank), at(w.shape, rank + 1)];
  const [positions, sizes] = [view.shape.slice(0, rank + 1), w.shape.slice(0, rank)];
  const shape = [...positions, filters];
  const depth = product(sizes) * channels;
  if (groups === 1) {
    const rows = reshape(view, [product(positions), depth]);
    return reshape(matmul(rows, reshape(w, [depth, filters])), shape);
  }
  const grouped = [groups, channels];
  const perGroup = filters / groups;
  if (thin) {
    const factors = reshape(view, [...positions, ...sizes, ...grouped, 1]);
    const terms = mul(factors, groupsFirst(w, groups));
    const inner = [...range(rank + 1, 2 * rank + 1), 2 * rank + 2];
    return reshape(sum(terms, inner), shape);
  }
  // [groups, M, K.. * C / groups] times [groups, K.. * C / groups, F / groups].
  const rows = batched(reshape(view, [product(positions), product(sizes), ...grouped]), 2);
  const filtersOfGroups = batched(reshape(w, [product(sizes), channels, groups, perGroup]), 2);
  const result = matmul(
    reshape(rows, [groups, product(positions), depth]),
    reshape(filtersOfGroups, [groups, depth, perGroup]),
  );
  return reshape(transpose(result, [1, 0, 2]), shape);
}

/** Moves axis `axis` to the front. */
function batched(x: Node, axis: number): Node {
  return transpose(x, [axis, ...range(0, x.shape.length).filter((i) => i !== axis)]);
}

/** [K.., C / groups, F] as [K.., groups, C / groups, F / groups]. */
function groupsFirst(w: Node, groups: number): Node {
  const rank = w.shape.length - 2;
  const [channels, filters] = [at(w.shape, rank), at(w.shape, rank + 1)];
  const split = reshape(w, [...w.shape.slice(0, rank), channels, groups, filters / groups]);
  return transpose(split, [...range(0, rank), rank + 1, rank, rank + 2]);
}

/** result[n, o, f] = sum of x[n, o * stride + k * dilation - low, c] w[k, c, f]. */
export const convPrimitive: Primitive = /*#__PURE__*/ composite("conv", {
  shape: (inputs, attrs) => {
    const [x, w] = [at(inputs, 0), at(inputs, 1)];
    const geometry = geometryOf(attrs);
    const { extents, sizes, groups } = geometry;
    const filters = w.shape.at(-1) as number;
    const fits = (w.shape.at(-2) as number) * groups === x.shape.at(-1) && filters % groups === 0;
    check("conv", fits && equal(spatial(x), extents) && equal(w.shape.slice(0, -2), sizes), inputs, geometry);
    return [at(x.shape, 0), ...convPositions(geometry), filters];
  },
  dtype: (inputs) => commonDtype("conv", inputs, "float"),
  decompose: (inputs, attrs) => {
    const [x, w] = [at(inputs, 0), at(inputs, 1)];
    const geometry = geometryOf(attrs);
    return multiply(windowsOf(x, geometry), w, geometry.groups, isThin(w.shape, geometry.groups));
  },
  vjp: /*#__PURE__*/ perInput(
    (g, [, w], _, attrs) => convInput(g, w, geometryOf(attrs)),
    (g, [x], _, attrs) => convFilter(x, g, geometryOf(attrs)),
  ),
  reference: ([x, w], attrs, { shape }) => {
    const [input, filter] = [x as RefArray, w as RefArray];
    const out = new Float64Array(shape.size);
    eachTerm(input.shape, filter.shape, shape, geometryOf(attrs), (i, k, o) => {
      out[o] = (out[o] as number) + (input.data[i] as number) * (filter.data[k] as number);
    });
    return out;
  },
});

/** The gradient to the input, which is the transposed convolution: result[n, i, c] = sum of g[n, o, f] w[k, c, f] over o * stride + k * dilation - low = i. */
export const convInputPrimitive: Primitive = /*#__PURE__*/ composite("convInput", {
  shape: (inputs, attrs) => {
    const [g, w] = [at(inputs, 0), at(inputs, 1)];
    const geometry = geometryOf(attrs);
    const { sizes, extents, groups } = geometry;
    const fits = g.shape.at(-1) === w.shape.at(-1) && equal(w.shape.slice(0, -2), sizes);
    check("convInput", fits && equal(spatial(g), convPositions(geometry)), inputs, geometry);
    return [at(g.shape, 0), ...extents, (w.shape.at(-2) as number) * groups];
  },
  dtype: (inputs) => commonDtype("convInput", inputs, "float"),
  decompose: (inputs, attrs) => spreadThrough(at(inputs, 0), at(inputs, 1), geometryOf(attrs)),
  vjp: /*#__PURE__*/ perInput(
    (g, [, w], _, attrs) => conv(g, w, geometryOf(attrs)),
    (g, [y], _, attrs) => convFilter(g, y, geometryOf(attrs)),
  ),
  reference: ([g, w], attrs, { shape }) => {
    const [positions, filter] = [g as RefArray, w as RefArray];
    const out = new Float64Array(shape.size);
    eachTerm(shape, filter.shape, positions.shape, geometryOf(attrs), (i, k, o) => {
      out[i] = (out[i] as number) + (positions.data[o] as number) * (filter.data[k] as number);
    });
    return out;
  },
});

/** The gradient to the filter: result[k, c, f] = sum of x[n, o * stride + k * dilation - low, c] g[n, o, f] over n and o. */
export const convFilterPrimitive: Primitive = /*#__PURE__*/ composite("convFilter", {
  shape: (inputs, attrs) => {
    const [x, g] = [at(inputs, 0), at(inputs, 1)];
    const geometry = geometryOf(attrs);
    const { sizes, extents, groups } = geometry;
    const fits = equal(spatial(x), extents) && equal(spatial(g), convPositions(geometry));
    check("convFilter", fits && x.shape[0] === g.shape[0], inputs, geometry);
    return [...sizes, (x.shape.at(-1) as number) / groups, g.shape.at(-1) as number];
  },
  dtype: (inputs) => commonDtype("convFilter", inputs, "float"),
  decompose: (inputs, attrs) => correlate(at(inputs, 0), at(inputs, 1), geometryOf(attrs)),
  vjp: /*#__PURE__*/ perInput(
    (g, [, y], _, attrs) => convInput(y, g, geometryOf(attrs)),
    (g, [x], _, attrs) => conv(x, g, geometryOf(attrs)),
  ),
  reference: ([x, g], attrs, { shape }) => {
    const [input, positions] = [x as RefArray, g as RefArray];
    const out = new Float64Array(shape.size);
    eachTerm(input.shape, shape, positions.shape, geometryOf(attrs), (i, k, o) => {
      out[k] = (out[k] as number) + (input.data[i] as number) * (positions.data[o] as number);
    });
    return out;
  },
});

export const conv = (x: Node, w: Node, geometry: Geometry): Node =>
  record(convPrimitive, [x, w], attrsOf(geometry));
export const convInput = (g: Node, w: Node, geometry: Geometry): Node =>
  record(convInputPrimitive, [g, w], attrsOf(geometry));
export const convFilter = (x: Node, g: Node, geometry: Geometry): Node =>
  record(convFilterPrimitive, [x, g], attrsOf(geometry));

/** Where one axis of the transposed convolution finds its terms. */
interface Phases {
  readonly stride: number;
  /** Offsets per phase, and phases that have any. */
  readonly size: number;
  readonly phases: number;
  readonly dilation: number;
  /** Zeros between and after the filter's elements that make whole phases. */
  readonly interior: number;
  readonly fill: number;
  /** First and last position j' = floor((i + low) / stride) of the result, and where in it element 0 is. */
  readonly first: number;
  readonly last: number;
  readonly begin: number;
}

/**
 * Element i of the input gets terms of o * stride + k * dilation = i + low. With k = k' * stride + p that is i + low = (o + k') * stride + p:
 * for each phase p a convolution of stride 1 over o, all phases being columns of one product. No multiplications by inserted zeros.
 */
function phasesOf(
  extent: number,
  span: number,
  stride: number,
  dilation: number,
  low: number,
  size: number,
): Phases {
  const isPlain = stride === 1;
  const phases = Math.min(stride, span);
  const offsets = isPlain ? size : Math.ceil(span / stride);
  const first = Math.floor(low / stride);
  return {
    stride,
    size: offsets,
    phases,
    dilation: isPlain ? dilation : 1,
    interior: isPlain ? 0 : dilation - 1,
    fill: isPlain ? 0 : offsets * phases - span,
    first,
    last: Math.floor((extent - 1 + low) / stride),
    begin: low - first * stride,
  };
}

/** The filter per phase: [K'.., F / groups, groups * P.. * C / groups], reversed along K'. */
function phasedFilter(w: Node, axes: readonly Phases[], groups: number): Node {
  const rank = axes.length;
  const none = w.shape.map(() => 0);
  const widths = (of: (axis: Phases) => number) => [...axes.map(of), 0, 0];
  const whole = pad(
    w,
    none,
    widths((axis) => axis.fill),
    widths((axis) => axis.interior),
  );
  const [channels, filters] = [at(w.shape, rank), at(w.shape, rank + 1) / groups];
  const split = reshape(whole, [
    ...axes.flatMap(({ size, phases }) => [size, phases]),
    channels,
    groups,
    filters,
  ]);
  const reversed = flip(
    split,
    axes.flatMap(({ size }, i) => (size > 1 ? [2 * i] : [])),
  );
  const offsets = axes.map((_, i) => 2 * i);
  const phases = axes.map((_, i) => 2 * i + 1);
  const order = [...offsets, 2 * rank + 2, 2 * rank + 1, ...phases, 2 * rank];
  const columns = groups * product(axes.map((axis) => axis.phases)) * channels;
  return reshape(transpose(reversed, order), [...axes.map(({ size }) => size), filters, columns]);
}

/** The transposed convolution. */
function spreadThrough(g: Node, w: Node, geometry: Geometry): Node {
  const { extents, sizes, strides, dilations, groups } = geometry;
  const axes = extents.map((extent, i) => {
    const span = windowSpan(at(sizes, i), at(dilations, i));
    return phasesOf(extent, span, at(strides, i), at(dilations, i), at(geometry.low, i), at(sizes, i));
  });
  const channels = w.shape.at(-2) as number;
  const view = windowsOf(g, {
    ...geometry,
    extents: spatial(g),
    sizes: axes.map(({ size }) => size),
    strides: axes.map(() => 1),
    dilations: axes.map(({ dilation }) => dilation),
    low: axes.map(({ size, dilation, first }) => (size - 1) * dilation - first),
    high: axes.map(({ last }, i) => last - at(g.shape, i + 1) + 1),
  });
  const result = multiply(view, phasedFilter(w, axes, groups), groups, isThin(w.shape, groups));
  return interleave(result, axes, extents, groups, channels);
}

/** [N, J'.., groups * P.. * C / groups] with the phases put between their positions: [N, S.., C]. */
function interleave(
  y: Node,
  axes: readonly Phases[],
  extents: readonly number[],
  groups: number,
  channels: number,
): Node {
  const rank = axes.length;
  const rows = y.shape.slice(0, rank + 1);
  const split = reshape(y, [...rows, groups, ...axes.map(({ phases }) => phases), channels]);
  const pairs = axes.flatMap((_, i) => [1 + i, rank + 2 + i]);
  const mixed = transpose(split, [0, ...pairs, rank + 1, 2 * rank + 2]);
  const missing = axes.flatMap(({ stride, phases }) => [0, stride - phases]);
  const none = mixed.shape.map(() => 0);
  const whole = pad(mixed, none, [0, ...missing, 0, 0]);
  const merged = axes.map(({ stride }, i) => at(rows, i + 1) * stride);
  const flat = reshape(whole, [at(rows, 0), ...merged, groups * channels]);
  return slice(flat, [0, ...axes.map(({ begin }) => begin), 0], [at(rows, 0), ...extents, groups * channels]);
}

/** Windows of x against g over all positions: [K.., C / groups, F]. */
function correlate(x: Node, g: Node, geometry: Geometry): Node {
  const { sizes, groups } = geometry;
  const rank = sizes.length;
  const view = windowsOf(x, geometry);
  const [channels, filters] = [(x.shape.at(-1) as number) / groups, g.shape.at(-1) as number];
  const shape = [...sizes, channels, filters];
  const positions = g.shape.slice(0, -1);
  const rows = product(positions);
  if (groups === 1) {
    const columns = reshape(view, [rows, product(sizes) * channels]);
    return reshape(matmul(columns, reshape(g, [rows, filters]), { transposeA: true }), shape);
  }
  const perGroup = filters / groups;
  if (isThin(shape, groups)) {
    const factors = reshape(view, [...positions, ...sizes, groups, channels, 1]);
    const terms = mul(factors, reshape(g, [...positions, ...sizes.map(() => 1), groups, 1, perGroup]));
    const summed = sum(terms, range(0, rank + 1));
    return reshape(transpose(summed, [...range(0, rank), rank + 1, rank, rank + 2]), shape);
  }
  const columns = batched(reshape(view, [rows, product(sizes), groups, channels]), 2);
  const outputs = transpose(reshape(g, [rows, groups, perGroup]), [1, 0, 2]);
  const result = matmul(reshape(columns, [groups, rows, product(sizes) * channels]), outputs, {
    transposeA: true,
  });
  const split = reshape(result, [groups, product(sizes), channels, perGroup]);
  return reshape(transpose(split, [1, 2, 0, 3]), shape);
}

/** Visits each term of a convolution with the linear indices of input, filter and result. */
function eachTerm(
  input: Shape,
  filter: Shape,
  output: Shape,
  { strides, low, dilations, groups }: Geometry,
  visit: (input: number, filter: number, output: number) => void,
): void {
  const rank = strides.length;
  const [own, filterStrides, outputStrides] = [stridesOf(input), stridesOf(filter), stridesOf(output)];
  const [channels, filters] = [at(filter, rank), at(filter, rank + 1)];
  const positions = shapeOf(output.slice(0, rank + 1));
  const offsets = shapeOf(filter.slice(0, rank));
  walkPositions(positions, (position) => {
    walkPositions(offsets, (offset) => {
      const element = offset.map(
        (k, i) => at(position, i + 1) * at(strides, i) + k * at(dilations, i) - at(low, i),
      );
      if (element.some((i, axis) => i < 0 || i >= at(input, axis + 1))) return;
      const from = at(position, 0) * at(own, 0) + linear(element, own.slice(1));
      const to = linear(position, outputStrides);
      const through = linear(offset, filterStrides);
      for (let c = 0; c < channels; c++)
        for (let f = 0; f < filters; f++) {
          const group = Math.floor((f * groups) / filters);
          visit(from + group * channels + c, through + c * filters + f, to + f);
        }
    });
  });
}

const linear = (index: readonly number[], strides: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum + i * at(strides, axis), 0);

/** Calls `visit` with each index of a shape, in order. */
function walkPositions(shape: Shape, visit: (index: readonly number[]) => void): void {
  const strides = stridesOf(shape);
  walkStrided(shape, strides, 0, (position) => {
    visit(strides.map((stride, axis) => Math.floor(position / stride) % at(shape, axis)));
  });
}
