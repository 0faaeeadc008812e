/** @file Cross entropies between class probabilities or logits and labels, one value per row, with Keras's clip of probabilities. */
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { add, div, maximum, minimum, mul, neg, sub } from "./arithmetic.ts";
import { composite } from "./composite.ts";
import { at, perInput } from "./factory.ts";
import { and, cast, equal, greater, greaterEqual, less, where } from "./logic.ts";
import { log, reciprocal, softplus } from "./math.ts";
import { reshape } from "./movement.ts";
import { keptShape, sum } from "./reduce.ts";
import { logSoftmax, logSumExp, softmax } from "./softmax.ts";
import { constant, iota, number } from "./source.ts";

/** Keras's epsilon: probabilities are clipped to [1e-7, 1 - 1e-7], and get no gradient outside. */
const epsilon = 1e-7;

/** x between two numbers; ties share their gradient as in JAX. */
export const clip = (x: Node, low: Node, high: Node): Node => minimum(maximum(x, low), high);

const clipProbability = (p: Node): Node => clip(p, constant(epsilon), constant(1 - epsilon));
const isUnclipped = (p: Node): Node => and(greater(p, constant(epsilon)), less(p, constant(1 - epsilon)));

const axisOf = (attrs: Attrs): number => attrs.axis as number;
const withoutAxis = (shape: readonly number[], axis: number): number[] => shape.filter((_, i) => i !== axis);
/** A value per row with its class axis back, extent 1. */
const keep = (row: Node, shape: readonly number[], axis: number): Node =>
  reshape(row, keptShape(shape, [axis]));

/** Per row: where the label is, and whether it names a class (other labels have loss 0 in Keras). */
function rowsOf(x: Node, labels: Node, axis: number): { isLabel: Node; isClass: Node } {
  const shape = x.shape.map((extent, i) => (i === axis ? extent : 1));
  const label = keep(cast(labels, "int32"), x.shape, axis);
  const classes = number(at(x.shape, axis), "int32");
  return {
    isLabel: equal(label, iota(shape, axis, "int32")),
    isClass: and(greaterEqual(label, constant(0, "int32")), less(label, classes)),
  };
}

/** The element of x at the label, per row. */
const pick = (x: Node, isLabel: Node, axis: number): Node =>
  sum(where(isLabel, x, constant(0)), [axis], true);

/** Drops the class axis of a value per row. */
const drop = (row: Node, axis: number): Node => reshape(row, withoutAxis(row.shape, axis));

/**
 * -log clip(p_label / sum p). With q = p_label / sum p inside the clip, d/dp_k = g / sum p (1 - [k is the label] / q).
 * Inputs: probabilities, integer labels.
 */
export const sparseCrossEntropyPrimitive: Primitive = /*#__PURE__*/ composite("sparseCrossEntropy", {
  shape: (inputs, attrs) => withoutAxis(at(inputs, 0).shape, axisOf(attrs)),
  dtype: (inputs) => at(inputs, 0).dtype,
  decompose: (inputs, attrs) => {
    const [x, axis] = [at(inputs, 0), axisOf(attrs)];
    const { isLabel, isClass } = rowsOf(x, at(inputs, 1), axis);
    const probability = div(pick(x, isLabel, axis), sum(x, [axis], true));
    return drop(where(isClass, neg(log(clipProbability(probability))), constant(0)), axis);
  },
  vjp: /*#__PURE__*/ perInput((g, [x, labels], _, attrs) => {
    const axis = axisOf(attrs);
    const { isLabel, isClass } = rowsOf(x, labels, axis);
    const total = sum(x, [axis], true);
    const probability = div(pick(x, isLabel, axis), total);
    const isActive = and(isClass, isUnclipped(probability));
    const factor = where(isActive, div(keep(g, x.shape, axis), total), constant(0));
    const inverse = reciprocal(where(isActive, probability, constant(1)));
    return mul(factor, sub(constant(1), where(isLabel, inverse, constant(0))));
  }, null),
});

