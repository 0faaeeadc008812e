/** @file Dtype promotion of operands, as in Keras 3 (without 64-bit types). */
import type { Dtype } from "@tenrec/kernels";
import type { Node } from "../graph/node.ts";
import { cast } from "../primitives/logic.ts";
import { type TensorLike, toNode } from "./handles.ts";

/** From narrow to wide: the result of two dtypes is the wider one, int32 where neither holds the other (as Keras on JAX). */
const rank: Readonly<Record<Dtype, number>> = { bool: 0, uint8: 1, int8: 2, uint32: 3, int32: 4, float32: 5 };

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
  const tensors = values.filter((value) => !isNumber(value)).map((value) => toNode(value));
  const dtypes = tensors.map((node) => node.dtype);
  const like = dtypes.length > 0 ? dtypes.reduce(commonDtype) : undefined;
  let next = 0;
  const nodes = values.map((value) => (isNumber(value) ? toNode(value, like) : (tensors[next++] as Node)));
  const dtype = computeDtype(nodes.map((node) => node.dtype).reduce(commonDtype));
  return nodes.map((node) => cast(node, dtype));
}

/** Arithmetic happens in 32 bits. */
export function computeDtype(dtype: Dtype): Dtype {
  return dtype === "uint8" || dtype === "int8" ? "int32" : dtype;
}

/** Operands of arithmetic: bool counts as int32. */
export function promoteNumbers(values: readonly TensorLike[]): Node[] {
  return promote(values).map((node) => (node.dtype === "bool" ? cast(node, "int32") : node));
}

/** Operands of floating-point functions. */
export function promoteFloats(values: readonly TensorLike[]): Node[] {
  return promote(values).map((node) => cast(node, "float32"));
}
