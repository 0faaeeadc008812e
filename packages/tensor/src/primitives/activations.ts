/** @file Keras's activation functions on nodes. Gradients read the output where it tells enough, so that inputs need not be kept. */
import { type Attrs, type Node, type Primitive, record } from "../graph/node.ts";
import { abs, add, div, integerPower, minimum, mul, neg, scale, sub } from "./arithmetic.ts";
import { composite } from "./composite.ts";
import { clip } from "./crossEntropy.ts";
import { at, commonDtype, elementwise, perInput, type Rule } from "./factory.ts";
import { and, greater, greaterEqual, less, lessEqual, where } from "./logic.ts";
import { erf, expm1, sigmoid, softplus, sqrt, tanh } from "./math.ts";
import { sliceAxis } from "./movement.ts";
import { constant } from "./source.ts";

const zero = (): Node => constant(0);
const one = (): Node => constant(1);
const numberOf = (attrs: Attrs, name: string): Node => constant(attrs[name] as number);

/** max(x, 0); the gradient passes where y > 0. */
export const reluPrimitive: Primitive = /*#__PURE__*/ elementwise("relu", {
  dtypes: "number",
  reference: (x) => Math.max(x, 0),
  vjp: [(g, _, y) => where(greater(y, constant(0, y.dtype)), g, constant(0, g.dtype))],
  code: (emit, [x], node) => emit.op("max", node.dtype, x as number, emit.literal(0, node.dtype)),
});
export const relu = (x: Node): Node => record(reluPrimitive, [x]);

/** An activation of one float input with a rule that reads its output. */
const activation = (name: string, of: (x: Node, attrs: Attrs) => Node, rule: Rule): Primitive =>
  composite(name, {
    dtype: (inputs) => commonDtype(name, inputs, "float"),
    decompose: (inputs, attrs) => of(at(inputs, 0), attrs),
    vjp: perInput(rule),
  });

export const relu6Primitive: Primitive = /*#__PURE__*/ activation(
  "relu6",
  (x) => clip(x, zero(), constant(6)),
  (g, _, y) => where(and(greater(y, zero()), less(y, constant(6))), g, zero()),
);
export const relu6 = (x: Node): Node => record(relu6Primitive, [x]);

/** x, or negativeSlope x below 0; the output has the input's sign, as slopes are positive here. */
export const leakyReluPrimitive: Primitive = /*#__PURE__*/ activation(
  "leakyRelu",
  (x, attrs) => where(greaterEqual(x, zero()), x, mul(x, numberOf(attrs, "negativeSlope"))),
  (g, _, y, attrs) => where(greaterEqual(y, zero()), g, mul(g, numberOf(attrs, "negativeSlope"))),
);

export function leakyRelu(x: Node, negativeSlope: number): Node {
  if (negativeSlope > 0) return record(leakyReluPrimitive, [x], { negativeSlope });
  return where(greaterEqual(x, zero()), x, scale(x, negativeSlope));
}

/** Keras's ReLU with all its arguments. */
export function reluWith(
  x: Node,
  {
    negativeSlope,
    maxValue,
    threshold,
  }: { negativeSlope: number; maxValue: number | null; threshold: number },
): Node {
  if (negativeSlope === 0 && threshold === 0 && maxValue === null) return relu(x);
  if (negativeSlope === 0 && threshold === 0 && maxValue === 6) return relu6(x);
  if (negativeSlope !== 0 && threshold === 0 && maxValue === null) return leakyRelu(x, negativeSlope);
  const positive = threshold === 0 ? relu(x) : where(greater(x, constant(threshold)), x, zero());
  const limited = maxValue === null ? positive : clip(positive, zero(), constant(maxValue));
  if (negativeSlope === 0) return limited;
  return sub(limited, scale(relu(sub(constant(threshold), x)), negativeSlope));
}

/** x, or alpha (e^x - 1) below 0, where the derivative is y + alpha. */
export const eluPrimitive: Primitive = /*#__PURE__*/ activation(
  "elu",
  (x, attrs) => where(greater(x, zero()), x, mul(expm1(minimum(x, zero())), numberOf(attrs, "alpha"))),
  (g, _, y, attrs) => where(greater(y, zero()), g, mul(g, add(y, numberOf(attrs, "alpha")))),
);

