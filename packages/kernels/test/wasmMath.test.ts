/** Vector forms of the functions of floats, over their whole range, against float64. */
import { describe, expect, test } from "vitest";
import { erf, mod, pow, softplus } from "../src/cpu/floatMath.ts";
import { mathOps } from "../src/cpu/wasm/math/index.ts";
import { ModuleBuilder } from "../src/cpu/wasm/moduleBuilder.ts";
import { binding, Code, loopKernel, runOnCpu, words } from "./cpuReference.ts";

const bar = 3e-7;
/** Twice the smallest normal float: results below may be 0. */
const negligible = 2 * 2 ** -126;

type Range = readonly [low: number, high: number];

/** What float64 gives, and ranges to look at closely; all magnitudes are sampled besides. */
const unary: Record<string, readonly [reference: (x: number) => number, ...ranges: Range[]]> = {
  exp: [Math.exp, [-104, 89], [-1, 1]],
  expm1: [Math.expm1, [-20, 89], [-2, 2], [-1e-3, 1e-3]],
  log: [Math.log, [0, 10], [0.98, 1.02]],
  log1p: [Math.log1p, [-1, 3], [-1e-3, 1e-3]],
  tanh: [Math.tanh, [-10, 10], [-1e-2, 1e-2]],
  sigmoid: [(x) => 1 / (1 + Math.exp(-x)), [-89, 30], [-4, 4]],
  softplus: [softplus, [-89, 30], [-4, 4]],
  erf: [erf, [-4.5, 4.5], [-1, 1]],
  sin: [Math.sin, [-10, 10], [-1e5, 1e5], [3.14, 3.143], [314.15, 314.17]],
  cos: [Math.cos, [-10, 10], [-1e5, 1e5], [1.57, 1.571], [-1e-3, 1e-3]],
  tan: [Math.tan, [-10, 10], [-1e5, 1e5], [1.57, 1.571], [3.14, 3.143]],
  asin: [Math.asin, [-1, 1], [-1e-2, 1e-2]],
  acos: [Math.acos, [-1, 1], [0.99, 1]],
  atan: [Math.atan, [-10, 10], [-1, 1]],
  sinh: [Math.sinh, [-89.5, 89.5], [-2, 2]],
  cosh: [Math.cosh, [-89.5, 89.5], [-2, 2]],
  asinh: [Math.asinh, [-10, 10], [999999, 1000001]],
  acosh: [Math.acosh, [1, 10], [1, 1.01], [999999, 1000001]],
  atanh: [Math.atanh, [-1, 1], [-1e-2, 1e-2]],
};

type Ranges = readonly [xLow: number, xHigh: number, yLow: number, yHigh: number];

const binary: Record<string, readonly [(x: number, y: number) => number, ...Ranges[]]> = {
  pow: [pow, [0, 10, -38, 38], [0.9999, 1.0001, -8e5, 8e5], [0, 1e30, -1, 1]],
  mod: [mod, [-10, 10, -3, 3], [-1e6, 1e6, -0.1, 0.1]],
  atan2: [Math.atan2, [-10, 10, -10, 10], [-1, 1, -1000, 1000]],
};

const specials = [0, 1, 0.5, 2, 3, 2.5, 7, 88.7, 89, 89.5, 1e-40, 1e-30, 1e30, 2 ** 24, 3e38, Infinity]
  .flatMap((x) => [x, -x])
  .concat(NaN)
  .map(Math.fround);

/** One op over columns of operands. */
async function apply(op: string, ...operands: Float32Array[]): Promise<Float32Array> {
  const code = new Code();
  const i = code.axis(0);
  const args = operands.map((_, k) => code.load(k, i));
  code.store(args.length, i, code.op(op, "float32", ...args));
  const bindings = [...operands.map(() => binding()), binding("float32", "read_write")];
  const kernel = loopKernel(code, { rows: 1, bindings });
  const n = operands[0]!.length;
  const arrays = [...operands, new Float32Array(n)];
  return (await runOnCpu(kernel, words(kernel, n), arrays)).at(-1)!;
}

function grid([low, high]: Range, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => low + ((high - low) * i) / (length - 1));
}

/** Numbers of all signs and exponents; the step is odd, so that all digits vary. */
function allMagnitudes(length: number): Float32Array {
  const bits = Uint32Array.from({ length }, (_, i) => i * (Math.floor(2 ** 32 / length) | 1));
  return new Float32Array(bits.buffer);
}

