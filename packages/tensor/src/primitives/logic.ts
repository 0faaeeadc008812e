/** @file Elementwise operations without a gradient of their own (comparisons, bits, tests, conversions) and `where`. */
import type { Dtype } from "@tenrec/kernels";
import { DtypeError } from "../graph/errors.ts";
import { isHalf, type Node, type Primitive, record } from "../graph/node.ts";
import {
  at,
  broadcastAll,
  commonDtype,
  type DtypeSet,
  elementwise,
  mapElements,
  operandsAt,
  perInput,
} from "./factory.ts";
import { constant } from "./source.ts";
import { roundHalf } from "./special.ts";

const comparison = (name: string, scalar: string, test: (x: number, y: number) => boolean): Primitive =>
  elementwise(name, {
    dtypes: "compute",
    result: "bool",
    scalar,
    reference: (x, y) => Number(test(x, y)),
    vjp: null,
  });

export const equalPrimitive: Primitive = /*#__PURE__*/ comparison("equal", "eq", (x, y) => x === y);
export const notEqualPrimitive: Primitive = /*#__PURE__*/ comparison("notEqual", "ne", (x, y) => x !== y);
export const lessPrimitive: Primitive = /*#__PURE__*/ comparison("less", "lt", (x, y) => x < y);
export const lessEqualPrimitive: Primitive = /*#__PURE__*/ comparison("lessEqual", "le", (x, y) => x <= y);
export const greaterPrimitive: Primitive = /*#__PURE__*/ comparison("greater", "gt", (x, y) => x > y);
export const greaterEqualPrimitive: Primitive = /*#__PURE__*/ comparison(
  "greaterEqual",
  "ge",
  (x, y) => x >= y,
);

export const equal = (x: Node, y: Node): Node => record(equalPrimitive, [x, y]);
export const notEqual = (x: Node, y: Node): Node => record(notEqualPrimitive, [x, y]);
export const less = (x: Node, y: Node): Node => record(lessPrimitive, [x, y]);
export const lessEqual = (x: Node, y: Node): Node => record(lessEqualPrimitive, [x, y]);
export const greater = (x: Node, y: Node): Node => record(greaterPrimitive, [x, y]);
export const greaterEqual = (x: Node, y: Node): Node => record(greaterEqualPrimitive, [x, y]);

const bits = (
  name: string,
  scalar: string,
  dtypes: DtypeSet,
  of: (x: number, y: number) => number,
): Primitive => elementwise(name, { dtypes, scalar, reference: of, vjp: null });

/** Logical on bool, bitwise on integers. */
export const andPrimitive: Primitive = /*#__PURE__*/ bits("bitwiseAnd", "and", "bits", (x, y) => x & y);
export const orPrimitive: Primitive = /*#__PURE__*/ bits("bitwiseOr", "or", "bits", (x, y) => x | y);
export const xorPrimitive: Primitive = /*#__PURE__*/ bits("bitwiseXor", "xor", "bits", (x, y) => x ^ y);
export const shiftLeftPrimitive: Primitive = /*#__PURE__*/ bits(
  "leftShift",
  "shl",
  "integer",
  (x, y) => x << y,
);
export const shiftRightPrimitive: Primitive = /*#__PURE__*/ elementwise("rightShift", {
  dtypes: "integer",
  scalar: "shr",
  reference: (x, y, _, dtype) => (dtype === "uint32" ? x >>> y : x >> y),
  vjp: null,
});
export const notPrimitive: Primitive = /*#__PURE__*/ elementwise("bitwiseNot", {
  dtypes: "bits",
  scalar: "not",
  reference: (x, _y, _z, dtype) => (dtype === "bool" ? 1 - x : ~x),
  vjp: null,
});

export const and = (x: Node, y: Node): Node => record(andPrimitive, [x, y]);
export const or = (x: Node, y: Node): Node => record(orPrimitive, [x, y]);
export const xor = (x: Node, y: Node): Node => record(xorPrimitive, [x, y]);
export const shiftLeft = (x: Node, y: Node): Node => record(shiftLeftPrimitive, [x, y]);
export const shiftRight = (x: Node, y: Node): Node => record(shiftRightPrimitive, [x, y]);
export const not = (x: Node): Node => record(notPrimitive, [x]);

const floatTest = (name: string, scalar: string, test: (x: number) => boolean): Primitive =>
  elementwise(name, {
    dtypes: "float",
    result: "bool",
    scalar,
    reference: (x) => Number(test(x)),
    vjp: null,
  });

export const isNanPrimitive: Primitive = /*#__PURE__*/ floatTest("isnan", "isNan", Number.isNaN);
export const isInfPrimitive: Primitive = /*#__PURE__*/ floatTest(
  "isinf",
  "isInf",
  (x) => Math.abs(x) === Number.POSITIVE_INFINITY,
);
export const isFinitePrimitive: Primitive = /*#__PURE__*/ floatTest("isfinite", "isFinite", Number.isFinite);

