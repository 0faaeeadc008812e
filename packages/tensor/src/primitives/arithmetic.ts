/** @file Elementwise arithmetic on float32, int32 and uint32. In rules, g is the output's cotangent and y the output. */
import type { Dtype } from "@tenrec/kernels";
import { type Node, type Primitive, record, type ScalarValue } from "../graph/node.ts";
import { elementwise } from "./factory.ts";
import { cast, equal, greater, where } from "./logic.ts";
import { constant, fill, number } from "./source.ts";

export const negPrimitive: Primitive = /*#__PURE__*/ elementwise("negative", {
  dtypes: "number",
  scalar: "neg",
  reference: (x) => -x,
  vjp: [(g) => neg(g)],
});
export const neg = (x: Node): Node => record(negPrimitive, [x]);

export const signPrimitive: Primitive = /*#__PURE__*/ elementwise("sign", {
  dtypes: "number",
  reference: (x) => Math.sign(x),
  vjp: null,
});
export const sign = (x: Node): Node => record(signPrimitive, [x]);

export const absPrimitive: Primitive = /*#__PURE__*/ elementwise("abs", {
  dtypes: "number",
  reference: (x) => Math.abs(x),
  vjp: [(g, [x]) => mul(g, sign(x))],
});
export const abs = (x: Node): Node => record(absPrimitive, [x]);

export const addPrimitive: Primitive = /*#__PURE__*/ elementwise("add", {
  dtypes: "number",
  reference: (x, y) => x + y,
  vjp: [(g) => g, (g) => g],
});
export const add = (x: Node, y: Node): Node => record(addPrimitive, [x, y]);

export const subPrimitive: Primitive = /*#__PURE__*/ elementwise("subtract", {
  dtypes: "number",
  scalar: "sub",
  reference: (x, y) => x - y,
  vjp: [(g) => g, (g) => neg(g)],
});
export const sub = (x: Node, y: Node): Node => record(subPrimitive, [x, y]);

export const mulPrimitive: Primitive = /*#__PURE__*/ elementwise("multiply", {
  dtypes: "number",
  scalar: "mul",
  // Products of 32-bit integers pass 2^53; imul keeps their low word.
  reference: (x, y, _, dtype) => (dtype === "float32" ? x * y : Math.imul(x, y)),
  vjp: [(g, [, b]) => mul(g, b), (g, [a]) => mul(g, a)],
});
export const mul = (x: Node, y: Node): Node => record(mulPrimitive, [x, y]);

export const divPrimitive: Primitive = /*#__PURE__*/ elementwise("divide", {
  dtypes: "float",
  scalar: "div",
  reference: (x, y) => x / y,
  vjp: [(g, [, b]) => div(g, b), (g, [, b], y) => neg(mul(div(g, b), y))],
});
export const div = (x: Node, y: Node): Node => record(divPrimitive, [x, y]);

/** Gradient share of `x` against `y` where the output took the better one: 1, or 1/2 where they are equal, as in JAX. */
const share = (x: Node, y: Node): Node =>
  where(equal(x, y), constant(0.5, x.dtype), cast(greater(x, y), x.dtype));

export const maximumPrimitive: Primitive = /*#__PURE__*/ elementwise("maximum", {
  dtypes: "number",
  scalar: "max",
  reference: (x, y) => Math.max(x, y),
  vjp: [(g, [a, b]) => mul(g, share(a, b)), (g, [a, b]) => mul(g, share(b, a))],
});
export const maximum = (x: Node, y: Node): Node => record(maximumPrimitive, [x, y]);

export const minimumPrimitive: Primitive = /*#__PURE__*/ elementwise("minimum", {
  dtypes: "number",
  scalar: "min",
  reference: (x, y) => Math.min(x, y),
  vjp: [(g, [a, b]) => mul(g, share(b, a)), (g, [a, b]) => mul(g, share(a, b))],
});
export const minimum = (x: Node, y: Node): Node => record(minimumPrimitive, [x, y]);