/** -log softmax(x)_label; with `clip`, that of the clipped softmax. d/dx = g (softmax(x) - one hot), 0 where clipped. */
export const sparseSoftmaxCrossEntropyPrimitive: Primitive = /*#__PURE__*/ composite(
  "sparseSoftmaxCrossEntropy",
  {
    shape: (inputs, attrs) => withoutAxis(at(inputs, 0).shape, axisOf(attrs)),
    dtype: (inputs) => at(inputs, 0).dtype,
    decompose: (inputs, attrs) => {
      const [x, labels, axis] = [at(inputs, 0), at(inputs, 1), axisOf(attrs)];
      if (attrs.clip) return sparseCrossEntropy(softmax(x, [axis]), labels, axis);
      const { isLabel, isClass } = rowsOf(x, labels, axis);
      const loss = sub(logSumExp(x, [axis], true), pick(x, isLabel, axis));
      return drop(where(isClass, loss, constant(0)), axis);
    },
    vjp: /*#__PURE__*/ perInput((g, [x, labels], _, attrs) => {
      const axis = axisOf(attrs);
      const probabilities = softmax(x, [axis]);
      const { isLabel, isClass } = rowsOf(probabilities, labels, axis);
      const isActive = attrs.clip ? and(isClass, isUnclipped(pick(probabilities, isLabel, axis))) : isClass;
      const factor = where(isActive, keep(g, x.shape, axis), constant(0));
      return mul(factor, sub(probabilities, cast(isLabel, x.dtype)));
    }, null),
  },
);

/** -sum t log clip(p / sum p). Inputs: probabilities, targets of the same shape. */
export function categoricalCrossEntropy(x: Node, targets: Node, axis: number): Node {
  const probabilities = clipProbability(div(x, sum(x, [axis], true)));
  return neg(sum(mul(targets, log(probabilities)), [axis]));
}

/**
 * -sum t log softmax(x); with `clip`, of the clipped softmax. With h = g t where unclipped, dx = softmax(x) sum h - h and
 * dt = -g log softmax(x). Inputs: logits, targets.
 */
export const softmaxCrossEntropyPrimitive: Primitive = /*#__PURE__*/ composite("softmaxCrossEntropy", {
  shape: (inputs, attrs) => withoutAxis(at(inputs, 0).shape, axisOf(attrs)),
  dtype: (inputs) => at(inputs, 0).dtype,
  decompose: (inputs, attrs) => {
    const [x, targets, axis] = [at(inputs, 0), at(inputs, 1), axisOf(attrs)];
    if (attrs.clip) return categoricalCrossEntropy(softmax(x, [axis]), targets, axis);
    return neg(sum(mul(targets, logSoftmax(x, [axis])), [axis]));
  },
  vjp: /*#__PURE__*/ perInput(
    (g, [x, targets], _, attrs) => {
      const axis = axisOf(attrs);
      const probabilities = softmax(x, [axis]);
      const active = attrs.clip ? where(isUnclipped(probabilities), targets, constant(0)) : targets;
      const weighted = mul(keep(g, x.shape, axis), active);
      return sub(mul(probabilities, sum(weighted, [axis], true)), weighted);
    },
    (g, [x], _, attrs) => {
      const axis = axisOf(attrs);
      const logs = attrs.clip ? log(clipProbability(softmax(x, [axis]))) : logSoftmax(x, [axis]);
      return neg(mul(keep(g, x.shape, axis), logs));
    },
  ),
});

/** From probabilities (`x`) and integer labels of x's shape without `axis`. */
export const sparseCrossEntropy = (x: Node, labels: Node, axis: number): Node =>
  record(sparseCrossEntropyPrimitive, [x, labels], { axis });

/** From logits. `clip: true` equals sparseCrossEntropy(softmax(x)), gradient included. */
export const sparseSoftmaxCrossEntropy = (x: Node, labels: Node, axis: number, clip: boolean): Node =>
  record(sparseSoftmaxCrossEntropyPrimitive, [x, labels], { axis, clip });

/** From logits and dense targets. `clip: true` equals categoricalCrossEntropy(softmax(x)), gradient included. */
export const softmaxCrossEntropy = (x: Node, targets: Node, axis: number, clip: boolean): Node =>
  record(softmaxCrossEntropyPrimitive, [x, targets], { axis, clip });

/** -t log clip(p) - (1 - t) log(1 - clip(p)), element by element. */
export function binaryCrossEntropy(x: Node, targets: Node): Node {
  const probability = clipProbability(x);
  const one = constant(1);
  const positive = mul(targets, log(probability));
  return neg(add(positive, mul(sub(one, targets), log(sub(one, probability)))));
}

/** The same from logits: t softplus(-x) + (1 - t) softplus(x). */
export const binaryCrossEntropyFromLogits = (x: Node, targets: Node): Node =>
  add(mul(targets, softplus(neg(x))), mul(sub(constant(1), targets), softplus(x)));
