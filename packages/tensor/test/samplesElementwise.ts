/** @file Sample rows of the elementwise primitives. */
import type { Node, Primitive, RefArray } from "../src/graph/node.ts";
import * as arithmetic from "../src/primitives/arithmetic.ts";
import * as logic from "../src/primitives/logic.ts";
import * as math from "../src/primitives/math.ts";
import type { Sample } from "./samples.ts";
import { booleans, integers, separated, uniform, values } from "./samplesInputs.ts";

const unary = (
  primitive: Primitive,
  of: (x: Node) => Node,
  scalar: (x: number) => number,
  range: readonly [number, number] = [-2, 2],
  more: Partial<Sample> = {},
): Sample => ({
  label: primitive.name,
  primitive,
  inputs: [uniform([3, 5], ...range)],
  build: ([x]) => of(x as Node),
  scalar,
  ...more,
});

const binary = (
  primitive: Primitive,
  of: (x: Node, y: Node) => Node,
  inputs: readonly RefArray[] = [separated([3, 4], 2), separated([3, 4], 5, 0.25)],
  more: Partial<Sample> = {},
): Sample => ({
  label: primitive.name,
  primitive,
  inputs,
  build: ([x, y]) => of(x as Node, y as Node),
  ...more,
});

const flat = { noGradient: "piecewise constant" };
const integerResult = { noGradient: "the result is no float" };
const ints = (dtype: "int32" | "uint32" = "int32"): RefArray[] => [
  integers([2, 5], dtype === "int32" ? -50 : 0, 50, dtype, 3),
  integers([2, 5], 1, 9, dtype, 4),
];
const broadcast = [uniform([3, 1, 4], -2, 2, 1), uniform([2, 1], 0.5, 2, 2)];
const a = arithmetic;
const l = logic;
const m = math;

const unaries: readonly Sample[] = [
  unary(a.negPrimitive, a.neg, (x) => -x),
  unary(a.absPrimitive, a.abs, Math.abs, [0.1, 2]),
  unary(a.signPrimitive, a.sign, Math.sign, [-2, 2], flat),
  unary(m.expPrimitive, m.exp, Math.exp),
  unary(m.expm1Primitive, m.expm1, Math.expm1),
  unary(m.logPrimitive, m.log, Math.log, [0.1, 3]),
  unary(m.log1pPrimitive, m.log1p, Math.log1p, [-0.9, 3]),
  unary(m.sqrtPrimitive, m.sqrt, Math.sqrt, [0.1, 3]),
  unary(m.rsqrtPrimitive, m.rsqrt, (x) => 1 / Math.sqrt(x), [0.1, 3]),
  unary(m.reciprocalPrimitive, m.reciprocal, (x) => 1 / x, [0.2, 3]),
  unary(m.sinPrimitive, m.sin, Math.sin),
  unary(m.cosPrimitive, m.cos, Math.cos),
  unary(m.tanPrimitive, m.tan, Math.tan, [-1, 1]),
  unary(m.asinPrimitive, m.asin, Math.asin, [-0.9, 0.9]),
  unary(m.acosPrimitive, m.acos, Math.acos, [-0.9, 0.9]),
  unary(m.atanPrimitive, m.atan, Math.atan),
  unary(m.sinhPrimitive, m.sinh, Math.sinh),
  unary(m.coshPrimitive, m.cosh, Math.cosh),
  unary(m.tanhPrimitive, m.tanh, Math.tanh),
  unary(m.asinhPrimitive, m.asinh, Math.asinh),
  unary(m.acoshPrimitive, m.acosh, Math.acosh, [1.2, 4]),
  unary(m.atanhPrimitive, m.atanh, Math.atanh, [-0.9, 0.9]),
  unary(m.sigmoidPrimitive, m.sigmoid, (x) => 1 / (1 + Math.exp(-x))),
  unary(m.softplusPrimitive, m.softplus, (x) => Math.log(1 + Math.exp(x))),
  unary(m.erfPrimitive, m.erf, errorFunction),
  unary(m.erfInversePrimitive, m.erfInverse, (y) => bisect(errorFunction, y), [-0.95, 0.95]),
  unary(m.floorPrimitive, m.floor, Math.floor, [-3, 3], flat),
  unary(m.ceilPrimitive, m.ceil, Math.ceil, [-3, 3], flat),
  unary(m.truncPrimitive, m.trunc, Math.trunc, [-3, 3], flat),
  {
    label: "round halves to even",
    primitive: m.roundPrimitive,
    inputs: [values([7], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.7])],
    build: ([x]) => m.round(x as Node),
    ...flat,
  },
  ...[2, 3, -2, 7].map((exponent) => ({
    label: `integerPower ${exponent}`,
    primitive: a.integerPowerPrimitive,
    inputs: [separated([2, 3])],
    build: ([x]: readonly Node[]) => a.integerPower(x as Node, exponent),
    scalar: (x: number) => x ** exponent,
  })),
];

