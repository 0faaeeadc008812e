/** @file Records of primitives: completeness of the sample table, shapes and dtypes, references, and their errors. */
import { describe, expect, test } from "vitest";
import * as checkpoint from "../src/control/checkpoint.ts";
import { DtypeError, ShapeError, ValueError } from "../src/graph/errors.ts";
import type { Primitive, RefArray } from "../src/graph/node.ts";
import { interpret } from "../src/interpret/interpret.ts";
import * as activations from "../src/primitives/activations.ts";
import * as adaptivePooling from "../src/primitives/adaptivePooling.ts";
import * as arithmetic from "../src/primitives/arithmetic.ts";
import * as attention from "../src/primitives/attention.ts";
import * as attentionGradient from "../src/primitives/attentionGradient.ts";
import * as barrier from "../src/primitives/barrier.ts";
import * as contraction from "../src/primitives/contraction.ts";
import * as conv from "../src/primitives/conv.ts";
import * as crossEntropy from "../src/primitives/crossEntropy.ts";
import * as cumulative from "../src/primitives/cumulative.ts";
import * as gradientControl from "../src/primitives/gradientControl.ts";
import * as indexing from "../src/primitives/indexing.ts";
import * as linalg from "../src/primitives/linalg.ts";
import * as linearCrossEntropy from "../src/primitives/linearCrossEntropy.ts";
import * as logic from "../src/primitives/logic.ts";
import * as math from "../src/primitives/math.ts";
import * as movement from "../src/primitives/movement.ts";
import * as normalize from "../src/primitives/normalize.ts";
import * as order from "../src/primitives/order.ts";
import * as orderKey from "../src/primitives/orderKey.ts";
import * as pooling from "../src/primitives/pooling.ts";
import * as products from "../src/primitives/product.ts";
import * as reduce from "../src/primitives/reduce.ts";
import { reshapeRuns } from "../src/primitives/reshapeIndex.ts";
import * as scatter from "../src/primitives/scatter.ts";
import * as search from "../src/primitives/search.ts";
import * as segment from "../src/primitives/segment.ts";
import * as softmax from "../src/primitives/softmax.ts";
import * as sorting from "../src/primitives/sorting.ts";
import * as source from "../src/primitives/source.ts";
import { erf64, erfInverse64 } from "../src/primitives/special.ts";
import { threefry2x32 } from "../src/primitives/threefry.ts";
import * as window from "../src/primitives/window.ts";
import { leaf, type Sample, samples } from "./samples.ts";
import { booleans, integers, uniform, values } from "./samplesInputs.ts";

const modules: readonly object[] = [
  activations,
  adaptivePooling,
  arithmetic,
  attention,
  attentionGradient,
  barrier,
  checkpoint,
  contraction,
  conv,
  crossEntropy,
  cumulative,
  gradientControl,
  indexing,
  linalg,
  linearCrossEntropy,
  logic,
  math,
  movement,
  pooling,
  normalize,
  order,
  orderKey,
  reduce,
  products,
  scatter,
  search,
  segment,
  sorting,
  softmax,
  source,
  window,
];
const records = modules.flatMap((module) =>
  Object.entries(module).filter(([name]) => name.endsWith("Primitive")),
) as [string, Primitive][];

function run(sample: Sample, compositeReference = false): RefArray {
  const nodes = sample.inputs.map(leaf);
  const given = new Map(nodes.map((node, i) => [node, sample.inputs[i] as RefArray]));
  const [result] = interpret([sample.build(nodes)], (node) => given.get(node) ?? null, {
    compositeReference,
  });
  return result as RefArray;
}

function expectClose(actual: RefArray, expected: RefArray, tolerance: number): void {
  expect(actual.shape).toBe(expected.shape);
  for (const [i, value] of expected.data.entries())
    expect(Math.abs((actual.data[i] as number) - value)).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(value)),
    );
}

