/** @file Activations, losses and normalisation, with Keras's definitions and defaults. */
import { ShapeError, ValueError } from "../graph/errors.ts";
import { isFloat, type Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import * as activations from "../primitives/activations.ts";
import { div, integerPower, maximum } from "../primitives/arithmetic.ts";
import * as losses from "../primitives/crossEntropy.ts";
import { at } from "../primitives/factory.ts";
import { cast } from "../primitives/logic.ts";
import * as math from "../primitives/math.ts";
import { reshape } from "../primitives/movement.ts";
import { mean, sum, variance } from "../primitives/reduce.ts";
import * as rows from "../primitives/softmax.ts";
import { constant } from "../primitives/source.ts";
import { isHandleFree } from "../runtime/scope.ts";
import {
  type Axis,
  allAxes,
  floatOperand,
  integerOperand,
  ofFloats,
  oneAxis,
  type Tensor,
  type TensorLike,
  toNode,
  wrap,
} from "./arguments.ts";

const ofFloat = (x: TensorLike, of: (x: Node) => Node): Tensor => ofFloats([x], of);

export interface ReluOptions {
  /** Slope below the threshold. */
  readonly negativeSlope?: number;
  /** Largest value; no limit by default. */
  readonly maxValue?: number | null;
  /** Values below it are damped. */
  readonly threshold?: number;
}

/**
 * max(x, 0), with the options of Keras's activation.
 * @example
 * relu(tensor([-1, 2])); // [0, 2]
 */
export const relu = (
  x: TensorLike,
  { negativeSlope = 0, maxValue = null, threshold = 0 }: ReluOptions = {},
): Tensor => ofFloat(x, (node) => activations.reluWith(node, { negativeSlope, maxValue, threshold }));

/**
 * x limited to [0, 6].
 * @example
 * relu6(tensor([-1, 2, 7])); // [0, 2, 6]
 */
export const relu6 = (x: TensorLike): Tensor => ofFloat(x, activations.relu6);

/**
 * x, or negativeSlope x below 0.
 * @example
 * leakyRelu(tensor([-1, 2])); // [-0.2, 2]
 */
export const leakyRelu = (x: TensorLike, { negativeSlope = 0.2 }: { negativeSlope?: number } = {}): Tensor =>
  ofFloat(x, (node) => activations.leakyRelu(node, negativeSlope));

/**
 * x, or alpha (e^x - 1) below 0.
 * @example
 * elu(tensor([-1, 2])); // [-0.6321, 2]
 */
export const elu = (x: TensorLike, { alpha = 1 }: { alpha?: number } = {}): Tensor =>
  ofFloat(x, (node) => activations.elu(node, alpha));

/**
 * x, or alpha (e^(x/alpha) - 1) below 0.
 * @example
 * celu(tensor([-1, 2])); // [-0.6321, 2]
 */
export const celu = (x: TensorLike, { alpha = 1 }: { alpha?: number } = {}): Tensor =>
  ofFloat(x, (node) => activations.celu(node, alpha));

/**
 * Scaled elu that keeps mean 0 and variance 1 through layers.
 * @example
 * selu(tensor([-1, 2])); // [-1.1113, 2.1014]
 */
export const selu = (x: TensorLike): Tensor => ofFloat(x, activations.selu);

/**
 * x times the normal distribution function of x; `approximate` (the default of ops, as in Keras) uses tanh.
 * @example
 * gelu(tensor([-1, 2]), { approximate: false }); // [-0.1587, 1.9545]
 */
export const gelu = (x: TensorLike, { approximate = true }: { approximate?: boolean } = {}): Tensor =>
  ofFloat(x, (node) => activations.gelu(node, approximate));

/**
 * x sigmoid(x).
 * @example
 * silu(tensor([-1, 2])); // [-0.2689, 1.7616]
 */
export const silu = (x: TensorLike): Tensor => ofFloat(x, activations.silu);

/**
 * The same as silu.
 * @example
 * swish(tensor([-1, 2])); // [-0.2689, 1.7616]
 */
export const swish = silu;

/**
 * x tanh(softplus(x)).
 * @example
 * mish(tensor([-1, 2])); // [-0.3034, 1.944]
 */
export const mish = (x: TensorLike): Tensor => ofFloat(x, activations.mish);

/**
 * 1 / (1 + e^-x).
 * @example
 * sigmoid(tensor([0, 2])); // [0.5, 0.8808]
 */
export const sigmoid = (x: TensorLike): Tensor => ofFloat(x, math.sigmoid);

/**
 * Logarithm of the sigmoid, without underflow.
 * @example
 * logSigmoid(tensor([0, -100])); // [-0.6931, -100]
 */
export const logSigmoid = (x: TensorLike): Tensor => ofFloat(x, activations.logSigmoid);

/**
 * min(max(x / 6 + 1/2, 0), 1).
 * @example
 * hardSigmoid(tensor([-4, 0, 1.5])); // [0, 0.5, 0.75]
 */
export const hardSigmoid = (x: TensorLike): Tensor => ofFloat(x, activations.hardSigmoid);

/**
 * x hardSigmoid(x).
 * @example
 * hardSilu(tensor([-4, 1.5])); // [0, 1.125]
 */
export const hardSilu = (x: TensorLike): Tensor => ofFloat(x, activations.hardSilu);

/**
 * The same as hardSilu.
 * @example
 * hardSwish(tensor([-4, 1.5])); // [0, 1.125]
 */
export const hardSwish = hardSilu;

/**
 * x limited to [-1, 1].
 * @example
 * hardTanh(tensor([-2, 0.5])); // [-1, 0.5]
 */
export const hardTanh = (x: TensorLike): Tensor => ofFloat(x, activations.hardTanh);

/**
 * log(1 + e^x), without overflow.
 * @example
 * softplus(tensor([0, 100])); // [0.6931, 100]
 */
export const softplus = (x: TensorLike): Tensor => ofFloat(x, math.softplus);

/**
 * x / (1 + |x|).
 * @example
 * softsign(tensor([-1, 3])); // [-0.5, 0.75]
 */
export const softsign = (x: TensorLike): Tensor => ofFloat(x, activations.softsign);

/**
 * x moved towards 0 by the threshold; 0 within it.
 * @example
 * softShrink(tensor([-2, 0.2])); // [-1.5, 0]
 */
export const softShrink = (x: TensorLike, { threshold = 0.5 }: { threshold?: number } = {}): Tensor =>
  ofFloat(x, (node) => activations.softShrink(node, threshold));

/**
 * 0 within the threshold of 0.
 * @example
 * hardShrink(tensor([-2, 0.2])); // [-2, 0]
 */
export const hardShrink = (x: TensorLike, { threshold = 0.5 }: { threshold?: number } = {}): Tensor =>
  ofFloat(x, (node) => activations.hardShrink(node, threshold));

/**
 * x - tanh(x).
 * @example
 * tanhShrink(tensor([0, 1])); // [0, 0.2384]
 */
export const tanhShrink = (x: TensorLike): Tensor => ofFloat(x, activations.tanhShrink);

/**
 * x above `threshold`, else `defaultValue`.
 * @example
 * threshold(tensor([1, 3]), 2, -1); // [-1, 3]
 */
export const threshold = (x: TensorLike, limit: number, defaultValue: number): Tensor =>
  ofFloat(x, (node) => activations.threshold(node, limit, defaultValue));

/**
 * (x + sqrt(x^2 + b)) / 2.
 * @example
 * squareplus(tensor([0, 3])); // [1, 3.3028]
 */
export const squareplus = (x: TensorLike, { b = 4 }: { b?: number } = {}): Tensor =>
  ofFloat(x, (node) => activations.squareplus(node, b));

/**
 * 0 below -1, ((x + 1) / 2)^2 up to 1, x above.
 * @example
 * sparsePlus(tensor([-2, 0, 3])); // [0, 0.25, 3]
 */
export const sparsePlus = (x: TensorLike): Tensor => ofFloat(x, activations.sparsePlus);

/**
 * (x + 1) / 2 limited to [0, 1].
 * @example
 * sparseSigmoid(tensor([-2, 0, 3])); // [0, 0.5, 1]
 */
export const sparseSigmoid = (x: TensorLike): Tensor => ofFloat(x, activations.sparseSigmoid);

/**
 * First half of an axis times the sigmoid of the second half.
 * @example
 * glu(tensor([2, 0])); // [1]
 */
export function glu(x: TensorLike, { axis = -1 }: { axis?: number } = {}): Tensor {
  const node = floatOperand(x);
  const along = oneAxis("glu", axis, node.shape.length);
  if (at(node.shape, along) % 2 === 0) return wrap(activations.glu(node, along));
  throw new ShapeError("glu", "the axis has no two halves.", {
    received: `${typeText(node.dtype, node.shape)}, axis ${axis}.`,
    expected: "an even extent.",
    fix: "check the units of the previous layer.",
  });
}

/**
 * e^x divided by its sum along `axis`.
 * @example
 * softmax(tensor([0, 0, 0, 0])); // [0.25, 0.25, 0.25, 0.25]
 */
export function softmax(x: TensorLike, { axis = -1 }: { axis?: Axis } = {}): Tensor {
  const node = floatOperand(x);
  return wrap(rows.softmax(node, allAxes("softmax", axis, node.shape.length)));
}

/**
 * Logarithm of softmax, without underflow.
 * @example
 * logSoftmax(tensor([0, 0])); // [-0.6931, -0.6931]
 */
export function logSoftmax(x: TensorLike, { axis = -1 }: { axis?: Axis } = {}): Tensor {
  const node = floatOperand(x);
  return wrap(rows.logSoftmax(node, allAxes("logSoftmax", axis, node.shape.length)));
}

export interface CrossentropyOptions {
  /** Whether `output` are logits; probabilities by default. */
  readonly fromLogits?: boolean;
  /** Axis of the classes. */
  readonly axis?: number;
}

/** Throws unless target and output have one shape. */
function checkSameShape(name: string, target: Node, output: Node): void {
  if (target.shape === output.shape) return;
  throw new ShapeError(name, "target and output differ in shape.", {
    received: `target ${typeText(target.dtype, target.shape)}, output ${typeText(output.dtype, output.shape)}.`,
    expected: "equal shapes.",
    fix: "for integer labels use sparseCategoricalCrossentropy, else reshape one of them.",
  });
}

/**
 * -sum of target log(output) over the classes. Probabilities are normalised and clipped to [1e-7, 1 - 1e-7], as in Keras.
 * @returns a loss per row: the shape of `output` without `axis`.
 * @example
 * categoricalCrossentropy(tensor([[0, 1]]), tensor([[0.5, 0.5]])); // [0.6931]
 */
export function categoricalCrossentropy(
  target: TensorLike,
  output: TensorLike,
  { fromLogits = false, axis = -1 }: CrossentropyOptions = {},
): Tensor {
  const [wanted, found] = [floatOperand(target), floatOperand(output)];
  checkSameShape("categoricalCrossentropy", wanted, found);
  const along = oneAxis("categoricalCrossentropy", axis, found.shape.length);
  const logits = softmaxOperand(found, along);
  if (fromLogits) return wrap(losses.softmaxCrossEntropy(found, wanted, along, false));
  if (logits) return wrap(losses.softmaxCrossEntropy(logits, wanted, along, true));
  return wrap(losses.categoricalCrossEntropy(found, wanted, along));
}

/**
 * The logits behind probabilities that a softmax over this axis has just made, in library code only: a user may want the gradient with
 * respect to the probabilities themselves, which this shortcut leaves out.
 */
function softmaxOperand({ primitive, attrs, inputs }: Node, axis: number): Node | null {
  if (!isHandleFree()) return null;
  const axes = attrs.axes as readonly number[] | undefined;
  const isSoftmax = primitive === rows.softmaxPrimitive && axes?.length === 1 && axes[0] === axis;
  return isSoftmax ? (inputs[0] ?? null) : null;
}

/** Class labels, as integers, in the shape of `output` without `axis`; an extra last axis of 1 is dropped. */
function classLabels(target: TensorLike, output: Node, axis: number): Node {
  const node = toNode(target);
  const labels = isFloat(node)
    ? cast(node, "int32")
    : integerOperand("sparseCategoricalCrossentropy", target);
  const expected = output.shape.filter((_, i) => i !== axis);
  const { shape } = labels;
  const isExtra = shape.length === output.shape.length && shape.at(-1) === 1;
  const flat = isExtra ? reshape(labels, shape.slice(0, -1)) : labels;
  if (flat.shape.join() === expected.join()) return flat;
  throw new ShapeError("sparseCategoricalCrossentropy", "target and output do not fit.", {
    received: `target ${typeText(node.dtype, node.shape)}, output ${typeText(output.dtype, output.shape)}.`,
    expected: `a target of shape [${expected.join()}], one label per row.`,
    fix: "for one-hot targets use categoricalCrossentropy.",
  });
}

/**
 * -log of the output at the class `target`. Probabilities are normalised and clipped to [1e-7, 1 - 1e-7], as in Keras.
 * A label that is no class has loss 0.
 * @returns a loss per row: the shape of `output` without `axis`.
 * @example
 * sparseCategoricalCrossentropy([1], tensor([[0.5, 0.5]])); // [0.6931]
 */
export function sparseCategoricalCrossentropy(
  target: TensorLike,
  output: TensorLike,
  { fromLogits = false, axis = -1 }: CrossentropyOptions = {},
): Tensor {
  const found = floatOperand(output);
  const along = oneAxis("sparseCategoricalCrossentropy", axis, found.shape.length);
  const labels = classLabels(target, found, along);
  const logits = softmaxOperand(found, along);
  if (fromLogits) return wrap(losses.sparseSoftmaxCrossEntropy(found, labels, along, false));
  if (logits) return wrap(losses.sparseSoftmaxCrossEntropy(logits, labels, along, true));
  return wrap(losses.sparseCrossEntropy(found, labels, along));
}

/**
 * -target log(output) - (1 - target) log(1 - output), element by element; probabilities are clipped to [1e-7, 1 - 1e-7].
 * @example
 * binaryCrossentropy(tensor([1, 0]), tensor([0.5, 0.2])); // [0.6931, 0.2231]
 */
export function binaryCrossentropy(
  target: TensorLike,
  output: TensorLike,
  { fromLogits = false }: { fromLogits?: boolean } = {},
): Tensor {
  const [wanted, found] = [floatOperand(target), floatOperand(output)];
  checkSameShape("binaryCrossentropy", wanted, found);
  return wrap(
    fromLogits
      ? losses.binaryCrossEntropyFromLogits(found, wanted)
      : losses.binaryCrossEntropy(found, wanted),
  );
}

/**
 * Mean and variance over axes.
 * @example
 * moments(tensor([1, 3]), 0)[1]; // 1
 */
export function moments(
  x: TensorLike,
  axes: Axis,
  { keepdims = false }: { keepdims?: boolean } = {},
): [Tensor, Tensor] {
  const node = floatOperand(x);
  const over = allAxes("moments", axes, node.shape.length);
  return [wrap(mean(node, over, keepdims)), wrap(variance(node, over, keepdims))];
}

/**
 * x divided by its norm of order `order` along `axis`, or by `epsilon` if that is larger.
 * @example
 * normalize(tensor([3, 4])); // [0.6, 0.8]
 */
export function normalize(
  x: TensorLike,
  { axis = -1, order = 2, epsilon = 1e-12 }: { axis?: Axis; order?: number; epsilon?: number } = {},
): Tensor {
  const node = floatOperand(x);
  const along = allAxes("normalize", axis, node.shape.length);
  if (order !== 2)
    throw new ValueError("normalize", "only order 2 is defined here.", {
      received: `order ${order}.`,
      expected: "2.",
      fix: "divide by norm(x, { ord, axis, keepdims: true }).",
    });
  const length = math.sqrt(sum(integerPower(node, 2), along, true));
  return wrap(div(node, maximum(length, constant(epsilon))));
}
