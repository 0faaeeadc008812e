/** @file What operations do with float16: it is a form of memory, arithmetic is float32, and results are rounded when they are stored. */
import { DtypeError } from "../graph/errors.ts";
import { type Attrs, isFloat, isHalf, Node, type Primitive, record, useHalfRule } from "../graph/node.ts";
import { shapeOf } from "../graph/shape.ts";
import { cast } from "./logic.ts";

const identities = ["stopGradient", "customGradient"];
/** They know about float16 themselves: a conversion, cotangents side by side, and what runs a sub-graph over leaves of its own. */
const own = ["cast", "tuple", "checkpoint"];
const isOwn = ({ name, flow }: Primitive): boolean => own.includes(name) || Boolean(flow);

/** Known when recorded, so that it takes the dtype of what it meets. */
function isConstant(node: Node): boolean {
  const { family } = node.primitive;
  return (
    family === "source" || (family === "movement" && node.inputs.length > 0 && node.inputs.every(isConstant))
  );
}

/** The node as a rule for dtypes sees it that knows nothing of float16. */
const widened = (node: Node): Node =>
  isHalf(node) ? Object.create(node, { dtype: { value: "float32" } }) : node;

/**
 * Elementwise operations and movement take float16 as it is and give it. Everything else (sums, products, gathers, composites, kernels
 * written by hand) works on float32: conversions around it, which become part of its loads and stores.
 */
export function recordHalf(primitive: Primitive, inputs: readonly Node[], attrs: Attrs): Node | null {
  if (isOwn(primitive)) return null;
  if (primitive.name === "assign") throw halfState();
  const { family, name } = primitive;
  const isUniform = inputs.every((input) => !isFloat(input) || isHalf(input) || isConstant(input));
  const isNative = family === "elementwise" || family === "movement" || identities.includes(name);
  if (isNative && isUniform) {
    const dtype = primitive.dtype(inputs.map(widened), attrs);
    const shape = shapeOf(primitive.shape(inputs, attrs));
    if (dtype === "float32") return new Node(primitive, inputs, attrs, shape, "float16");
    if (dtype === "bool") return new Node(primitive, inputs, attrs, shape, dtype);
  }
  const wide = inputs.map((input) => (isHalf(input) ? cast(input, "float32") : input));
  const node = record(primitive, wide, attrs);
  const hasValue = family !== "bundle" && family !== "part";
  return isUniform && hasValue && node.dtype === "float32" ? cast(node, "float16") : node;
}

/** What a page that computes in float16 calls before it has a device. */
export const allowHalves = (): void => useHalfRule(recordHalf);

function halfState(): DtypeError {
  return new DtypeError("Variable", "variables are not kept in float16.", {
    received: "a first value of float16.",
    expected: "float32: what optimizers add is often too small for float16.",
    fix: 'cast the value, or use the policy "mixed_float16": layers then read their float32 weights as float16.',
  });
}
