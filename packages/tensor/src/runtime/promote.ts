/** @file Dtype promotion of operands, as in Keras 3 (without 64-bit types). */
import type { Dtype } from "@tenrec/kernels";
import type { Node } from "../graph/node.ts";
import { cast } from "../primitives/logic.ts";
import { type TensorLike, toNode } from "./handles.ts";

/** From narrow to wide: the result of two dtypes is the wider one, int32 where neither holds the other (as Keras on JAX). */
const rank: Readonly<Record<Dtype, number>> = {
  bool: 0,
  uint8: 1,
  int8: 2,
  uint32: 3,
  int32: 4,
  float16: 5,
  float32: 6,
};

export function commonDtype(a: Dtype, b: Dtype): Dtype {
  if (a === b) return a;
  const [low, high] = rank[a] < rank[b] ? [a, b] : [b, a];
  const mixesSigns = (low === "uint8" && high === "int8") || (low === "int8" && high === "uint32");
  return mixesSigns ? "int32" : high;
}

const isNumber = (value: TensorLike): value is number | boolean =>
  typeof value === "number" || typeof value === "boolean";

/** Nodes of one dtype: tensors decide, numbers follow (a fraction makes integers float32). Packed bytes are widened to int32. */
export function promote(values: readonly TensorLike[]): Node[] {
  const nodes = values.map((value) => (isNumber(value) ? null : toNode(value)));
  const like = dtypeOfAll(nodes);
  for (let i = 0; i < nodes.length; i++) nodes[i] ??= toNode(values[i] as TensorLike, like);
  const dtype = computeDtype(dtypeOfAll(nodes) as Dtype);
  return castAll(nodes as Node[], dtype);
}

function dtypeOfAll(nodes: readonly (Node | null)[]): Dtype | undefined {
  let dtype: Dtype | undefined;
  for (const node of nodes) if (node) dtype = dtype ? commonDtype(dtype, node.dtype) : node.dtype;
  return dtype;
}

/** In place: this runs for every operation a page records. */
function castAll(nodes: Node[], dtype: Dtype): Node[] {
  for (let i = 0; i < nodes.length; i++) nodes[i] = cast(nodes[i] as Node, dtype);
  return nodes;
}

/** Arithmetic happens in 32 bits. */
export function computeDtype(dtype: Dtype): Dtype {
  return dtype === "uint8" || dtype === "int8" ? "int32" : dtype;
}

/** Operands of arithmetic: bool counts as int32. */
export function promoteNumbers(values: readonly TensorLike[]): Node[] {
  const nodes = promote(values);
  return nodes[0]?.dtype === "bool" ? castAll(nodes, "int32") : nodes;
}

/** Operands of floating-point functions. */
export function promoteFloats(values: readonly TensorLike[]): Node[] {
  const nodes = promote(values);
  return nodes[0]?.dtype === "float16" ? nodes : castAll(nodes, "float32");
}