/** x, or alpha (e^(x/alpha) - 1) below 0, where the derivative is y / alpha + 1. */
export const celuPrimitive: Primitive = /*#__PURE__*/ activation(
  "celu",
  (x, attrs) => {
    const alpha = numberOf(attrs, "alpha");
    return where(greater(x, zero()), x, mul(expm1(div(minimum(x, zero()), alpha)), alpha));
  },
  (g, _, y, attrs) => where(greater(y, zero()), g, mul(g, add(div(y, numberOf(attrs, "alpha")), one()))),
);

export function elu(x: Node, alpha: number): Node {
  if (alpha > 0) return record(eluPrimitive, [x], { alpha });
  return where(greater(x, zero()), x, scale(expm1(minimum(x, zero())), alpha));
}
export const celu = (x: Node, alpha: number): Node => record(celuPrimitive, [x], { alpha });

const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;
export const selu = (x: Node): Node => scale(elu(x, seluAlpha), seluScale);

/** min(max(x / 6 + 1/2, 0), 1). */
export const hardSigmoidPrimitive: Primitive = /*#__PURE__*/ activation(
  "hardSigmoid",
  (x) => clip(add(scale(x, 1 / 6), constant(0.5)), zero(), one()),
  (g, _, y) => where(and(greater(y, zero()), less(y, one())), scale(g, 1 / 6), zero()),
);
export const hardSigmoid = (x: Node): Node => record(hardSigmoidPrimitive, [x]);
export const hardSilu = (x: Node): Node => mul(x, hardSigmoid(x));

/** x between -1 and 1; as in JAX the corners belong to the middle. */
export const hardTanhPrimitive: Primitive = /*#__PURE__*/ activation(
  "hardTanh",
  (x) => clip(x, constant(-1), one()),
  (g, [x]) => where(greater(abs(x), one()), zero(), g),
);
export const hardTanh = (x: Node): Node => record(hardTanhPrimitive, [x]);

/** x / (1 + |x|), with derivative (1 - |y|)^2. */
export const softsignPrimitive: Primitive = /*#__PURE__*/ activation(
  "softsign",
  (x) => div(x, add(abs(x), one())),
  (g, _, y) => mul(g, integerPower(sub(one(), abs(y)), 2)),
);
export const softsign = (x: Node): Node => record(softsignPrimitive, [x]);

export const silu = (x: Node): Node => mul(x, sigmoid(x));
export const mish = (x: Node): Node => mul(x, tanh(softplus(x)));
export const logSigmoid = (x: Node): Node => neg(softplus(neg(x)));
export const tanhShrink = (x: Node): Node => sub(x, tanh(x));

/** x Phi(x): exactly, or with tanh(sqrt(2/pi) (x + 0.044715 x^3)). */
export function gelu(x: Node, approximate: boolean): Node {
  const half = scale(x, 0.5);
  if (!approximate) return mul(half, add(erf(scale(x, Math.SQRT1_2)), one()));
  const cubic = add(x, scale(integerPower(x, 3), 0.044715));
  return mul(half, add(tanh(scale(cubic, Math.sqrt(2 / Math.PI))), one()));
}

/** x moved towards 0 by the threshold, 0 within it; no gradient at the corners, as in JAX. */
export function softShrink(x: Node, threshold: number): Node {
  const limit = constant(threshold);
  const below = where(less(x, constant(-threshold)), add(x, limit), zero());
  return where(greater(x, limit), sub(x, limit), below);
}

export const hardShrink = (x: Node, threshold: number): Node =>
  where(greater(abs(x), constant(threshold)), x, zero());

export const threshold = (x: Node, limit: number, defaultValue: number): Node =>
  where(greater(x, constant(limit)), x, constant(defaultValue));

/** (x + sqrt(x^2 + b)) / 2. */
export const squareplus = (x: Node, b: number): Node =>
  scale(add(x, sqrt(add(integerPower(x, 2), constant(b)))), 0.5);

/** 0 below -1, ((x + 1) / 2)^2 up to 1, x above. */
export const sparsePlus = (x: Node): Node => {
  const middle = integerPower(scale(add(x, one()), 0.5), 2);
  return where(lessEqual(x, constant(-1)), zero(), where(less(x, one()), middle, x));
};

export const sparseSigmoid = (x: Node): Node => clip(scale(add(x, one()), 0.5), zero(), one());

/** First half along `axis` times the sigmoid of the second. */
export function glu(x: Node, axis: number): Node {
  const extent = at(x.shape, axis);
  return mul(sliceAxis(x, axis, 0, extent / 2), sigmoid(sliceAxis(x, axis, extent / 2, extent)));
}
