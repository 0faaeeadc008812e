/** @file Stable orders of rows: by counting, by bitonic exchange, by merging ordered blocks; and the inverse of an order. */
import type { Template } from "../ir/kernel.ts";
import type { OrderDtype } from "./codes.ts";

const orderOutput = [{ name: "y", dtype: "int32", lanes: 1 }] as const;

function orderTemplate(name: string, dtype: OrderDtype): Template {
  return {
    name: `${name}_${dtype}`,
    inputs: [{ name: "x", dtype, lanes: 1 }],
    outputs: orderOutput,
  };
}

/**
 * Input x [rows, length], output y: positions (int32) that put each block of `width` elements of a row in stable order. Params: rows, length,
 * width, extent (of indices). Constants: DESCENDING (NaN, largest of all, then comes first), INDICES (see `indexKeys`, int32 only), THREADS, which is
 * the workgroup size. An invocation per element.
 */
export const orderRankTemplate = (dtype: OrderDtype): Template => orderTemplate("orderRank", dtype);

/** The same by a workgroup per block in workgroup memory: SIZE, a power of two, is at least `width` and at least twice THREADS. */
export const orderBlocksTemplate = (dtype: OrderDtype): Template => orderTemplate("orderBlocks", dtype);

/** The same from an `order` in which blocks of `width` are done: each WAYS (`mergeWays`) of them are merged. An invocation per element. */
export function orderMergeTemplate(dtype: OrderDtype): Template {
  const base = orderTemplate("orderMerge", dtype);
  const order = { name: "order", dtype: "int32", lanes: 1 } as const;
  return { ...base, inputs: [...base.inputs, order] };
}

/** y[x[k]] = k along rows: params rows and length, constant THREADS, an invocation per element. */
export const orderInverseTemplate: Template = {
  name: "orderInverse",
  inputs: [{ name: "x", dtype: "int32", lanes: 1 }],
  outputs: orderOutput,
};
