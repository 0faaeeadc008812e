/** @file Elementwise functions on float32. In rules, g is the output's cotangent and y the output, read instead of x where it serves. */
import { type Node, type Primitive, record } from "../graph/node.ts";
import { abs, add, div, integerPower, maximum, mul, neg, scale, sub } from "./arithmetic.ts";
import { elementwise, type Rule } from "./factory.ts";
import { equal, greater, where } from "./logic.ts";
import { constant } from "./source.ts";
import { erf64, erfInverse64, roundHalfEven } from "./special.ts";

const unary = (name: string, reference: (x: number) => number, vjp: Rule | null, scalar = name): Primitive =>
  elementwise(name, { dtypes: "float", scalar, reference: (x) => reference(x), vjp: vjp && [vjp] });

const one = (): Node => constant(1);
const square = (x: Node): Node => integerPower(x, 2);

export const expPrimitive: Primitive = /*#__PURE__*/ unary("exp", Math.exp, (g, _, y) => mul(g, y));
export const expm1Primitive: Primitive = /*#__PURE__*/ unary("expm1", Math.expm1, (g, _, y) =>
  mul(g, add(y, one())),
);
export const logPrimitive: Primitive = /*#__PURE__*/ unary("log", Math.log, (g, [x]) => div(g, x));
export const log1pPrimitive: Primitive = /*#__PURE__*/ unary("log1p", Math.log1p, (g, [x]) =>
  div(g, add(x, one())),
);
export const sqrtPrimitive: Primitive = /*#__PURE__*/ unary("sqrt", Math.sqrt, (g, _, y) =>
  div(scale(g, 0.5), y),
);
export const rsqrtPrimitive: Primitive = /*#__PURE__*/ unary(
  "rsqrt",
  (x) => 1 / Math.sqrt(x),
  (g, _, y) => mul(scale(g, -0.5), integerPower(y, 3)),
);
export const reciprocalPrimitive: Primitive = /*#__PURE__*/ unary(
  "reciprocal",
  (x) => 1 / x,
  (g, _, y) => neg(mul(g, square(y))),
);
export const exp = (x: Node): Node => record(expPrimitive, [x]);
export const expm1 = (x: Node): Node => record(expm1Primitive, [x]);
export const log = (x: Node): Node => record(logPrimitive, [x]);
export const log1p = (x: Node): Node => record(log1pPrimitive, [x]);
export const sqrt = (x: Node): Node => record(sqrtPrimitive, [x]);
export const rsqrt = (x: Node): Node => record(rsqrtPrimitive, [x]);
export const reciprocal = (x: Node): Node => record(reciprocalPrimitive, [x]);

export const sinPrimitive: Primitive = /*#__PURE__*/ unary("sin", Math.sin, (g, [x]) => mul(g, cos(x)));
export const cosPrimitive: Primitive = /*#__PURE__*/ unary("cos", Math.cos, (g, [x]) => neg(mul(g, sin(x))));
export const tanPrimitive: Primitive = /*#__PURE__*/ unary("tan", Math.tan, (g, _, y) =>
  mul(g, add(square(y), one())),
);
export const asinPrimitive: Primitive = /*#__PURE__*/ unary(
  "arcsin",
  Math.asin,
  (g, [x]) => mul(g, rsqrt(sub(one(), square(x)))),
  "asin",
);
export const acosPrimitive: Primitive = /*#__PURE__*/ unary(
  "arccos",
  Math.acos,
  (g, [x]) => neg(mul(g, rsqrt(sub(one(), square(x))))),
  "acos",
);
export const atanPrimitive: Primitive = /*#__PURE__*/ unary(
  "arctan",
  Math.atan,
  (g, [x]) => div(g, add(square(x), one())),
  "atan",
);
export const sin = (x: Node): Node => record(sinPrimitive, [x]);
export const cos = (x: Node): Node => record(cosPrimitive, [x]);
export const tan = (x: Node): Node => record(tanPrimitive, [x]);
export const asin = (x: Node): Node => record(asinPrimitive, [x]);
export const acos = (x: Node): Node => record(acosPrimitive, [x]);
export const atan = (x: Node): Node => record(atanPrimitive, [x]);

