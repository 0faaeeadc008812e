/** @file Reductions over axes. Attributes: `axes` ascending, `keepDims`. Nothing reduced over no elements but sums and products. */
import type { Dtype } from "@tenrec/kernels";
import { ValueError } from "../graph/errors.ts";
import { type Attrs, isHalf, type Node, type Primitive, type RefArray, record } from "../graph/node.ts";
import { type Shape, stridesOf, typeText } from "../graph/shape.ts";
import { div, divideByCount, mul, square, sub } from "./arithmetic.ts";
import { at, commonDtype, type DtypeSet, list, perInput, type Rule, walkStrided } from "./factory.ts";
import { cast, equal, notEqual } from "./logic.ts";
import { broadcastTo, reshape } from "./movement.ts";
import { constant } from "./source.ts";

/** `shape` with the extents of `axes` replaced by 1. */
export const keptShape = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));

function reducedShape(name: string, x: Node, attrs: Attrs, hasIdentity: boolean): readonly number[] {
  const axes = list(attrs.axes);
  if (!hasIdentity && axes.some((axis) => x.shape[axis] === 0))
    throw new ValueError(name, "nothing to reduce: an axis has extent 0.", {
      received: `${typeText(x.dtype, x.shape)}, axes [${axes.join()}].`,
      expected: "at least one element along the reduced axes.",
      fix: "check the slice or filter that made the tensor.",
    });
  return attrs.keepDims ? keptShape(x.shape, axes) : x.shape.filter((_, axis) => !axes.includes(axis));
}

/** Visits each element of x: `visit(row, value, inner)` with the linear index of the result and that within the reduced axes. */
function walkRows(
  x: RefArray,
  axes: readonly number[],
  visit: (row: number, value: number, inner: number) => void,
): void {
  const rowAxes = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const strides = stridesOf(x.shape);
  const pick = (values: readonly number[], of: readonly number[]): number[] =>
    of.map((axis) => at(values, axis));
  walkStrided(pick(x.shape, rowAxes), pick(strides, rowAxes), 0, (row, start) => {
    walkStrided(pick(x.shape, axes), pick(strides, axes), start, (inner, offset) => {
      visit(row, x.data[offset] as number, inner);
    });
  });
}

interface ReduceSpec {
  readonly dtypes: DtypeSet;
  readonly result?: Dtype;
  /** Value over no elements; null: an error. */
  readonly identity: number | null;
  /** One more element. */
  readonly reference: (total: number, value: number, dtype: Dtype) => number;
  readonly vjp: Rule;
}

function fold(spec: ReduceSpec): NonNullable<Primitive["reference"]> {
  return ([x], attrs, { shape, dtype }) => {
    const out = new Float64Array(shape.size).fill(spec.identity ?? 0);
    walkRows(x as RefArray, list(attrs.axes), (row, value, inner) => {
      const isFirst = inner === 0 && spec.identity === null;
      out[row] = isFirst ? value : spec.reference(out[row] as number, value, dtype);
    });
    return out;
  };
}

export function reduce(stage: NonNullable<Primitive["stage"]>, spec: ReduceSpec): Primitive {
  return {
    name: stage,
    family: "reduce",
    shape: (inputs, attrs) => reducedShape(stage, at(inputs, 0), attrs, spec.identity !== null),
    dtype: (inputs) => commonDtype(stage, inputs, spec.dtypes),
    vjp: perInput(spec.vjp),
    reference: fold(spec),
    decompose: null,
    at: null,
    stage,
  };
}

/** A reduced value back over the shape of the input. */
export const expand = (reduced: Node, shape: Shape, attrs: Attrs): Node =>
  broadcastTo(reshape(reduced, keptShape(shape, list(attrs.axes))), shape);

export const sumPrimitive: Primitive = /*#__PURE__*/ reduce("sum", {
  dtypes: "number",
  identity: 0,
  reference: (total, value) => total + value,
  vjp: (g, [x], _, attrs) => expand(g, x.shape, attrs),
});

/** The share of each best element: 1 / (number of equal best ones), as in JAX. */
const bestRule: Rule = (g, [x], y, attrs) => {
  const axes = list(attrs.axes);
  const isBest = cast(equal(x, expand(y, x.shape, attrs)), x.dtype);
  const count = sum(isBest, axes, true);
  const kept = reshape(g, count.shape);
  return mul(isBest, div(kept, count));
};

