/** @file Elementwise mathematics. Two tensors broadcast as in NumPy; dtypes promote as in Keras 3. */
import { DtypeError } from "../graph/errors.ts";
import { isFloat, type Node } from "../graph/node.ts";
import * as arithmetic from "../primitives/arithmetic.ts";
import { typesText } from "../primitives/factory.ts";
import { cast, equal, isFiniteValue, isNan, where } from "../primitives/logic.ts";
import * as math from "../primitives/math.ts";
import { constant } from "../primitives/source.ts";
import { promoteNumbers } from "../runtime/promote.ts";
import {
  numberOperand,
  numberPair,
  ofFloats,
  pair,
  type Tensor,
  type TensorLike,
  throughIntegers,
  toNode,
  wrap,
} from "./arguments.ts";

/** A function of two operands of one dtype; bools are computed as integers and stay bools. */
const ofTwo = (x1: TensorLike, x2: TensorLike, of: (a: Node, b: Node) => Node): Tensor =>
  wrap(throughIntegers(pair(x1, x2), of));

/** A function of two numbers that keeps integers. */
const ofNumbers = (x1: TensorLike, x2: TensorLike, of: (a: Node, b: Node) => Node): Tensor =>
  wrap(of(...numberPair(x1, x2)));

const ofFloat = (x: TensorLike, of: (x: Node) => Node): Tensor => ofFloats([x], of);
const ofTwoFloats = (x1: TensorLike, x2: TensorLike, of: (a: Node, b: Node) => Node): Tensor =>
  ofFloats([x1, x2], of);

/** A function that leaves integers as they are. */
function ofFraction(x: TensorLike, of: (x: Node) => Node): Tensor {
  const node = toNode(x);
  return wrap(isFloat(node) ? of(node) : node);
}

/**
 * Sum, element by element.
 * @example
 * add(tensor([1, 2]), 3); // [4, 5]
 */
export const add = (x1: TensorLike, x2: TensorLike): Tensor => ofTwo(x1, x2, arithmetic.add);

/**
 * Difference, element by element. Not defined for two bools.
 * @example
 * subtract(tensor([1, 2]), tensor([[1], [2]])); // [[0, 1], [-1, 0]]
 */
export function subtract(x1: TensorLike, x2: TensorLike): Tensor {
  const [a, b] = pair(x1, x2);
  if (a.dtype !== "bool") return wrap(arithmetic.sub(a, b));
  throw new DtypeError("subtract", "bools have no difference.", {
    received: `${typesText([a, b])}.`,
    expected: "numbers.",
    fix: 'use logicalXor, or cast(x, "int32").',
  });
}

/**
 * Product, element by element.
 * @example
 * multiply(tensor([1, 2]), tensor([3, 4])); // [3, 8]
 */
export const multiply = (x1: TensorLike, x2: TensorLike): Tensor => ofTwo(x1, x2, arithmetic.mul);

/**
 * Quotient in float32, also of integers.
 * @example
 * divide(tensor([1, 2]), 4); // [0.25, 0.5]
 */
export const divide = (x1: TensorLike, x2: TensorLike): Tensor => ofTwoFloats(x1, x2, arithmetic.div);

/**
 * The same as divide.
 * @example
 * trueDivide(tensor([1, 2]), 4); // [0.25, 0.5]
 */
export const trueDivide = divide;

/**
 * Quotient, 0 where the divisor is 0.
 * @example
 * divideNoNan(tensor([1, 2]), tensor([0, 4])); // [0, 0.5]
 */
export const divideNoNan = (x1: TensorLike, x2: TensorLike): Tensor =>
  ofTwoFloats(x1, x2, (a, b) => {
    const isZero = equal(b, constant(0));
    return where(isZero, constant(0), arithmetic.div(a, where(isZero, constant(1), b)));
  });

/**
 * Quotient rounded towards minus infinity.
 * @example
 * floorDivide(tensor([7, -7]), 2); // [3, -4]
 */
export const floorDivide = (x1: TensorLike, x2: TensorLike): Tensor => ofNumbers(x1, x2, arithmetic.floorDiv);

/**
 * Remainder with the sign of the divisor.
 * @example
 * mod(tensor([7, -7]), 3); // [1, 2]
 */