/** Simpson's rule on the defining integral. */
function errorFunction(x: number): number {
  const steps = 2000;
  const h = x / steps;
  let sum = 1 + Math.exp(-x * x);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * Math.exp(-((i * h) ** 2));
  return ((2 / Math.sqrt(Math.PI)) * sum * h) / 3;
}

/** The x in [-6, 6] where an increasing function is y. */
function bisect(of: (x: number) => number, y: number): number {
  let [low, high] = [-6, 6];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (of(middle) < y) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

const binaries: readonly Sample[] = [
  binary(a.addPrimitive, a.add),
  binary(a.addPrimitive, a.add, broadcast, { label: "add broadcast" }),
  binary(a.addPrimitive, a.add, [uniform([], 0, 1), uniform([2, 3])], { label: "add scalar" }),
  binary(a.subPrimitive, a.sub),
  binary(a.subPrimitive, a.sub, broadcast, { label: "subtract broadcast" }),
  binary(a.mulPrimitive, a.mul),
  binary(a.mulPrimitive, a.mul, broadcast, { label: "multiply broadcast" }),
  binary(
    a.mulPrimitive,
    a.mul,
    [values([2], [1 << 30, 123456789], "int32"), values([2], [7, 987654321], "int32")],
    {
      label: "multiply wraps int32",
      ...integerResult,
    },
  ),
  binary(a.divPrimitive, a.div, broadcast),
  binary(a.maximumPrimitive, a.maximum),
  binary(a.minimumPrimitive, a.minimum),
  binary(a.maximumPrimitive, a.maximum, ints(), { label: "maximum int32", ...integerResult }),
  binary(a.integerDivPrimitive, a.integerDiv, ints(), integerResult),
  binary(a.integerRemainderPrimitive, a.integerRemainder, ints(), integerResult),
  binary(a.floorDivPrimitive, a.floorDiv, [separated([3, 4], 2), uniform([3, 4], 0.6, 1.9)], flat),
  binary(a.floorDivPrimitive, a.floorDiv, ints(), { label: "floorDivide int32", ...integerResult }),
  binary(a.modPrimitive, a.mod, [separated([3, 4], 2), uniform([3, 4], 0.6, 1.9)]),
  binary(a.modPrimitive, a.mod, ints(), { label: "mod int32", ...integerResult }),
  binary(m.powPrimitive, m.pow, [uniform([2, 3], 0.3, 2), uniform([3], -2, 2)]),
  binary(m.powPrimitive, m.pow, [values([4], [-2, -1.5, 0, 0]), values([4], [3, 2, 2, 0])], {
    label: "power of negative bases and zero",
    noGradient: "defined at integer exponents only",
  }),
  binary(m.atan2Primitive, m.atan2),
];

const comparisons: readonly Sample[] = (
  [
    [l.equalPrimitive, l.equal],
    [l.notEqualPrimitive, l.notEqual],
    [l.lessPrimitive, l.less],
    [l.lessEqualPrimitive, l.lessEqual],
    [l.greaterPrimitive, l.greater],
    [l.greaterEqualPrimitive, l.greaterEqual],
  ] as const
).flatMap(([primitive, of]) => [
  binary(primitive, of, [integers([4, 3], 0, 3, "int32", 1), integers([3], 0, 3, "int32", 2)], integerResult),
  binary(primitive, of, [values([3], [1, 2, 3]), values([3], [1, 2.5, 2])], {
    label: `${primitive.name} float32`,
    ...integerResult,
  }),
]);

const bits: readonly Sample[] = (
  [
    [l.andPrimitive, l.and],
    [l.orPrimitive, l.or],
    [l.xorPrimitive, l.xor],
  ] as const
).flatMap(([primitive, of]) => [
  binary(primitive, of, ints("uint32"), integerResult),
  binary(primitive, of, [booleans([8], 1), booleans([8], 2)], {
    label: `${primitive.name} bool`,
    ...integerResult,
  }),
]);

const nonFinite = values([5], [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1.5]);

const others: readonly Sample[] = [
  binary(l.shiftLeftPrimitive, l.shiftLeft, ints("uint32"), integerResult),
  binary(l.shiftRightPrimitive, l.shiftRight, ints(), integerResult),
  binary(
    l.shiftRightPrimitive,
    l.shiftRight,
    [values([2], [2 ** 32 - 8, 64], "uint32"), values([2], [1, 3], "uint32")],
    {
      label: "rightShift uint32",
      ...integerResult,
    },
  ),
  { ...unary(l.notPrimitive, l.not, (x) => ~x), inputs: ints().slice(0, 1), ...integerResult },
  {
    label: "bitwiseNot bool",
    primitive: l.notPrimitive,
    inputs: [booleans([5])],
    build: ([x]) => l.not(x as Node),
    scalar: (x) => 1 - x,
    ...integerResult,
  },
  {
    ...unary(l.isNanPrimitive, l.isNan, (x) => Number(Number.isNaN(x))),
    inputs: [nonFinite],
    ...integerResult,
  },
  {
    ...unary(l.isInfPrimitive, l.isInf, (x) => Number(Math.abs(x) === Number.POSITIVE_INFINITY)),
    inputs: [nonFinite],
    ...integerResult,
  },
  {
    ...unary(l.isFinitePrimitive, l.isFiniteValue, (x) => Number(Number.isFinite(x))),
    inputs: [nonFinite],
    ...integerResult,
  },
  {
    label: "cast float32 to int32 truncates and saturates",
    primitive: l.castPrimitive,
    inputs: [values([6], [1.7, -1.7, 3e9, -3e9, 0.2, 7])],
    build: ([x]) => l.cast(x as Node, "int32"),
    ...integerResult,
  },
  {
    label: "cast int32 to float32",
    primitive: l.castPrimitive,
    inputs: [integers([5], -9, 9)],
    build: ([x]) => l.cast(x as Node, "float32"),
    noGradient: "the input is no float",
  },
  {
    label: "cast float32 to bool",
    primitive: l.castPrimitive,
    inputs: [values([3], [0, 0.5, -1])],
    build: ([x]) => l.cast(x as Node, "bool"),
    ...integerResult,
  },
  {
    label: "bitcast float32 to uint32",
    primitive: l.bitcastPrimitive,
    inputs: [values([3], [1, -2.5, 0])],
    build: ([x]) => l.bitcast(x as Node, "uint32"),
    ...integerResult,
  },
  {
    label: "bitcast int32 to float32",
    primitive: l.bitcastPrimitive,
    inputs: [values([2], [0x3f800000, 0x40490fdb], "int32")],
    build: ([x]) => l.bitcast(x as Node, "float32"),
    noGradient: "the input is no float",
  },
  {
    label: "where",
    primitive: l.wherePrimitive,
    inputs: [booleans([2, 1, 3]), uniform([4, 3], -1, 1, 2), uniform([1, 1], -1, 1, 3)],
    build: ([condition, x, y]) => l.where(condition as Node, x as Node, y as Node),
  },
  {
    label: "logAddExp",
    primitive: null,
    inputs: [separated([2, 3], 2), separated([2, 3], 7)],
    build: ([x, y]) => m.logAddExp(x as Node, y as Node),
  },
];

export const elementwise: readonly Sample[] = [...unaries, ...binaries, ...comparisons, ...bits, ...others];
