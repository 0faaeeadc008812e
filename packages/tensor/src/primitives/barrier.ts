/** @file barrier: a value that is not to be computed, nor taken for an equal one, before another value is there. */
import { type Node, type Primitive, type RefArray, record } from "../graph/node.ts";
import { at, perInput } from "./factory.ts";

/**
 * The first input. Kernels that read it run after those of the second one, which they do not load. A view: it costs no memory and no
 * kernel. Equal operations on a value and on a barrier of it are not merged.
 */
export const barrierPrimitive: Primitive = {
  name: "barrier",
  family: "movement",
  shape: (inputs) => at(inputs, 0).shape,
  dtype: (inputs) => at(inputs, 0).dtype,
  vjp: /*#__PURE__*/ perInput((g) => g, null),
  reference: ([x]) => (x as RefArray).data,
  decompose: null,
  at: (emit, node, index) => emit.value(at(node.inputs, 0), index),
  stage: null,
};

/** x, once `after` is there. */
export const barrier = (x: Node, after: Node): Node => record(barrierPrimitive, [x, after]);
