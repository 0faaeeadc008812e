/** @file The reverse walk itself: pruning, broadcasting, accumulation, depth, and what stops it. */
import { describe, expect, test } from "vitest";
import { vjp, type WalkOptions } from "../src/autodiff/vjp.ts";
import { ShapeError, ValueError } from "../src/graph/errors.ts";
import { type Node, newestId, type RefArray } from "../src/graph/node.ts";
import { interpret } from "../src/interpret/interpret.ts";
import { relu } from "../src/primitives/activations.ts";
import { add, mul, square } from "../src/primitives/arithmetic.ts";
import { customGradient, stopGradient } from "../src/primitives/gradientControl.ts";
import { cast } from "../src/primitives/logic.ts";
import { exp, floor } from "../src/primitives/math.ts";
import { max } from "../src/primitives/reduce.ts";
import { constant, fill } from "../src/primitives/source.ts";
import { leaf } from "./samples.ts";
import { integers, uniform, values } from "./samplesInputs.ts";

const everything: WalkOptions = { enters: () => true, inputsOf: (node: Node) => node.inputs };
const ones = (node: Node): Node => fill(1, node.shape, "float32");
const gradient = (output: Node, wrt: readonly Node[], options = everything): (Node | null)[] =>
  vjp([output], [ones(output)], wrt, options);

/** Values of nodes whose leaves are given. */
function numbers(nodes: readonly (Node | null)[], given: ReadonlyMap<Node, RefArray>): number[][] {
  const roots = nodes.filter((node) => node !== null);
  return interpret(roots, (node) => given.get(node) ?? null).map((result) => [...result.data]);
}

const three = values([1], [3]);

describe("the walk", () => {
  test("x squared at 3 has gradient 6, and its gradient 2", () => {
    const x = leaf(three);
    const [first] = gradient(square(x), [x]);
    const [second] = gradient(first as Node, [x]);
    expect(numbers([first as Node, second as Node], new Map([[x, three]]))).toEqual([[6], [2]]);
  });

  test("contributions of several uses add up", () => {
    const x = leaf(three);
    const y = add(mul(x, x), add(x, x));
    expect(numbers(gradient(y, [x]), new Map([[x, three]]))).toEqual([[8]]);
  });

  test("broadcasting is undone by sums", () => {
    const [scalar, column, matrix] = [uniform([]), uniform([2, 1]), uniform([2, 3])];
    const nodes = [scalar, column, matrix].map(leaf) as [Node, Node, Node];
    const found = gradient(add(add(nodes[0], nodes[1]), nodes[2]), nodes);
    expect(found.map((node) => [...(node as Node).shape])).toEqual([[], [2, 1], [2, 3]]);
    expect(numbers(found, new Map())).toEqual([[6], [3, 3], [1, 1, 1, 1, 1, 1]]);
  });

  test("what is not connected gets null", () => {
    const [x, other, whole] = [leaf(three), leaf(three), leaf(integers([1], 0, 5))];
    const y = add(mul(x, cast(whole, "float32")), floor(other));
    const found = gradient(y, [x, other, whole]);
    expect(found.map((node) => node === null)).toEqual([false, true, true]);
  });

  test("an output that is itself asked for gets its cotangent", () => {
    const x = leaf(three);
    const y = square(x);
    const found = gradient(y, [y, x]);
    expect(numbers(found, new Map([[x, three]]))).toEqual([[1], [6]]);
  });

  test("nodes between: the walk goes on through one that is asked for", () => {
    const x = leaf(three);
    const middle = square(x);
    const found = gradient(square(middle), [middle, x]);
    expect(numbers(found, new Map([[x, three]]))).toEqual([[18], [108]]);
  });

  test("several outputs share one walk", () => {
    const x = leaf(three);
    const [a, b] = [square(x), add(x, x)];
    const found = vjp([a, b], [ones(a), ones(b)], [x], everything);
    expect(numbers(found, new Map([[x, three]]))).toEqual([[8]]);
  });

  test("a node that may not be entered is a constant", () => {
    const x = leaf(three);
    const inside = square(x);
    const y = mul(inside, x);
    const found = gradient(y, [x], { ...everything, enters: (node) => node !== inside });
    expect(numbers(found, new Map([[x, three]]))).toEqual([[9]]);
  });

  test("inputs may come from a history", () => {
    const x = leaf(three);
    const y = square(x);
    const kept = y.inputs;
    y.inputs = [];
    const found = gradient(y, [x], { ...everything, inputsOf: (node) => (node === y ? kept : node.inputs) });
    expect(numbers(found, new Map([[x, three]]))).toEqual([[6]]);
  });

  test("nothing is recorded where nothing is wanted", () => {
    const [x, other] = [leaf(three), leaf(three)];
    const y = exp(square(x));
    const seed = ones(y);
    const newest = newestId();
    expect(vjp([y], [seed], [other], everything)).toEqual([null]);
    expect(newestId()).toBe(newest);
  });

  test("unwanted inputs cost nothing: one node for a product with a constant", () => {
    const [x, weight] = [leaf(three), leaf(three)];
    const y = mul(x, weight);
    const seed = ones(y);
    const newest = newestId();
    vjp([y], [seed], [x], everything);
    expect(newestId() - newest).toBe(1);
  });

  test("20,000 operations in a row", () => {
    const x = leaf(three);
    let y: Node = x;
    for (let i = 0; i < 20_000; i++) y = add(y, x);
    expect(numbers(gradient(y, [x]), new Map([[x, three]]))).toEqual([[20_001]]);
  });

  test("a cotangent of another shape is refused", () => {
    const x = leaf(three);
    expect(() => vjp([square(x)], [constant(1)], [x], everything)).toThrow(ShapeError);
  });
});

describe("gradient control", () => {
  test("stopGradient is constant to both orders", () => {
    const x = leaf(three);
    const y = mul(stopGradient(square(x)), x);
    expect(numbers(gradient(y, [x]), new Map([[x, three]]))).toEqual([[9]]);
    expect(gradient(stopGradient(x), [x])).toEqual([null]);
  });

  test("customGradient replaces the rule and differentiates it again", () => {
    const x = leaf(three);
    const y = customGradient([x], exp(x), (g) => [mul(g, square(x))]);
    const [first] = gradient(y, [x]);
    const [second] = gradient(first as Node, [x]);
    expect(numbers([first as Node, second as Node], new Map([[x, three]]))).toEqual([[9], [6]]);
  });

  test("customGradient checks what it is given", () => {
    const x = leaf(three);
    const y = customGradient([x], exp(x), () => []);
    expect(() => gradient(y, [x])).toThrow(ValueError);
  });
});

describe("conventions at kinks, as in Keras on JAX", () => {
  const at = (of: (x: Node) => Node, data: readonly number[]): number[] => {
    const input = values([data.length], data);
    const x = leaf(input);
    return numbers(gradient(of(x), [x]), new Map([[x, input]]))[0] as number[];
  };

  test("relu has gradient 0 at 0", () => expect(at(relu, [-1, 0, 1])).toEqual([0, 0, 1]));
  test("equal maxima share the gradient", () => {
    const input = values([4], [1, 5, 5, 2]);
    const x = leaf(input);
    expect(numbers(gradient(max(x, [0]), [x]), new Map([[x, input]]))).toEqual([[0, 0.5, 0.5, 0]]);
  });
});