export const isNan = (x: Node): Node => record(isNanPrimitive, [x]);
export const isInf = (x: Node): Node => record(isInfPrimitive, [x]);
export const isFiniteValue = (x: Node): Node => record(isFinitePrimitive, [x]);

const integerRange: Partial<Record<Dtype, readonly [number, number]>> = {
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  int8: [-128, 127],
  uint8: [0, 255],
};

/** Value conversion of one number between dtypes: float to integer truncates and saturates, integers wrap. */
export function castNumber(x: number, from: Dtype, to: Dtype): number {
  if (to === "bool") return Number(x !== 0);
  if (to === "float16") return roundHalf(x);
  const range = integerRange[to];
  if (!range || !from.startsWith("float")) return x;
  return Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), range[0]), range[1]);
}

function computable(dtype: Dtype): Dtype {
  if (dtype !== "uint8" && dtype !== "int8") return dtype;
  throw new DtypeError("cast", "packed bytes hold host data only.", {
    received: `${dtype} as the dtype of a computed tensor.`,
    expected: "float32, float16, int32, uint32 or bool.",
    fix: `cast to ${dtype === "uint8" ? "uint32" : "int32"}, and make a ${dtype === "uint8" ? "Uint8Array" : "Int8Array"} of the data that you read.`,
  });
}

export const castPrimitive: Primitive = {
  name: "cast",
  family: "elementwise",
  shape: (inputs) => at(inputs, 0).shape,
  dtype: (_, attrs) => computable(attrs.dtype as Dtype),
  vjp: /*#__PURE__*/ perInput((g, [x]) => castBack(g, x.dtype)),
  reference: ([x], attrs) => {
    const from = x as NonNullable<typeof x>;
    return from.data.map((value) => castNumber(value, from.dtype, attrs.dtype as Dtype));
  },
  decompose: null,
  at: (emit, node, index) => emit.op("cast", node.dtype, ...operandsAt(emit, node, index)),
  stage: null,
};

/** Converts values; the node itself where the dtype is right already. */
export function cast(x: Node, dtype: Dtype): Node {
  if (x.dtype === dtype) return x;
  return record(castPrimitive, [x], { dtype });
}

/** A float32 gradient that was made float16 on its way to a float32 value has not been rounded in between. */
function castBack(g: Node, dtype: Dtype): Node {
  const [wide] = g.primitive === castPrimitive && isHalf(g) ? g.inputs : [];
  return wide?.dtype === dtype ? wide : cast(g, dtype);
}

/** The number whose 32 bits in `to` are those of `x` in `from`. */
function reread(x: number, from: Dtype, to: Dtype): number {
  const word = new DataView(new ArrayBuffer(4));
  if (from === "float32") word.setFloat32(0, x);
  else word.setUint32(0, x);
  if (to === "float32") return word.getFloat32(0);
  return to === "int32" ? word.getInt32(0) : word.getUint32(0);
}

export const bitcastPrimitive: Primitive = {
  name: "bitcast",
  family: "elementwise",
  shape: (inputs) => at(inputs, 0).shape,
  dtype: (inputs, attrs) => {
    commonDtype("bitcast", inputs, "number");
    return attrs.dtype as Dtype;
  },
  vjp: null,
  reference: ([x], attrs) => {
    const from = x as NonNullable<typeof x>;
    return from.data.map((value) => reread(value, from.dtype, attrs.dtype as Dtype));
  },
  decompose: null,
  at: (emit, node, index) => emit.op("bitcast", node.dtype, ...operandsAt(emit, node, index)),
  stage: null,
};

/** The same 32 bits read as another dtype. */
export const bitcast = (x: Node, dtype: Dtype): Node =>
  x.dtype === dtype ? x : record(bitcastPrimitive, [x], { dtype });

export const wherePrimitive: Primitive = {
  name: "where",
  family: "elementwise",
  shape: (inputs) => broadcastAll("where", inputs),
  dtype: (inputs) => {
    commonDtype("where", inputs.slice(0, 1), "bool");
    return commonDtype("where", inputs.slice(1), "compute");
  },
  vjp: /*#__PURE__*/ perInput(
    null,
    (g, [condition]) => where(condition, g, constant(0, g.dtype)),
    (g, [condition]) => where(condition, constant(0, g.dtype), g),
  ),
  reference: /*#__PURE__*/ mapElements((condition, x, y) => (condition ? x : y)),
  decompose: null,
  at: (emit, node, index) => emit.op("select", node.dtype, ...operandsAt(emit, node, index)),
  stage: null,
};

/** `x` where `condition` (bool) is true, else `y`; all three broadcast. Both branches are evaluated. */
export const where = (condition: Node, x: Node, y: Node): Node => record(wherePrimitive, [condition, x, y]);