describe("the sample table", () => {
  test.each(records)("%s has a row", (_, primitive) => {
    expect(samples.some((sample) => sample.primitive === primitive)).toBe(true);
  });

  test("labels and names are unique", () => {
    const labels = samples.map((sample) => sample.label);
    expect(labels.filter((label, i) => labels.indexOf(label) !== i)).toEqual([]);
    const names = records.map(([, primitive]) => primitive.name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  test.each(samples.map((sample) => [sample.label, sample] as const))(
    "%s uses its primitive",
    (_, sample) => {
      const seen = new Set<Primitive>();
      const stack = [sample.build(sample.inputs.map(leaf))];
      for (let node = stack.pop(); node; node = stack.pop()) {
        seen.add(node.primitive);
        stack.push(...node.inputs);
      }
      if (sample.primitive) expect(seen.has(sample.primitive)).toBe(true);
    },
  );
});

describe("records are complete for their family", () => {
  test.each(records)("%s", (_, primitive) => {
    const { family, at, stage } = primitive;
    const { reference, decompose } = primitive.bundle ?? primitive;
    expect(reference !== null || decompose !== null).toBe(true);
    if (family !== "bundle") expect(decompose !== null).toBe(family === "composite");
    expect(stage !== null).toBe(family === "reduce");
    expect(at !== null).toBe(["elementwise", "movement", "indexing", "source"].includes(family));
  });
});

describe("values", () => {
  test.each(samples.map((sample) => [sample.label, sample] as const))("%s is defined", (_, sample) => {
    const result = run(sample);
    expect(result.data.every((value) => Number.isFinite(value))).toBe(true);
  });

  const scalars = samples.filter((sample) => sample.scalar);
  test.each(scalars.map((sample) => [sample.label, sample] as const))("%s has its meaning", (_, sample) => {
    const data = (sample.inputs[0] as RefArray).data.map(sample.scalar as (x: number) => number);
    const result = run(sample);
    expectClose(result, { ...result, data }, 1e-7);
  });

  const both = samples.filter((sample) => sample.primitive?.decompose && sample.primitive.reference);
  test.each(both.map((sample) => [sample.label, sample] as const))(
    "%s: reference and decomposition agree",
    (_, sample) => {
      expectClose(run(sample), run(sample, true), 1e-12);
    },
  );
});

describe("hand-computed values", () => {
  const check = (label: string, expected: readonly number[]) => {
    const sample = samples.find((candidate) => candidate.label === label) as Sample;
    expect([...run(sample).data].map((value) => Number(value.toPrecision(15)) + 0)).toEqual(expected);
  };

  test("integers wrap at 32 bits", () => check("multiply wraps int32", [-1073741824, -67153019]));
  test("conversion saturates", () =>
    check("cast float32 to int32 truncates and saturates", [1, -1, 2147483647, -2147483648, 0, 7]));
  test("halves round to even", () => check("round halves to even", [-2, -2, 0, 0, 2, 2, 4]));
  test("logical shift of uint32", () => check("rightShift uint32", [2147483644, 8]));
  test("bits of floats", () => check("bitcast float32 to uint32", [0x3f800000, 0xc0200000, 0]));
  test("powers at zero", () => check("power of negative bases and zero", [-8, 2.25, 0, 1]));
  test("first of equals", () => {
    check("argmax takes the first of equals", [1, 0]);
    check("argmin takes the first of equals", [0, 0]);
  });
  test("positions", () => check("iota", [0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2]));
  test("one hot leaves out-of-range rows empty", () => {
    check("oneHot", [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
  });

  test("Threefry of Random123's known answers", () => {
    expect(threefry2x32(0, 0, 0, 0)).toEqual([0x6b200159, 0x99ba4efe]);
    expect(threefry2x32(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual([0xc4923a9c, 0x483df7a0]);
  });

  test("erf and its inverse", () => {
    expect(erf64(0.5)).toBeCloseTo(0.5204998778130465, 15);
    expect(erf64(3.5)).toBeCloseTo(0.9999992569016276, 15);
    expect(erfInverse64(erf64(1.7))).toBeCloseTo(1.7, 13);
    expect(erfInverse64(1)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("errors", () => {
  const float = (shape: readonly number[]) => leaf(uniform(shape));
  const int = (shape: readonly number[]) => leaf(integers(shape, 0, 3));

  test("matmul names the axes", () => {
    expect(() => contraction.matmul(float([32, 784]), float([512, 10]))).toThrow(
      new ShapeError("matmul", "inner dimensions differ.", {
        received: "a float32[32,784], b float32[512,10] (a axis 1 = 784, b axis 0 = 512).",
        expected: "a.shape[1] === b.shape[0].",
        fix: "check the units of the previous layer, or transpose b.",
      }),
    );
  });

  test("shapes", () => {
    expect(() => arithmetic.add(float([2, 3]), float([2]))).toThrow(ShapeError);
    expect(() => movement.reshape(float([2, 3]), [4])).toThrow(ShapeError);
    expect(() => movement.broadcastTo(float([2]), [3])).toThrow(ShapeError);
    expect(() => movement.slice(float([3]), [2], [2])).toThrow(ShapeError);
    expect(() => movement.pad(float([3]), [-1], [0])).toThrow(ShapeError);
    expect(() => movement.concat([float([2, 3]), float([2, 2])], 0)).toThrow(ShapeError);
    expect(() => contraction.matmul(float([2, 2, 3]), float([3, 3, 2]))).toThrow(ShapeError);
    expect(() => indexing.takeAlongAxis(float([2, 3]), int([3, 3]), 1)).toThrow(ShapeError);
    expect(() => linalg.cholesky(float([2, 3]))).toThrow(ShapeError);
    expect(() => linalg.cholesky(float([65, 65]))).toThrow(ValueError);
  });

  test("dtypes", () => {
    expect(() => arithmetic.add(float([2]), int([2]))).toThrow(DtypeError);
    expect(() => math.exp(int([2]))).toThrow(DtypeError);
    expect(() => logic.and(float([2]), float([2]))).toThrow(DtypeError);
    expect(() => logic.where(int([2]), float([2]), float([2]))).toThrow(DtypeError);
    expect(() => indexing.take(float([2]), float([1]), 0)).toThrow(DtypeError);
    expect(() => reduce.sum(leaf(booleans([2])), [0])).toThrow(DtypeError);
    expect(() => source.randomBits(leaf(integers([], 0, 3)), leaf(integers([], 0, 3)), [2])).toThrow(
      ValueError,
    );
  });

  test("reductions over nothing", () => {
    expect(() => reduce.max(float([0, 2]), [0])).toThrow(ValueError);
    const empty = reduce.sum(leaf(values([0, 2], [])), [0]);
    const product = products.prod(leaf(values([0, 2], [])), [0]);
    const results = interpret([empty, product], (node) => (node.inputs.length ? null : values([0, 2], [])));
    expect(results.map((result) => [...result.data])).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });
});

describe("reshape", () => {
  test("axes that keep their elements stand alone", () => {
    const runs = reshapeRuns([2, 3, 4, 5], [2, 12, 5]).map(({ from, to }) => [...from, ...to]);
    expect(runs).toEqual([
      [0, 1, 0, 1],
      [1, 3, 1, 2],
      [3, 4, 2, 3],
    ]);
  });
});
