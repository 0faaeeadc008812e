/** @file The dtypes in which layers compute and keep their weights. */
import type { Dtype } from "@tenrec/tensor";
import { findName } from "./identifiers.ts";
import type { Layer, RunOptions, Values } from "./layer.ts";

/** What a layer computes in, and what its weights are kept in; `DTypePolicy` makes them. */
export interface Precision {
  readonly name: string;
  readonly computeDtype: Dtype;
  readonly variableDtype: Dtype;
}

/** Calls of layers that compute in another dtype than their weights have; loaded by whoever makes such a policy. */
export interface Mixing {
  readonly mixed: Precision;
  /** `layer.call` in the layer's precision. */
  readonly call: (layer: Layer, values: Values, options: RunOptions) => Values;
  /** Floating-point values in a dtype. */
  readonly castFloats: (values: Values, dtype: Dtype) => Values;
}

export const uniform = (dtype: Dtype): Precision => ({
  name: dtype,
  computeDtype: dtype,
  variableDtype: dtype,
});

/** The policy of layers that are made without one, and what mixed ones need. */
export const precision: { usual: Precision; mixing: Mixing | null } = {
  usual: /* @__PURE__ */ uniform("float32"),
  mixing: null,
};

const mixed = "mixed_float16";
const names = ["float32", "int32", "uint32", "bool", `${mixed} (once a DTypePolicy is made)`];

/** The precision of a layer's `dtype`. */
export function precisionOf(given: Dtype | "mixed_float16" | Precision = precision.usual): Precision {
  if (typeof given !== "string") return given;
  return given === mixed && precision.mixing
    ? precision.mixing.mixed
    : uniform(findName("Layer", "dtype", given, names) as Dtype);
}

/** What losses and metrics work on. */
export const inFloat32 = (values: Values): Values =>
  precision.mixing ? precision.mixing.castFloats(values, "float32") : values;
