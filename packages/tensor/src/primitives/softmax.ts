/** @file Softmax and its logarithm over axes, shifted by the maximum, which is constant to the gradient. */
import { type Attrs, type Node, type Primitive, type RefArray, record } from "../graph/node.ts";
import { stridesOf } from "../graph/shape.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { composite } from "./composite.ts";
import { at, commonDtype, list, perInput, walkStrided } from "./factory.ts";
import { stopGradient } from "./gradientControl.ts";
import { isFiniteValue, where } from "./logic.ts";
import { exp, log } from "./math.ts";
import { reshape } from "./movement.ts";
import { max, sum } from "./reduce.ts";
import { constant } from "./source.ts";

/** Applies a function of whole rows (the elements along `axes`) in double precision. */
function mapRows(of: (row: Float64Array) => Float64Array): NonNullable<Primitive["reference"]> {
  return ([x], attrs) => {
    const input = x as RefArray;
    const axes = list(attrs.axes);
    const others = input.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
    const strides = stridesOf(input.shape);
    const pick = (values: readonly number[], chosen: readonly number[]) =>
      chosen.map((axis) => at(values, axis));
    const out = new Float64Array(input.shape.size);
    walkStrided(pick(input.shape, others), pick(strides, others), 0, (_, start) => {
      const offsets: number[] = [];
      walkStrided(pick(input.shape, axes), pick(strides, axes), start, (_inner, offset) =>
        offsets.push(offset),
      );
      const row = of(Float64Array.from(offsets, (offset) => input.data[offset] as number));
      for (const [i, offset] of offsets.entries()) out[offset] = row[i] as number;
    });
    return out;
  };
}

const rowSum = (row: Float64Array): number => row.reduce((a, b) => a + b, 0);

/** log of the sum of e^x, shifted. */
function rowLogSumExp(row: Float64Array): number {
  const top = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return top + Math.log(rowSum(row.map((value) => Math.exp(value - top))));
}

const shifted = (x: Node, axes: readonly number[]): Node => sub(x, stopGradient(max(x, axes, true)));
const axesOf = (attrs: Attrs): readonly number[] => list(attrs.axes);

/** y = e^x / sum e^x; dx = y (g - sum g y). */
export const softmaxPrimitive: Primitive = /*#__PURE__*/ composite("softmax", {
  dtype: (inputs) => commonDtype("softmax", inputs, "float"),
  decompose: (inputs, attrs) => {
    const power = exp(shifted(at(inputs, 0), axesOf(attrs)));
    return div(power, sum(power, axesOf(attrs), true));
  },
  vjp: /*#__PURE__*/ perInput((g, _, y, attrs) => {
    const weighted = mul(g, y);
    return sub(weighted, mul(y, sum(weighted, axesOf(attrs), true)));
  }),
  reference: /*#__PURE__*/ mapRows((row) => {
    const total = rowLogSumExp(row);
    return row.map((value) => Math.exp(value - total));
  }),
});

/** y = x - log sum e^x; dx = g - e^y sum g. */
export const logSoftmaxPrimitive: Primitive = /*#__PURE__*/ composite("logSoftmax", {
  dtype: (inputs) => commonDtype("logSoftmax", inputs, "float"),
  decompose: (inputs, attrs) => {
    const low = shifted(at(inputs, 0), axesOf(attrs));
    return sub(low, log(sum(exp(low), axesOf(attrs), true)));
  },
  vjp: /*#__PURE__*/ perInput((g, _, y, attrs) => sub(g, mul(exp(y), sum(g, axesOf(attrs), true)))),
  reference: /*#__PURE__*/ mapRows((row) => {
    const total = rowLogSumExp(row);
    return row.map((value) => value - total);
  }),
});

export const softmax = (x: Node, axes: readonly number[]): Node => record(softmaxPrimitive, [x], { axes });
export const logSoftmax = (x: Node, axes: readonly number[]): Node =>
  record(logSoftmaxPrimitive, [x], { axes });

/** log of the sum of e^x over `axes`, without overflow; rows of -infinity give -infinity. */
export function logSumExp(x: Node, axes: readonly number[], keepDims = false): Node {
  const top = stopGradient(max(x, axes, true));
  const shift = where(isFiniteValue(top), top, constant(0));
  const kept = add(log(sum(exp(sub(x, shift)), axes, true)), shift);
  return keepDims
    ? kept
    : reshape(
        kept,
        x.shape.filter((_, axis) => !axes.includes(axis)),
      );
}
