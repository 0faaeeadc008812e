/** Every scalar operation of the cpu backend, for every dtype it takes, against JavaScript's own numbers. */
import { describe, expect, test } from "vitest";
import type { Dtype } from "../src/ir/kernel.ts";
import {
  anyUnary,
  arithmetic,
  bitwise,
  comparison,
  floatTest,
  floatUnary,
  special,
} from "../src/ir/scalarOps.ts";
import { binding, Code, loopKernel, random, runOnCpu, type Words, words } from "./cpuReference.ts";
import { nearestHalf } from "./scalarCases.ts";

function array(dtype: Dtype, values: readonly number[]): Words {
  if (dtype === "float32") return Float32Array.from(values);
  return dtype === "int32" ? Int32Array.from(values) : Uint32Array.from(values);
}

/** One op over columns of operands; the result as numbers. */
async function apply(
  op: string,
  dtype: Dtype,
  operands: readonly (readonly [Dtype, readonly number[]])[],
): Promise<number[]> {
  const n = operands[0]![1].length;
  const code = new Code();
  const i = code.axis(0);
  const args = operands.map(([operand], k) => code.load(k, i, operand));
  code.store(args.length, i, code.op(op, dtype, ...args));
  const bindings = [...operands.map(([operand]) => binding(operand)), binding(dtype, "read_write")];
  const arrays = [
    ...operands.map(([operand, values]) => array(operand, values)),
    array(dtype, new Array(n).fill(0)),
  ];
  const kernel = loopKernel(code, { rows: 1, bindings });
  return Array.from((await runOnCpu(kernel, words(kernel, n), arrays)).at(-1)!);
}

const floats = [...random(40, 3)]
  .flatMap((x) => [x, x * 9])
  .concat([0, -0, 1, -1, 0.5, 1.5, 2.5, -0.5, -1.5, Infinity, -Infinity, NaN]);
const others = [...floats.slice(7), ...floats.slice(0, 7)].map((x) => Math.fround(x));
const ints = [0, 1, -1, 2, -2, 7, -7, 31, 33, 1000003, -1000003, 0x7fffffff, -0x80000000, 12345, -54321];
const intPairs = ints.flatMap((x) => ints.map((y) => [x, y] as const));
const uints = ints.map((x) => x >>> 0);
const uintPairs = uints.flatMap((x) => uints.map((y) => [x, y] as const));

function larger(x: bigint, y: bigint): bigint {
  if (x > y) return x;
  return y;
}

/** Definitions in float64; erf by its series, erfinv by bisection. */
const unaryDefinitions: Record<(typeof floatUnary)[number], (x: number) => number> = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => (x > 30 ? x : Math.log1p(Math.exp(x))),
  erf,
  erfinv,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
  half: nearestHalf,
};

