/** @file What convolutions and pooling compile to: no pipelines for another batch size, views never stored. */
import { describe, expect, test } from "vitest";
import { vjp } from "../src/autodiff/vjp.ts";
import type { Node } from "../src/graph/node.ts";
import { relu } from "../src/primitives/activations.ts";
import { add, mul } from "../src/primitives/arithmetic.ts";
import { conv, convPositions, type Geometry } from "../src/primitives/conv.ts";
import { averagePool, maxPool } from "../src/primitives/pooling.ts";
import { sum } from "../src/primitives/reduce.ts";
import { callsOf, compileGraph, input, keysOf } from "./planHarness.ts";

const everything = { enters: () => true, inputsOf: (node: Node) => node.inputs };

/** Value and gradients of the sum of squares of relu(f(x, w) + b). */
function compiled(
  of: (x: Node, w: Node) => Node,
  x: readonly number[],
  w: readonly number[],
  filters: number,
) {
  const leaves = [input(x), input(w), input([filters])] as [Node, Node, Node];
  const y = relu(add(of(leaves[0], leaves[1]), leaves[2]));
  const loss = sum(
    mul(y, y),
    y.shape.map((_, axis) => axis),
  );
  const seed = input([]);
  const gradients = vjp([loss], [seed], leaves, everything).filter((node) => node !== null);
  return compileGraph([...leaves, seed], [loss, ...gradients]);
}

function geometryOf(extents: readonly number[], size: number, more: Partial<Geometry> = {}): Geometry {
  const all = (value: number) => extents.map(() => value);
  const plain = { strides: all(1), low: all(0), high: all(1), dilations: all(1), groups: 1 };
  return { extents, sizes: all(size), ...plain, ...more };
}

const pool = (extents: readonly number[], size: number, stride: number) => ({
  extents,
  sizes: [size, size],
  strides: [stride, stride],
  low: [0, 0],
  high: [1, 1],
});

const image = geometryOf([9, 8], 3);
const programs: readonly [string, number, (batch: number) => ReturnType<typeof compiled>][] = [
  ["a convolution", 3, (n) => compiled((x, w) => conv(x, w, image), [n, 9, 8, 4], [3, 3, 4, 8], 8)],
  [
    "a convolution with strides",
    4,
    (n) => {
      const geometry = geometryOf([9, 8], 3, { strides: [2, 2] });
      return compiled((x, w) => conv(x, w, geometry), [n, 9, 8, 4], [3, 3, 4, 8], 8);
    },
  ],
  [
    // A sum with barriers stays apart on the CPU renderer that these plans are for; elsewhere 3.
    "a depthwise convolution",
    4,
    (n) => {
      const geometry = geometryOf([9, 8], 3, { groups: 4 });
      return compiled((x, w) => conv(x, w, geometry), [n, 9, 8, 4], [3, 3, 1, 4], 4);
    },
  ],
  [
    "convolution and maxima",
    5,
    (n) => {
      const maxima = pool(convPositions(image), 2, 2);
      return compiled((x, w) => maxPool(conv(x, w, image), maxima), [n, 9, 8, 4], [3, 3, 4, 8], 8);
    },
  ],
  [
    "convolution and overlapping means",
    5,
    (n) => {
      const means = pool(convPositions(image), 3, 2);
      return compiled((x, w) => averagePool(conv(x, w, image), means), [n, 9, 8, 4], [3, 3, 4, 8], 8);
    },
  ],
];

describe.each(programs)("%s", (_, most, of) => {
  test("compiles nothing for another batch size", () => {
    expect(keysOf(of(6))).toEqual(keysOf(of(10)));
  });

  test("takes few dispatches", () => {
    expect(callsOf(of(6)).length).toBeLessThanOrEqual(most);
  });
});
