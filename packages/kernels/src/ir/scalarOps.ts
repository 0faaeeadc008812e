/** @file Names of the scalar operations. Each emitter (WGSL, JavaScript, later WebAssembly) is a total table over these names. */

/** Operations on floats; every operand and the result are float32. */
export const floatUnary = [
  "exp",
  "expm1",
  "log",
  "log1p",
  "sqrt",
  "rsqrt",
  "reciprocal",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "tanh",
  "asinh",
  "acosh",
  "atanh",
  "sigmoid",
  "softplus",
  "erf",
  "erfinv",
  "floor",
  "ceil",
  "trunc",
  "round", // round: half to even
  "half", // to the nearest float16, ties to even; 65520 and more to infinity
] as const;

/** Same dtype in and out; int32, uint32 and float32. `sign` of 0 is 0. `not` is bitwise (integers) or logical (bool). */
export const anyUnary = ["neg", "abs", "sign", "not"] as const;

/** Same dtype for both operands and the result. div: true division (float32 only). idiv, irem: truncating, integers. floorDiv, mod: Python's. */
export const arithmetic = [
  "add",
  "sub",
  "mul",
  "div",
  "idiv",
  "irem",
  "floorDiv",
  "mod",
  "max",
  "min",
  "pow",
  "atan2",
] as const;

/** Integers (and bool for and, or, xor). shr of int32 is arithmetic. */
export const bitwise = ["and", "or", "xor", "shl", "shr"] as const;

/** Operands of one dtype, result bool. Comparisons with NaN are false except ne. */
export const comparison = ["eq", "ne", "lt", "le", "gt", "ge"] as const;

/** Bit tests of a float32, result bool. */
export const floatTest = ["isNan", "isInf", "isFinite"] as const;

/**
 * select: (bool, x, y) gives x where true. cast: value conversion (to bool: x != 0; float to int truncates, saturating; NaN to 0).
 * bitcast: same bits. threefry0/threefry1: first and second word of Threefry 2x32-20 of (key0, key1, counter0, counter1), uint32.
 */
export const special = ["select", "cast", "bitcast", "threefry0", "threefry1"] as const;

export type ScalarOpName =
  | (typeof floatUnary)[number]
  | (typeof anyUnary)[number]
  | (typeof arithmetic)[number]
  | (typeof bitwise)[number]
  | (typeof comparison)[number]
  | (typeof floatTest)[number]
  | (typeof special)[number];
