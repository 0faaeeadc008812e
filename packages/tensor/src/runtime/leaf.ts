/** @file Leaves of the graph: stored data, numbers handed to operations, inputs of a trace, and the barrier an assignment records. */
import { internal } from "../graph/errors.ts";
import { type Dtype, Node, type Primitive, record } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { elementwise } from "../primitives/factory.ts";
import type { Memory } from "./memory.ts";

function leafPrimitive(name: string): Primitive {
  const rule = () => {
    throw internal(`${name} nodes are not recorded`);
  };
  return {
    name,
    family: "leaf",
    shape: rule,
    dtype: rule,
    vjp: null,
    reference: null,
    decompose: null,
    at: null,
    stage: null,
  };
}

export const dataPrimitive: Primitive = /*#__PURE__*/ leafPrimitive("data");
export const scalarPrimitive: Primitive = /*#__PURE__*/ leafPrimitive("scalar");
export const placeholderPrimitive: Primitive = /*#__PURE__*/ leafPrimitive("placeholder");

/** A number given to a public operation: data of the run, not structure of the program. */
export class ScalarNode extends Node {
  readonly value: number;
  constructor(value: number, dtype: Dtype) {
    super(scalarPrimitive, [], {}, shapeOf([]), dtype);
    this.value = value;
  }
}

/** A value in memory. */
export function dataNode(shape: readonly number[], dtype: Dtype, memory: Memory): Node {
  const node = new Node(dataPrimitive, [], {}, shapeOf(shape), dtype);
  node.stored = memory;
  return node;
}

/** An input of a trace. */
export function placeholderNode(shape: readonly number[], dtype: Dtype): Node {
  return new Node(placeholderPrimitive, [], {}, shapeOf(shape), dtype);
}

/** The new value of a variable: separates it from the expression that made it. No gradient flows through an assignment. */
export const assignPrimitive: Primitive = /*#__PURE__*/ elementwise("assign", {
  dtypes: "any",
  reference: (x) => x,
  vjp: null,
  code: (_, values) => values[0] as number,
});

/** A variable's value as one read saw it: what a tape takes gradients with respect to, apart from snapshots of the same version. */
export const readPrimitive: Primitive = /*#__PURE__*/ elementwise("read", {
  dtypes: "any",
  reference: (x) => x,
  vjp: null,
  code: (_, values) => values[0] as number,
});

export const readNode = (value: Node): Node => record(readPrimitive, [value]);

export const assignNode = (value: Node): Node => record(assignPrimitive, [value]);