function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function erfinv(y: number): number {
  if (!(Math.abs(y) <= 1)) return NaN;
  if (Math.abs(y) === 1) return y * Infinity;
  let [low, high] = [-6, 6];
  for (let i = 0; i < 90; i++) {
    const middle = (low + high) / 2;
    if (erf(middle) < y) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Relative error of a few float32 roundings; NaN and infinities exactly. */
function expectClose(actual: number, expected: number, what: string): void {
  const rounded = Math.fround(expected);
  if (Object.is(actual, rounded) || actual === rounded) return;
  const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-30);
  if (!(error < 2e-7) && !(Math.abs(actual - expected) < 1e-8)) expect(actual, what).toBe(rounded);
}

describe("float32", () => {
  test.each(floatUnary)("%s", async (op) => {
    const x = op === "erfinv" ? floats.map((v) => (Math.abs(v) > 1 ? v / 10 : v)) : floats;
    const inputs = Array.from(Float32Array.from(x));
    const out = await apply(op, "float32", [["float32", inputs]]);
    out.forEach((v, i) => expectClose(v, unaryDefinitions[op](inputs[i]!), `${op}(${inputs[i]})`));
  });

  test.each(arithmetic.filter((op) => op !== "idiv" && op !== "irem"))("%s", async (op) => {
    const definitions: Record<string, (x: number, y: number) => number> = {
      add: (x, y) => x + y,
      sub: (x, y) => x - y,
      mul: (x, y) => x * y,
      div: (x, y) => x / y,
      floorDiv: (x, y) => Math.floor(x / y),
      mod: (x, y) => (x % y !== 0 && x % y < 0 !== y < 0 ? (x % y) + y : x % y),
      max: Math.max,
      min: Math.min,
      pow: (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y),
      atan2: Math.atan2,
    };
    const x = Array.from(Float32Array.from(floats));
    const out = await apply(op, "float32", [
      ["float32", x],
      ["float32", others],
    ]);
    out.forEach((v, i) =>
      expectClose(v, definitions[op]!(x[i]!, others[i]!), `${op}(${x[i]}, ${others[i]})`),
    );
  });

  test.each(floatTest)("%s", async (op) => {
    const definitions = {
      isNan: Number.isNaN,
      isInf: (x: number) => Math.abs(x) === Infinity,
      isFinite: Number.isFinite,
    };
    expect(await apply(op, "bool", [["float32", floats]])).toEqual(
      floats.map((x) => Number(definitions[op](x))),
    );
  });
});

describe("integers", () => {
  test.each(["int32", "uint32"] as const)("%s arithmetic and bits", async (dtype) => {
    const pairs = dtype === "int32" ? intPairs : uintPairs;
    const wrap = (x: bigint) => Number(dtype === "int32" ? BigInt.asIntN(32, x) : BigInt.asUintN(32, x));
    const modulo = (x: bigint, y: bigint) => (x % y !== 0n && x % y < 0n !== y < 0n ? (x % y) + y : x % y);
    const definitions: Record<string, (x: bigint, y: bigint) => bigint> = {
      add: (x, y) => x + y,
      sub: (x, y) => x - y,
      mul: (x, y) => x * y,
      idiv: (x, y) => (y === 0n ? x : x / y),
      irem: (x, y) => (y === 0n ? 0n : x % y),
      floorDiv: (x, y) => (y === 0n ? x : (x - modulo(x, y)) / y),
      mod: (x, y) => (y === 0n ? 0n : modulo(x, y)),
      max: larger,
      min: (x, y) => -larger(-x, -y),
      and: (x, y) => x & y,
      or: (x, y) => x | y,
      xor: (x, y) => x ^ y,
      shl: (x, y) => x << (y & 31n),
      shr: (x, y) => x >> (y & 31n),
    };
    const names = [...arithmetic, ...bitwise].filter((op) => !["div", "pow", "atan2"].includes(op));
    for (const op of names) {
      const out = await apply(op, dtype, [
        [dtype, pairs.map(([x]) => x)],
        [dtype, pairs.map(([, y]) => y)],
      ]);
      const expected = pairs.map(([x, y]) => wrap(definitions[op]!(BigInt(x), BigInt(y))));
      expect(out, op).toEqual(expected);
    }
    const small = pairs.map(([x, y]) => [x, Math.abs(y) % 9] as const);
    const powers = await apply("pow", dtype, [
      [dtype, small.map(([x]) => x)],
      [dtype, small.map(([, y]) => y)],
    ]);
    expect(powers).toEqual(small.map(([x, y]) => wrap(BigInt(x) ** BigInt(y))));
  });

  test.each(anyUnary)("%s", async (op) => {
    const definitions: Record<string, (x: number) => number> = {
      neg: (x) => -x,
      abs: Math.abs,
      sign: Math.sign,
      not: (x) => ~x,
    };
    const plus = (values: number[]) => values.map((x) => x + 0);
    expect(plus(await apply(op, "int32", [["int32", ints]]))).toEqual(
      plus(ints.map((x) => definitions[op]!(x) | 0)),
    );
    expect(await apply(op, "uint32", [["uint32", uints]])).toEqual(
      uints.map((x) => definitions[op]!(x) >>> 0),
    );
    if (op === "not") expect(await apply(op, "bool", [["bool", [0, 1]]])).toEqual([1, 0]);
    else {
      const out = await apply(op, "float32", [["float32", floats]]);
      const expected = Float32Array.from(floats.map((x) => definitions[op]!(x)));
      expect(plus(out)).toEqual(plus([...expected]));
    }
  });

  test("negative exponents truncate the reciprocal", async () => {
    const out = await apply("pow", "int32", [
      ["int32", [2, 1, -1, -1, 0]],
      ["int32", [-1, -5, -3, -2, 0]],
    ]);
    expect(out).toEqual([0, 1, -1, 1, 1]);
  });

  test("and, or, xor, max and min of bool", async () => {
    const x: [Dtype, number[]] = ["bool", [0, 0, 1, 1]];
    const y: [Dtype, number[]] = ["bool", [0, 1, 0, 1]];
    expect(await apply("and", "bool", [x, y])).toEqual([0, 0, 0, 1]);
    expect(await apply("or", "bool", [x, y])).toEqual([0, 1, 1, 1]);
    expect(await apply("xor", "bool", [x, y])).toEqual([0, 1, 1, 0]);
    expect(await apply("max", "bool", [x, y])).toEqual([0, 1, 1, 1]);
    expect(await apply("min", "bool", [x, y])).toEqual([0, 0, 0, 1]);
  });
});

test.each(comparison)("%s of every dtype", async (op) => {
  const definitions = {
    eq: (x: number, y: number) => x === y,
    ne: (x: number, y: number) => x !== y,
    lt: (x: number, y: number) => x < y,
    le: (x: number, y: number) => x <= y,
    gt: (x: number, y: number) => x > y,
    ge: (x: number, y: number) => x >= y,
  };
  const cases: [Dtype, readonly (readonly [number, number])[]][] = [
    [
      "float32",
      [
        [1, 1],
        [1, 2],
        [NaN, 1],
        [1, NaN],
        [NaN, NaN],
        [0, -0],
        [Infinity, 2],
      ],
    ],
    ["int32", intPairs],
    ["uint32", uintPairs],
    [
      "bool",
      [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ],
    ],
  ];
  for (const [dtype, pairs] of cases) {
    const out = await apply(op, "bool", [
      [dtype, pairs.map(([x]) => x)],
      [dtype, pairs.map(([, y]) => y)],
    ]);
    expect(out).toEqual(pairs.map(([x, y]) => Number(definitions[op](x, y))));
  }
});

describe("special operations", () => {
  test("all of them are tested here", () => {
    expect(special).toEqual(["select", "cast", "bitcast", "threefry0", "threefry1"]);
  });

  test.each(["float32", "int32", "uint32", "bool"] as const)("select %s", async (dtype) => {
    const out = await apply("select", dtype, [
      ["bool", [1, 0, 1]],
      [dtype, [1, 1, 0]],
      [dtype, [0, 0, 1]],
    ]);
    expect(out).toEqual([1, 0, 0]);
  });

  test("cast", async () => {
    const x = [0, -0.9, 1.9, -2.5, 3e9, -3e9, 5e9, NaN, Infinity, -Infinity];
    const int = await apply("cast", "int32", [["float32", x]]);
    expect(int.map((v) => v + 0)).toEqual([
      0, 0, 1, -2, 0x7fffffff, -0x80000000, 0x7fffffff, 0, 0x7fffffff, -0x80000000,
    ]);
    const uint = await apply("cast", "uint32", [["float32", x]]);
    expect(uint).toEqual([0, 0, 1, 0, 3e9, 0, 0xffffffff, 0, 0xffffffff, 0]);
    expect(await apply("cast", "bool", [["float32", x]])).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(await apply("cast", "float32", [["int32", [-7, 16777217]]])).toEqual([-7, 16777216]);
    expect(await apply("cast", "float32", [["uint32", [0xffffffff]]])).toEqual([4294967296]);
    expect(await apply("cast", "uint32", [["int32", [-1]]])).toEqual([0xffffffff]);
    expect(await apply("cast", "int32", [["uint32", [0xffffffff]]])).toEqual([-1]);
    expect(await apply("cast", "bool", [["int32", [-3, 0]]])).toEqual([1, 0]);
    expect(await apply("cast", "float32", [["bool", [1, 0]]])).toEqual([1, 0]);
  });

  test("bitcast", async () => {
    expect(await apply("bitcast", "int32", [["float32", [1, -2]]])).toEqual([0x3f800000, 0xc0000000 | 0]);
    expect(await apply("bitcast", "float32", [["uint32", [0x3f800000, 0x40490fdb]]])).toEqual([
      1,
      Math.fround(Math.PI),
    ]);
  });

  test("threefry gives the published vectors of Random123", async () => {
    const operands = [
      [0, 0xffffffff, 0x13198a2e],
      [0, 0xffffffff, 0x03707344],
      [0, 0xffffffff, 0x243f6a88],
      [0, 0xffffffff, 0x85a308d3],
    ].map((values) => ["uint32", values] as [Dtype, number[]]);
    expect(await apply("threefry0", "uint32", operands)).toEqual([0x6b200159, 0x1cb996fc, 0xc4923a9c]);
    expect(await apply("threefry1", "uint32", operands)).toEqual([0x99ba4efe, 0xbb002be7, 0x483df7a0]);
  });
});