/** Integer division that truncates, and its remainder (the sign of x). Division by 0 has no defined value. */
export const integerDivPrimitive: Primitive = /*#__PURE__*/ elementwise("integerDivide", {
  dtypes: "integer",
  scalar: "idiv",
  reference: (x, y) => Math.trunc(x / y),
  vjp: null,
});
export const integerDiv = (x: Node, y: Node): Node => record(integerDivPrimitive, [x, y]);

export const integerRemainderPrimitive: Primitive = /*#__PURE__*/ elementwise("integerRemainder", {
  dtypes: "integer",
  scalar: "irem",
  reference: (x, y) => x % y,
  vjp: null,
});
export const integerRemainder = (x: Node, y: Node): Node => record(integerRemainderPrimitive, [x, y]);

/** Python's `//`: rounds towards minus infinity. */
export const floorDivPrimitive: Primitive = /*#__PURE__*/ elementwise("floorDivide", {
  dtypes: "number",
  scalar: "floorDiv",
  reference: (x, y) => Math.floor(x / y),
  vjp: null,
});
export const floorDiv = (x: Node, y: Node): Node => record(floorDivPrimitive, [x, y]);

/** Python's `%`: the sign of y; x - y * floor(x / y). */
export const modPrimitive: Primitive = /*#__PURE__*/ elementwise("mod", {
  dtypes: "number",
  reference: (x, y) => (x % y === 0 ? 0 : x % y < 0 === y < 0 ? x % y : (x % y) + y),
  vjp: [(g) => g, (g, [a, b]) => neg(mul(g, floorDiv(a, b)))],
});
export const mod = (x: Node, y: Node): Node => record(modPrimitive, [x, y]);

/** x * x * ... by squaring: `square` and `multiply` of the values of one domain, for a positive exponent. */
function powerBySquaring<T>(x: T, exponent: number, multiply: (a: T, b: T) => T): T {
  let result: T | null = null;
  let base = x;
  for (let left = exponent; ; base = multiply(base, base)) {
    if (left & 1) result = result === null ? base : multiply(result, base);
    left >>= 1;
    if (left === 0) return result as T;
  }
}

const timesNumber = (a: number, b: number, dtype: Dtype): number =>
  dtype === "float32" ? a * b : Math.imul(a, b);

export const integerPowerPrimitive: Primitive = /*#__PURE__*/ elementwise("integerPower", {
  dtypes: "number",
  reference: (x, _y, _z, dtype, attrs) => {
    const exponent = attrs.exponent as number;
    const value = powerBySquaring(x, Math.abs(exponent), (a, b) => timesNumber(a, b, dtype));
    return exponent < 0 ? 1 / value : value;
  },
  // d x^n = n x^(n-1) g
  vjp: [
    (g, [x], _, attrs) => {
      const exponent = attrs.exponent as number;
      return mul(g, mul(constant(exponent, x.dtype), integerPower(x, exponent - 1)));
    },
  ],
  code: (emit, values, node) => {
    const exponent = node.attrs.exponent as number;
    const times = (a: ScalarValue, b: ScalarValue): ScalarValue => emit.op("mul", node.dtype, a, b);
    const power = powerBySquaring(values[0] as ScalarValue, Math.abs(exponent), times);
    return exponent < 0 ? emit.op("reciprocal", node.dtype, power) : power;
  },
});

/** x to an integer power that is structure: multiplications, defined for negative x (negative exponents: float32 only). */
export function integerPower(x: Node, exponent: number): Node {
  if (exponent === 0) return fill(1, x.shape, x.dtype);
  return exponent === 1 ? x : record(integerPowerPrimitive, [x], { exponent });
}

export const square = (x: Node): Node => integerPower(x, 2);

/** x times a host number, as a param where it is no common constant. */
export const scale = (x: Node, by: number): Node => mul(x, constant(by, x.dtype));

/** x divided by a host number that comes from an extent. */
export const divideByCount = (x: Node, count: number): Node => div(x, number(count, x.dtype));