export const mod = (x1: TensorLike, x2: TensorLike): Tensor => ofNumbers(x1, x2, arithmetic.mod);

/** Exponents up to this are multiplied out (at most 10 products). */
const maxIntegerExponent = 64;

/**
 * x1 to the power x2. A whole number as exponent is multiplied out and works for negative bases and integers.
 * @example
 * power(tensor([2, -3]), 2); // [4, 9]
 */
export function power(x1: TensorLike, x2: TensorLike): Tensor {
  if (typeof x2 === "number" && Number.isInteger(x2) && Math.abs(x2) <= maxIntegerExponent) {
    const base = numberOperand(x1);
    return wrap(arithmetic.integerPower(x2 < 0 && !isFloat(base) ? cast(base, "float32") : base, x2));
  }
  const [a, b] = numberPair(x1, x2);
  const result = math.pow(cast(a, "float32"), cast(b, "float32"));
  return wrap(cast(isFloat(a) ? result : math.round(result), a.dtype));
}

/**
 * The larger of two.
 * @example
 * maximum(tensor([1, 5]), 3); // [3, 5]
 */
export const maximum = (x1: TensorLike, x2: TensorLike): Tensor => ofTwo(x1, x2, arithmetic.maximum);

/**
 * The smaller of two.
 * @example
 * minimum(tensor([1, 5]), 3); // [1, 3]
 */
export const minimum = (x1: TensorLike, x2: TensorLike): Tensor => ofTwo(x1, x2, arithmetic.minimum);

/**
 * x limited to [xMin, xMax].
 * @example
 * clip(tensor([-2, 0.5, 7]), 0, 1); // [0, 0.5, 1]
 */
export function clip(x: TensorLike, xMin: TensorLike, xMax: TensorLike): Tensor {
  const [value, low, high] = promoteNumbers([x, xMin, xMax]) as [Node, Node, Node];
  return wrap(arithmetic.minimum(arithmetic.maximum(value, low), high));
}

/**
 * Minus x.
 * @example
 * negative(tensor([1, -2])); // [-1, 2]
 */
export const negative = (x: TensorLike): Tensor => wrap(arithmetic.neg(numberOperand(x)));

/**
 * Absolute value.
 * @example
 * abs(tensor([1, -2])); // [1, 2]
 */
export const abs = (x: TensorLike): Tensor => wrap(arithmetic.abs(numberOperand(x)));

/**
 * The same as abs.
 * @example
 * absolute(tensor([1, -2])); // [1, 2]
 */
export const absolute = abs;

/**
 * -1, 0 or 1.
 * @example
 * sign(tensor([3, 0, -2])); // [1, 0, -1]
 */
export const sign = (x: TensorLike): Tensor => wrap(arithmetic.sign(numberOperand(x)));

/**
 * x times x.
 * @example
 * square(tensor([3, -2])); // [9, 4]
 */
export const square = (x: TensorLike): Tensor => wrap(arithmetic.square(numberOperand(x)));

/**
 * 1 / x in float32.
 * @example
 * reciprocal(tensor([2, 4])); // [0.5, 0.25]
 */
export const reciprocal = (x: TensorLike): Tensor => ofFloat(x, math.reciprocal);

/**
 * Square root; NaN below 0.
 * @example
 * sqrt(tensor([4, 9])); // [2, 3]
 */
export const sqrt = (x: TensorLike): Tensor => ofFloat(x, math.sqrt);

/**
 * 1 / sqrt(x).
 * @example
 * rsqrt(tensor([4, 16])); // [0.5, 0.25]
 */
export const rsqrt = (x: TensorLike): Tensor => ofFloat(x, math.rsqrt);

/**
 * Cube root, also of negative numbers.
 * @example
 * cbrt(tensor([8, -27])); // [2, -3]
 */
export const cbrt = (x: TensorLike): Tensor =>
  ofFloat(x, (node) =>
    arithmetic.mul(arithmetic.sign(node), math.pow(arithmetic.abs(node), constant(1 / 3))),
  );

/**
 * e to the power x.
 * @example
 * exp(tensor([0, 1])); // [1, 2.7183]
 */
export const exp = (x: TensorLike): Tensor => ofFloat(x, math.exp);