export const maxPrimitive: Primitive = /*#__PURE__*/ reduce("max", {
  dtypes: "number",
  identity: null,
  reference: (total, value) => Math.max(total, value),
  vjp: bestRule,
});

export const minPrimitive: Primitive = /*#__PURE__*/ reduce("min", {
  dtypes: "number",
  identity: null,
  reference: (total, value) => Math.min(total, value),
  vjp: bestRule,
});

function argReduce(
  stage: "argmax" | "argmin",
  isBetter: (value: number, best: number) => boolean,
): Primitive {
  return {
    name: stage,
    family: "reduce",
    shape: (inputs, attrs) => reducedShape(stage, at(inputs, 0), attrs, false),
    dtype: (inputs) => {
      commonDtype(stage, inputs, "number");
      return "int32";
    },
    vjp: null,
    reference: ([x], attrs, { shape }) => {
      const best = new Float64Array(shape.size);
      const out = new Float64Array(shape.size);
      walkRows(x as RefArray, list(attrs.axes), (row, value, inner) => {
        if (inner > 0 && !isBetter(value, best[row] as number)) return;
        best[row] = value;
        out[row] = inner;
      });
      return out;
    },
    decompose: null,
    at: null,
    stage,
  };
}

export const argmaxPrimitive: Primitive = /*#__PURE__*/ argReduce("argmax", (value, best) => value > best);
export const argminPrimitive: Primitive = /*#__PURE__*/ argReduce("argmin", (value, best) => value < best);

const ascending = (axes: readonly number[]): number[] => [...axes].sort((a, b) => a - b);

export const over =
  (primitive: () => Primitive) =>
  (x: Node, axes: readonly number[], keepDims = false): Node =>
    record(primitive(), [x], { axes: ascending(axes), keepDims });

/** Sum over `axes`; x itself over no axes. */
export function sum(x: Node, axes: readonly number[], keepDims = false): Node {
  return axes.length === 0 ? x : record(sumPrimitive, [x], { axes: ascending(axes), keepDims });
}
export const max = /*#__PURE__*/ over(() => maxPrimitive);
export const min = /*#__PURE__*/ over(() => minPrimitive);
/** Row-major position (int32) within the reduced axes of the first best element. */
export const argmax = /*#__PURE__*/ over(() => argmaxPrimitive);
export const argmin = /*#__PURE__*/ over(() => argminPrimitive);

/** True where x has a nonzero element along `axes`. */
export function any(x: Node, axes: readonly number[], keepDims = false): Node {
  const zero = constant(0, x.dtype);
  return cast(sum(cast(notEqual(x, zero), "int32"), axes, keepDims), "bool");
}

/** True where x has no zero along `axes`. */
export function all(x: Node, axes: readonly number[], keepDims = false): Node {
  const zeros = sum(cast(equal(x, constant(0, x.dtype)), "int32"), axes, keepDims);
  return equal(zeros, constant(0, "int32"));
}

/** Number of elements along `axes`. */
export const countOf = (shape: readonly number[], axes: readonly number[]): number =>
  axes.reduce((count, axis) => count * at(shape, axis), 1);

/** Sum divided by the count (a param: extents are no structure). Division, so that the mean of equal numbers is that number. */
export function mean(x: Node, axes: readonly number[], keepDims = false): Node {
  // The sum of float16 values may exceed what float16 holds.
  if (isHalf(x)) return cast(mean(cast(x, "float32"), axes, keepDims), x.dtype);
  return axes.length === 0 ? x : divideByCount(sum(x, axes, keepDims), countOf(x.shape, axes));
}

/** Mean squared distance from the mean, in two passes: mean(x^2) - mean(x)^2 cancels. */
export function variance(x: Node, axes: readonly number[], keepDims = false): Node {
  if (isHalf(x)) return cast(variance(cast(x, "float32"), axes, keepDims), x.dtype);
  return mean(square(sub(x, mean(x, axes, true))), axes, keepDims);
}

/** Sum of `x` down to `shape`, which broadcasts to x.shape: the reverse of broadcasting. */
export function sumTo(x: Node, shape: Shape): Node {
  if (x.shape === shape) return x;
  const skip = x.shape.length - shape.length;
  const axes = x.shape.flatMap((extent, axis) =>
    axis < skip || (shape[axis - skip] === 1 && extent !== 1) ? [axis] : [],
  );
  return reshape(sum(x, axes), shape);
}
