/**
 * @file Adaptive pooling along one axis: window o of O over S elements is [floor(o S / O), ceil((o + 1) S / O)). The windows that cover
 * element i are window i of the same rule with S and O exchanged, so gradients gather as the values do.
 */
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { add, div, integerDiv, minimum, mul, sub } from "./arithmetic.ts";
import { composite } from "./composite.ts";
import { at, commonDtype, perInput } from "./factory.ts";
import { identityOf } from "./identity.ts";
import { take, takeAlongAxis } from "./indexing.ts";
import { cast, equal, less, where } from "./logic.ts";
import { reshape } from "./movement.ts";
import { argmax, max, sum } from "./reduce.ts";
import { constant, iota, number } from "./source.ts";

interface Adaptive {
  readonly axis: number;
  /** Extent of the result along it. */
  readonly size: number;
}

const adaptiveOf = (attrs: Attrs): Adaptive => attrs as unknown as Adaptive;
const integer = (value: number): Node => number(value, "int32");

const start = (o: number, extent: number, size: number): number => Math.floor((o * extent) / size);
const end = (o: number, extent: number, size: number): number => Math.ceil(((o + 1) * extent) / size);

/** First element and number of elements of each window, int32 [size]. */
function windows(extent: number, size: number): { first: Node; count: Node; longest: number } {
  const o = iota([size], 0, "int32");
  const first = integerDiv(mul(o, integer(extent)), integer(size));
  const next = mul(add(o, integer(1)), integer(extent));
  const last = integerDiv(add(next, integer(size - 1)), integer(size));
  const lengths = Array.from({ length: size }, (_, i) => end(i, extent, size) - start(i, extent, size));
  return { first, count: sub(last, first), longest: Math.max(...lengths) };
}

/** `x` along an axis, as [.., size, .., 1 ..] for broadcasting against rank `rank`. */
function along(x: Node, axis: number, rank: number): Node {
  return reshape(x, [...x.shape, ...Array.from({ length: rank - axis - x.shape.length }, () => 1)]);
}

/** The elements of each window, [.., size, longest, ..], and where they are within it. */
function gathered(x: Node, { axis, size }: Adaptive): { values: Node; inside: Node } {
  const extent = at(x.shape, axis);
  const { first, count, longest } = windows(extent, size);
  const k = iota([1, longest], 1, "int32");
  const positions = minimum(add(reshape(first, [size, 1]), k), integer(extent - 1));
  const inside = less(k, reshape(count, [size, 1]));
  return { values: take(x, positions, axis), inside: along(inside, axis, x.shape.length + 1) };
}

const resized = ([x]: readonly Node[], attrs: Attrs): readonly number[] => {
  const { axis, size } = adaptiveOf(attrs);
  return (x as Node).shape.map((extent, i) => (i === axis ? size : extent));
};

const masked = (x: Node, adaptive: Adaptive): Node => {
  const { values, inside } = gathered(x, adaptive);
  return where(inside, values, constant(identityOf("max", x.dtype), x.dtype));
};

/** Sum of each window. Its own gradient, with the extents exchanged. */
export const adaptiveSumPrimitive: Primitive = /*#__PURE__*/ composite("adaptiveSum", {
  shape: resized,
  dtype: (inputs) => commonDtype("adaptiveSum", inputs, "float"),
  decompose: ([x], attrs) => {
    const { values, inside } = gathered(x as Node, adaptiveOf(attrs));
    return sum(where(inside, values, constant(0)), [adaptiveOf(attrs).axis + 1]);
  },
  vjp: /*#__PURE__*/ perInput((g, [x], _, attrs) => {
    const { axis } = adaptiveOf(attrs);
    return record(adaptiveSumPrimitive, [g], { axis, size: at(x.shape, axis) });
  }),
});

/** Largest element of each window; at equal ones the gradient goes to the first. */
export const adaptiveMaxPrimitive: Primitive = /*#__PURE__*/ composite("adaptiveMax", {
  shape: resized,
  dtype: (inputs) => commonDtype("adaptiveMax", inputs, "number"),
  decompose: ([x], attrs) => max(masked(x as Node, adaptiveOf(attrs)), [adaptiveOf(attrs).axis + 1]),
  vjp: /*#__PURE__*/ perInput((g, [x], _, attrs) => {
    const { axis } = adaptiveOf(attrs);
    const positions = record(adaptivePositionPrimitive, [x], attrs);
    return record(adaptiveSpreadPrimitive, [g, positions], { axis, size: at(x.shape, axis) });
  }),
});

/** Position along the axis of the first largest element of each window, int32. */
export const adaptivePositionPrimitive: Primitive = /*#__PURE__*/ composite("adaptivePosition", {
  shape: resized,
  dtype: () => "int32",
  decompose: ([x], attrs) => {
    const { axis, size } = adaptiveOf(attrs);
    const input = x as Node;
    const { first } = windows(at(input.shape, axis), size);
    return add(argmax(masked(input, { axis, size }), [axis + 1]), along(first, axis, input.shape.length));
  },
  vjp: null,
});

/** Each window's value to the element at its position, summed: the gradient of `adaptiveMax`. */
export const adaptiveSpreadPrimitive: Primitive = /*#__PURE__*/ composite("adaptiveSpread", {
  shape: resized,
  dtype: (inputs) => at(inputs, 0).dtype,
  decompose: ([g, positions], attrs) => {
    const adaptive = adaptiveOf(attrs);
    const { axis, size } = adaptive;
    const { values, inside } = gathered(g as Node, adaptive);
    const wanted = gathered(positions as Node, adaptive).values;
    const here = along(iota([size, 1], 0, "int32"), axis, wanted.shape.length);
    const terms = where(equal(wanted, here), values, constant(0));
    return sum(where(inside, terms, constant(0)), [axis + 1]);
  },
  vjp: /*#__PURE__*/ perInput(
    (g, [, positions], _, attrs) =>
      record(adaptivePickPrimitive, [g, positions], { axis: adaptiveOf(attrs).axis }),
    null,
  ),
});

/** The element at each position along the axis: the gradient of `adaptiveSpread`. */
export const adaptivePickPrimitive: Primitive = /*#__PURE__*/ composite("adaptivePick", {
  shape: ([, positions]) => (positions as Node).shape,
  dtype: (inputs) => at(inputs, 0).dtype,
  decompose: ([x, positions], attrs) => takeAlongAxis(x as Node, positions as Node, adaptiveOf(attrs).axis),
  vjp: /*#__PURE__*/ perInput((g, [x, positions], _, attrs) => {
    const { axis } = adaptiveOf(attrs);
    return record(adaptiveSpreadPrimitive, [g, positions], { axis, size: at(x.shape, axis) });
  }, null),
});

/** Mean of each of `size` windows along `axis`. */
export function adaptiveAverage(x: Node, axis: number, size: number): Node {
  const total = record(adaptiveSumPrimitive, [x], { axis, size });
  const { count } = windows(at(x.shape, axis), size);
  return div(total, cast(along(count, axis, x.shape.length), "float32"));
}

/** Maximum of each of `size` windows along `axis`. */
export const adaptiveMax = (x: Node, axis: number, size: number): Node =>
  record(adaptiveMaxPrimitive, [x], { axis, size });
