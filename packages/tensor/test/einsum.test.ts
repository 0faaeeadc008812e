/** @file einsum against plain loops over all labels, its gradients, and the errors of it and of attention and the norms. */
import { describe, expect, test } from "vitest";
import { grad, ops, type Tensor, tensor } from "../src/index.ts";
import { valueOfTensor } from "./opsHost.ts";
import { generator } from "./samplesInputs.ts";

interface Array64 {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

function random(shape: readonly number[], seed: number): Array64 {
  const next = generator(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Array.from({ length: size }, () => Math.fround(2 * next() - 1)) };
}

/** Position in row-major order. */
const linear = (shape: readonly number[], index: readonly number[]): number =>
  shape.reduce((sum, extent, axis) => sum * extent + (index[axis] as number), 0);

/** Loops over every combination of the labels' positions; no ellipsis. */
function loops(equation: string, operands: readonly Array64[]): number[] {
  const [left = "", output = ""] = equation.split("->");
  const terms = left.split(",");
  const extents = new Map<string, number>();
  terms.forEach((term, i) => {
    [...term].forEach((label, axis) => {
      extents.set(label, operands[i]?.shape[axis] as number);
    });
  });
  const labels = [...extents.keys()];
  const sizes = labels.map((label) => extents.get(label) as number);
  const shape = [...output].map((label) => extents.get(label) as number);
  const result = new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0);
  const total = sizes.reduce((a, b) => a * b, 1);
  for (let step = 0; step < total; step++) {
    const at = new Map<string, number>();
    let rest = step;
    labels.forEach((label, i) => {
      at.set(label, rest % (sizes[i] as number));
      rest = Math.floor(rest / (sizes[i] as number));
    });
    const index = (term: string) => [...term].map((label) => at.get(label) as number);
    const value = terms.reduce((product, term, i) => {
      const { shape: own, data } = operands[i] as Array64;
      return product * (data[linear(own, index(term))] as number);
    }, 1);
    const position = linear(shape, index(output));
    result[position] = (result[position] as number) + value;
  }
  return result;
}

const asTensor = ({ shape, data }: Array64): Tensor => tensor({ data: Float32Array.from(data), shape });

function expectClose(found: Tensor, wanted: readonly number[]): void {
  const data = valueOfTensor(found).data;
  expect(data.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries()) expect(data[i]).toBeCloseTo(value, 5);
}

const equations: readonly (readonly [string, ...(readonly number[])[]])[] = [
  ["ij->ji", [2, 3]],
  ["ijk->", [2, 3, 2]],
  ["ii->i", [3, 3]],
  ["iij->j", [3, 3, 2]],
  ["ijij->ij", [2, 3, 2, 3]],
  ["iii->", [3, 3, 3]],
  ["ij,jk->ik", [2, 3], [3, 4]],
  ["ij,kj->ki", [2, 3], [4, 3]],
  ["i,j->ij", [2], [3]],
  ["i,i->", [3], [3]],
  ["i,->i", [3], []],
  ["bij,bjk->bik", [2, 3, 4], [2, 4, 2]],
  ["bij,bjk->ikb", [2, 3, 4], [2, 4, 2]],
  ["abc,cde->abde", [2, 3, 4], [4, 2, 3]],
  ["btnh,bsnh->bnts", [2, 3, 2, 4], [2, 5, 2, 4]],
  ["ij,ij->ij", [2, 3], [2, 3]],
  ["ijk,il->jl", [2, 3, 4], [2, 5]],
  ["ij,jk,kl->il", [2, 3], [3, 4], [4, 2]],
  ["ij,kl,jk->il", [2, 3], [4, 2], [3, 4]],
  ["ab,ac,ad->bcd", [3, 2], [3, 4], [3, 2]],
];