/** The same numbers in an order that pairs them with all parts of another column. */
function shuffled(column: Float32Array): Float32Array {
  return column.map((_, i) => column[(i * 7919) % column.length]!);
}

/** Signs of zeros do not count here. */
function isClose(actual: number, expected: number): boolean {
  const rounded = Math.fround(expected);
  if (actual === rounded || !Number.isFinite(rounded)) return Object.is(actual + 0, rounded + 0);
  return Math.abs(actual - expected) <= Math.max(bar * Math.abs(expected), negligible);
}

/** The first few results beyond the bar, in words. */
function misses(
  actual: Float32Array,
  reference: (...x: number[]) => number,
  ...operands: Float32Array[]
): string[] {
  const found: string[] = [];
  actual.forEach((value, i) => {
    const args = operands.map((operand) => operand[i]!);
    const expected = reference(...args);
    if (found.length < 5 && !isClose(value, expected)) found.push(`(${args}) = ${value}, not ${expected}`);
  });
  return found;
}

describe("functions of one float", () => {
  test.each(Object.keys(unary))("%s", async (op) => {
    const [reference, ...ranges] = unary[op]!;
    const samples = [
      Float32Array.from(specials),
      allMagnitudes(99_999),
      ...ranges.map((r) => grid(r, 30_001)),
    ];
    for (const x of samples) expect(misses(await apply(op, x), reference, x)).toEqual([]);
  });

  test.each(["expm1", "log1p", "tanh", "erf", "tan", "asin", "atan", "sinh", "asinh", "atanh"])(
    "%s keeps the sign of 0",
    async (op) => {
      const out = await apply(op, Float32Array.of(0, -0));
      expect([...out]).toEqual([0, -0]);
    },
  );

  test("sin and cos do not pass 1", async () => {
    const x = grid([-100, 100], 99_999);
    for (const op of ["sin", "cos"])
      expect(Math.max(...(await apply(op, x)).map(Math.abs))).toBeLessThanOrEqual(1);
    expect([...(await apply("cos", Float32Array.of(0)))]).toEqual([1]);
  });
});

describe("functions of two floats", () => {
  test.each(Object.keys(binary))("%s", async (op) => {
    const [reference, ...ranges] = binary[op]!;
    const pairs = specials.flatMap((x) => specials.map((y) => [x, y] as const));
    const magnitudes = allMagnitudes(99_999);
    const samples = [
      [Float32Array.from(pairs, ([x]) => x), Float32Array.from(pairs, ([, y]) => y)],
      [magnitudes, shuffled(magnitudes)],
      ...ranges.map(([xLow, xHigh, yLow, yHigh]) => {
        const column = grid([yLow, yHigh], 50_001);
        return [grid([xLow, xHigh], 50_001), shuffled(column)];
      }),
    ] as [Float32Array, Float32Array][];
    for (const [x, y] of samples) expect(misses(await apply(op, x, y), reference, x, y)).toEqual([]);
  });

  test("atan2 tells the zeros apart", async () => {
    const y = Float32Array.of(0, -0, 0, -0);
    const x = Float32Array.of(0, 0, -0, -0);
    expect([...(await apply("atan2", y, x))]).toEqual([0, -0, Math.PI, -Math.PI].map(Math.fround));
  });

  test("pow of -0 has the sign of odd exponents alone", async () => {
    const exponents = Float32Array.of(3, 2, 0.5, -3, -2);
    const out = await apply(
      "pow",
      exponents.map(() => -0),
      exponents,
    );
    expect([...out]).toEqual([-0, 0, 0, -Infinity, Infinity]);
  });
});

test("relaxed modules join products and sums in one instruction, others never do", () => {
  const relaxedMadd = String.fromCharCode(0xfd, 0x85, 0x02);
  const code = (relaxed: boolean) => {
    const module = new ModuleBuilder(relaxed);
    module.define({ params: ["v128"], results: ["v128"] }, "exp", (f) => mathOps.exp!(f, f.params[0]!.get));
    return String.fromCharCode(...module.finish(null));
  };
  expect(code(true)).toContain(relaxedMadd);
  expect(code(false)).not.toContain(relaxedMadd);
});