/**
 * 2 to the power x.
 * @example
 * exp2(tensor([3, -1])); // [8, 0.5]
 */
export const exp2 = (x: TensorLike): Tensor =>
  ofFloat(x, (node) => math.exp(arithmetic.scale(node, Math.LN2)));

/**
 * e^x - 1, accurate near 0.
 * @example
 * expm1(tensor([0, 1])); // [0, 1.7183]
 */
export const expm1 = (x: TensorLike): Tensor => ofFloat(x, math.expm1);

/**
 * Natural logarithm.
 * @example
 * log(tensor([1, 10])); // [0, 2.3026]
 */
export const log = (x: TensorLike): Tensor => ofFloat(x, math.log);

/**
 * Logarithm of 1 + x, accurate near 0.
 * @example
 * log1p(tensor([0, 1])); // [0, 0.6931]
 */
export const log1p = (x: TensorLike): Tensor => ofFloat(x, math.log1p);

/**
 * Logarithm to base 2.
 * @example
 * log2(tensor([8, 0.5])); // [3, -1]
 */
export const log2 = (x: TensorLike): Tensor =>
  ofFloat(x, (node) => arithmetic.scale(math.log(node), Math.LOG2E));

/**
 * Logarithm to base 10.
 * @example
 * log10(tensor([100, 0.1])); // [2, -1]
 */
export const log10 = (x: TensorLike): Tensor =>
  ofFloat(x, (node) => arithmetic.scale(math.log(node), Math.LOG10E));

/**
 * log(e^x1 + e^x2) without overflow.
 * @example
 * logaddexp(tensor([0, 1000]), 0); // [0.6931, 1000]
 */
export const logaddexp = (x1: TensorLike, x2: TensorLike): Tensor => ofTwoFloats(x1, x2, math.logAddExp);

/**
 * Length of the hypotenuse, sqrt(x1^2 + x2^2).
 * @example
 * hypot(tensor([3, 5]), tensor([4, 12])); // [5, 13]
 */
export const hypot = (x1: TensorLike, x2: TensorLike): Tensor =>
  ofTwoFloats(x1, x2, (a, b) => math.sqrt(arithmetic.add(arithmetic.square(a), arithmetic.square(b))));

/**
 * Sine of an angle in radians.
 * @example
 * sin(tensor([0, 1])); // [0, 0.8415]
 */
export const sin = (x: TensorLike): Tensor => ofFloat(x, math.sin);

/**
 * Cosine of an angle in radians.
 * @example
 * cos(tensor([0, 1])); // [1, 0.5403]
 */
export const cos = (x: TensorLike): Tensor => ofFloat(x, math.cos);

/**
 * Tangent of an angle in radians.
 * @example
 * tan(tensor([0, 1])); // [0, 1.5574]
 */
export const tan = (x: TensorLike): Tensor => ofFloat(x, math.tan);

/**
 * Inverse sine; NaN outside [-1, 1].
 * @example
 * arcsin(tensor([0, 1])); // [0, 1.5708]
 */
export const arcsin = (x: TensorLike): Tensor => ofFloat(x, math.asin);

/**
 * Inverse cosine; NaN outside [-1, 1].
 * @example
 * arccos(tensor([1, 0])); // [0, 1.5708]
 */
export const arccos = (x: TensorLike): Tensor => ofFloat(x, math.acos);

/**
 * Inverse tangent.
 * @example
 * arctan(tensor([0, 1])); // [0, 0.7854]
 */
export const arctan = (x: TensorLike): Tensor => ofFloat(x, math.atan);

/**
 * Angle of the point (x2, x1), in (-pi, pi].
 * @example
 * arctan2(tensor([1, -1]), tensor([1, -1])); // [0.7854, -2.3562]
 */
export const arctan2 = (x1: TensorLike, x2: TensorLike): Tensor => ofTwoFloats(x1, x2, math.atan2);

/**
 * Hyperbolic sine.
 * @example
 * sinh(tensor([0, 1])); // [0, 1.1752]
 */
export const sinh = (x: TensorLike): Tensor => ofFloat(x, math.sinh);

/**
 * Hyperbolic cosine.
 * @example
 * cosh(tensor([0, 1])); // [1, 1.5431]
 */
export const cosh = (x: TensorLike): Tensor => ofFloat(x, math.cosh);