export const sinhPrimitive: Primitive = /*#__PURE__*/ unary("sinh", Math.sinh, (g, [x]) => mul(g, cosh(x)));
export const coshPrimitive: Primitive = /*#__PURE__*/ unary("cosh", Math.cosh, (g, [x]) => mul(g, sinh(x)));
export const tanhPrimitive: Primitive = /*#__PURE__*/ unary("tanh", Math.tanh, (g, _, y) =>
  mul(g, sub(one(), square(y))),
);
export const asinhPrimitive: Primitive = /*#__PURE__*/ unary(
  "arcsinh",
  Math.asinh,
  (g, [x]) => mul(g, rsqrt(add(square(x), one()))),
  "asinh",
);
export const acoshPrimitive: Primitive = /*#__PURE__*/ unary(
  "arccosh",
  Math.acosh,
  // (x - 1)(x + 1), not x^2 - 1, which cancels near 1
  (g, [x]) => mul(g, rsqrt(mul(sub(x, one()), add(x, one())))),
  "acosh",
);
export const atanhPrimitive: Primitive = /*#__PURE__*/ unary(
  "arctanh",
  Math.atanh,
  (g, [x]) => div(g, sub(one(), square(x))),
  "atanh",
);
export const sinh = (x: Node): Node => record(sinhPrimitive, [x]);
export const cosh = (x: Node): Node => record(coshPrimitive, [x]);
export const tanh = (x: Node): Node => record(tanhPrimitive, [x]);
export const asinh = (x: Node): Node => record(asinhPrimitive, [x]);
export const acosh = (x: Node): Node => record(acoshPrimitive, [x]);
export const atanh = (x: Node): Node => record(atanhPrimitive, [x]);

export const sigmoidPrimitive: Primitive = /*#__PURE__*/ unary(
  "sigmoid",
  (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  (g, _, y) => mul(g, mul(y, sub(one(), y))),
);
/** log(1 + e^x). Its derivative sigmoid(x) is 1 - e^-y = -expm1(-y). */
export const softplusPrimitive: Primitive = /*#__PURE__*/ unary(
  "softplus",
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  (g, _, y) => neg(mul(g, expm1(neg(y)))),
);
/** d erf = 2/sqrt(pi) e^(-x^2) g */
export const erfPrimitive: Primitive = /*#__PURE__*/ unary("erf", erf64, (g, [x]) =>
  mul(scale(g, 2 / Math.sqrt(Math.PI)), exp(neg(square(x)))),
);
/** d erfinv = sqrt(pi)/2 e^(y^2) g */
export const erfInversePrimitive: Primitive = /*#__PURE__*/ unary("erfinv", erfInverse64, (g, _, y) =>
  mul(scale(g, Math.sqrt(Math.PI) / 2), exp(square(y))),
);
export const sigmoid = (x: Node): Node => record(sigmoidPrimitive, [x]);
export const softplus = (x: Node): Node => record(softplusPrimitive, [x]);
export const erf = (x: Node): Node => record(erfPrimitive, [x]);
export const erfInverse = (x: Node): Node => record(erfInversePrimitive, [x]);

export const floorPrimitive: Primitive = /*#__PURE__*/ unary("floor", Math.floor, null);
export const ceilPrimitive: Primitive = /*#__PURE__*/ unary("ceil", Math.ceil, null);
export const truncPrimitive: Primitive = /*#__PURE__*/ unary("trunc", Math.trunc, null);
/** Halves go to the even neighbour. */
export const roundPrimitive: Primitive = /*#__PURE__*/ unary("round", roundHalfEven, null);
export const floor = (x: Node): Node => record(floorPrimitive, [x]);
export const ceil = (x: Node): Node => record(ceilPrimitive, [x]);
export const trunc = (x: Node): Node => record(truncPrimitive, [x]);
export const round = (x: Node): Node => record(roundPrimitive, [x]);

/**
 * x^y. dx = g y x^(y-1), with 0 for y = 0 (x = 0 gives 0 * inf otherwise); dy = g x^y log x, with 0 where x is not positive,
 * as in TensorFlow (its true value is a limit at 0 and no real number below).
 */
export const powPrimitive: Primitive = /*#__PURE__*/ elementwise("power", {
  dtypes: "float",
  scalar: "pow",
  reference: (x, y) => x ** y,
  vjp: [
    (g, [x, y]) => {
      const isZero = equal(y, constant(0));
      return mul(g, mul(y, pow(x, where(isZero, one(), sub(y, one())))));
    },
    (g, [x], output) => {
      const positive = greater(x, constant(0));
      return mul(g, mul(output, where(positive, log(where(positive, x, one())), constant(0))));
    },
  ],
});
export const pow = (x: Node, y: Node): Node => record(powPrimitive, [x, y]);

/** The angle of the point (x, y): d = g (x dy - y dx) / (x^2 + y^2). */
export const atan2Primitive: Primitive = /*#__PURE__*/ elementwise("arctan2", {
  dtypes: "float",
  scalar: "atan2",
  reference: (y, x) => Math.atan2(y, x),
  vjp: [
    (g, [y, x]) => mul(g, div(x, add(square(x), square(y)))),
    (g, [y, x]) => neg(mul(g, div(y, add(square(x), square(y))))),
  ],
});
export const atan2 = (y: Node, x: Node): Node => record(atan2Primitive, [y, x]);

/** log(e^x + e^y) without overflow or cancellation: max + log(1 + e^-|x - y|). */
export const logAddExp = (x: Node, y: Node): Node => add(maximum(x, y), softplus(neg(abs(sub(x, y)))));