describe("einsum", () => {
  test.each(equations.map(([equation, ...shapes]) => [equation, shapes] as const))(
    "%s",
    (equation, shapes) => {
      const operands = shapes.map((shape, i) => random(shape, i + 1));
      expectClose(ops.einsum(equation, ...operands.map(asTensor)), loops(equation, operands));
    },
  );

  test("without a result: the letters that stand once, in order", () => {
    const [a, b] = [random([2, 3], 1), random([3, 4], 2)];
    expectClose(ops.einsum("kj,ji", asTensor(a), asTensor(b)), loops("kj,ji->ik", [a, b]));
    expectClose(ops.einsum("ba", asTensor(a)), loops("ba->ab", [a]));
  });

  test("the ellipsis stands for further axes, which broadcast", () => {
    const [a, b] = [random([2, 3, 4], 1), random([4, 5], 2)];
    expectClose(ops.einsum("...x,xy->...y", asTensor(a), asTensor(b)), loops("abx,xy->aby", [a, b]));
    const [c, d] = [random([2, 1, 3, 4], 3), random([5, 4, 2], 4)];
    const found = ops.einsum("...ij,...jk->...ik", asTensor(c), asTensor(d));
    expect(found.shape).toEqual([2, 5, 3, 2]);
    expectClose(found, [...valueOfTensor(ops.matmul(asTensor(c), asTensor(d))).data]);
    expectClose(ops.einsum("...i->...", asTensor(a)), loops("abi->ab", [a]));
    expectClose(ops.einsum("i...->...i", asTensor(a)), loops("iab->abi", [a]));
  });

  test("integers stay integers", () => {
    const product = ops.einsum(
      "i,i->",
      tensor([1, 2], { dtype: "int32" }),
      tensor([3, 4], { dtype: "int32" }),
    );
    expect(product.dtype).toBe("int32");
    expect([...valueOfTensor(product).data]).toEqual([11]);
  });

  test("gradient of a product of three", () => {
    const [a, b, c] = [random([2, 3], 1), random([3, 2], 2), random([2, 2], 3)];
    const found = grad((x: Tensor) => ops.sum(ops.einsum("ij,jk,kl->il", x, asTensor(b), asTensor(c))))(
      asTensor(a),
    );
    expectClose(found, loops("il,jk,kl->ij", [{ shape: [2, 2], data: [1, 1, 1, 1] }, b, c]));
  });

  test("equations that do not fit are errors that show them", () => {
    const [a, b] = [ops.ones([2, 3]), ops.ones([4, 5])];
    expect(() => ops.einsum("ij,jk->ik", a)).toThrow(/does not name these operands/);
    expect(() => ops.einsum("ij,jk->ik", a, b)).toThrow(/axis "j" has two extents/);
    expect(() => ops.einsum("ijk->i", a)).toThrow(/another number of axes/);
    expect(() => ops.einsum("ij->ik", a)).toThrow(/an axis that no operand has/);
    expect(() => ops.einsum("i1->i", a)).toThrow(/cannot be read/);
    expect(() => ops.einsum("ij->ii", a)).toThrow(/cannot be read/);
  });
});

describe("errors", () => {
  test("attention names the shapes that do not fit", () => {
    const q = ops.ones([2, 3, 4, 5]);
    expect(() => ops.dotProductAttention(q, ops.ones([2, 3, 4, 6]), q)).toThrow(/do not fit/);
    expect(() => ops.dotProductAttention(q, ops.ones([2, 3, 3, 5]), ops.ones([2, 3, 3, 5]))).toThrow(
      /multiple of kvHeads/,
    );
    expect(() => ops.dotProductAttention(q, q, q, { mask: ops.ones([2, 3]) })).toThrow(/mask does not fit/);
  });

  test("norms name the parameter that does not fit", () => {
    const x = ops.ones([2, 3, 4]);
    expect(() => ops.layerNormalization(x, { gamma: ops.ones([3]) })).toThrow(/gamma does not fit x/);
    expect(() => ops.rmsNormalization(x, { axis: 5 })).toThrow(/axis/);
    expect(() => ops.batchNormalization(x, ops.ones([3]), ops.ones([4]), -1)).toThrow(/mean does not fit x/);
  });
});