/**
 * Hyperbolic tangent.
 * @example
 * tanh(tensor([0, 1])); // [0, 0.7616]
 */
export const tanh = (x: TensorLike): Tensor => ofFloat(x, math.tanh);

/**
 * Inverse hyperbolic sine.
 * @example
 * arcsinh(tensor([0, 1])); // [0, 0.8814]
 */
export const arcsinh = (x: TensorLike): Tensor => ofFloat(x, math.asinh);

/**
 * Inverse hyperbolic cosine; NaN below 1.
 * @example
 * arccosh(tensor([1, 2])); // [0, 1.317]
 */
export const arccosh = (x: TensorLike): Tensor => ofFloat(x, math.acosh);

/**
 * Inverse hyperbolic tangent; NaN outside [-1, 1].
 * @example
 * arctanh(tensor([0, 0.5])); // [0, 0.5493]
 */
export const arctanh = (x: TensorLike): Tensor => ofFloat(x, math.atanh);

/**
 * Gauss error function.
 * @example
 * erf(tensor([0, 1])); // [0, 0.8427]
 */
export const erf = (x: TensorLike): Tensor => ofFloat(x, math.erf);

/**
 * Inverse of erf on (-1, 1).
 * @example
 * erfinv(tensor([0, 0.5])); // [0, 0.4769]
 */
export const erfinv = (x: TensorLike): Tensor => ofFloat(x, math.erfInverse);

/**
 * Largest whole number not above x. Integers stay as they are.
 * @example
 * floor(tensor([1.7, -1.2])); // [1, -2]
 */
export const floor = (x: TensorLike): Tensor => ofFraction(x, math.floor);

/**
 * Smallest whole number not below x.
 * @example
 * ceil(tensor([1.2, -1.7])); // [2, -1]
 */
export const ceil = (x: TensorLike): Tensor => ofFraction(x, math.ceil);

/**
 * x without its fraction.
 * @example
 * trunc(tensor([1.7, -1.7])); // [1, -1]
 */
export const trunc = (x: TensorLike): Tensor => ofFraction(x, math.trunc);

/**
 * Nearest number with `decimals` decimal places; halves go to the even neighbour.
 * @example
 * round(tensor([0.5, 1.5, -1.7])); // [0, 2, -2]
 */
export function round(x: TensorLike, { decimals = 0 }: { decimals?: number } = {}): Tensor {
  if (decimals === 0) return ofFraction(x, math.round);
  const node = numberOperand(x);
  if (!isFloat(node) && decimals > 0) return wrap(node);
  const factor = 10 ** decimals;
  const rounded = math.round(arithmetic.scale(cast(node, "float32"), factor));
  return wrap(cast(arithmetic.div(rounded, constant(factor)), node.dtype));
}

/**
 * Degrees to radians.
 * @example
 * deg2rad(tensor([180, 90])); // [3.1416, 1.5708]
 */
export const deg2rad = (x: TensorLike): Tensor => ofFloat(x, (node) => arithmetic.scale(node, Math.PI / 180));

/**
 * Radians to degrees.
 * @example
 * rad2deg(tensor([0, 1])); // [0, 57.2958]
 */
export const rad2deg = (x: TensorLike): Tensor => ofFloat(x, (node) => arithmetic.scale(node, 180 / Math.PI));

/** Largest finite float32. */
const largest = 3.4028234663852886e38;

/**
 * NaN replaced by `nan`, infinities by `posinf` and `neginf` (the largest finite numbers by default).
 * @example
 * nanToNum(tensor([1, NaN])); // [1, 0]
 */
export function nanToNum(
  x: TensorLike,
  { nan = 0, posinf = largest, neginf = -largest }: { nan?: number; posinf?: number; neginf?: number } = {},
): Tensor {
  return ofFloat(x, (node) => {
    const isNumber = isFiniteValue(node);
    const infinite = where(isNan(node), constant(nan), infinityValue(node, posinf, neginf));
    return where(isNumber, node, infinite);
  });
}

/** The replacement of an infinity by its sign. */
const infinityValue = (x: Node, positive: number, negative: number): Node =>
  where(equal(arithmetic.sign(x), constant(1)), constant(positive), constant(negative));
