/** @file Tuples: cotangents of the results of a bundle on their way back. */
import { internal } from "../graph/errors.ts";
import { type Node, type Primitive, record } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { add } from "./arithmetic.ts";
import { list } from "./factory.ts";

/** A bundle and a tuple have no elements; float32, so that cotangents pass. */
export const noElements = /*#__PURE__*/ shapeOf([0]);

/** Cotangents of some results of a bundle: attribute `positions`, ascending. Only vjp rules of bundles see it. */
const tuplePrimitive: Primitive = {
  name: "tuple",
  family: "bundle",
  shape: () => noElements,
  dtype: () => "float32",
  vjp: () => {
    throw internal("a tuple of cotangents is no value");
  },
  reference: null,
  decompose: null,
  at: null,
  stage: null,
};

export const tuple = (positions: readonly number[], values: readonly Node[]): Node =>
  record(tuplePrimitive, values, { positions });

/** Sum of two tuples: a part that only one has stays as it is. */
export function addTuples(a: Node, b: Node): Node {
  const [ofA, ofB] = [list(a.attrs.positions), list(b.attrs.positions)];
  const positions = [...new Set([...ofA, ...ofB])].sort((x, y) => x - y);
  return tuple(
    positions,
    positions.map((position) => {
      const parts = [a.inputs[ofA.indexOf(position)], b.inputs[ofB.indexOf(position)]];
      const [x, y] = parts.filter((part) => part !== undefined);
      return y ? add(x as Node, y) : (x as Node);
    }),
  );
}
