/** @file The dtypes in which layers compute and keep their weights, and conversions between them. */
import { type Dtype, ops, Tensor } from "@tenrec/tensor";
import type { Values } from "./layer.ts";
import { attachMasks, maskOf } from "./masks.ts";
import { leavesOf, mapValues } from "./values.ts";

/** What a layer computes in, and what its weights are kept in; `DTypePolicy` makes them. */
export interface Precision {
  readonly name: string;
  readonly computeDtype: Dtype;
  readonly variableDtype: Dtype;
}

const uniform = (dtype: Dtype): Precision => ({ name: dtype, computeDtype: dtype, variableDtype: dtype });
const mixed: Precision = { name: "mixed_float16", computeDtype: "float16", variableDtype: "float32" };

let usual: Precision = /* @__PURE__ */ uniform("float32");

/** The policy of layers that are made without one. */
export const usualPrecision = (): Precision => usual;

export function setUsualPrecision(precision: Precision): void {
  usual = precision;
}

/** The precision of a layer's `dtype`. */
export function precisionOf(given: Dtype | "mixed_float16" | Precision | undefined): Precision {
  if (typeof given !== "string") return given ?? usual;
  return given === "mixed_float16" ? mixed : uniform(given);
}

const differs = (x: unknown, dtype: Dtype): x is Tensor =>
  x instanceof Tensor && x.dtype !== dtype && x.dtype.startsWith("float");

/** Floating-point values in `dtype`, with their masks; integers stay. The same object where nothing is to be done. */
export function castFloats(values: Values, dtype: Dtype): Values {
  if (!leavesOf(values).some((x) => differs(x, dtype))) return values;
  return mapValues(values, (x) => {
    if (!differs(x, dtype)) return x;
    const [result, mask] = [ops.cast(x, dtype), maskOf(x)];
    if (mask) attachMasks([result], mask);
    return result;
  });
}
