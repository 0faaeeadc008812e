/** @file Layers that compute in float16 with weights in float32: conversions around their calls. */
import { autocastVariables, type Dtype, ops, Tensor } from "@tenrec/tensor";
import type { Layer, RunOptions, Values } from "./layer.ts";
import { attachMasks, maskOf } from "./masks.ts";
import type { Mixing, Precision } from "./precision.ts";
import { leavesOf, mapValues } from "./values.ts";

const mixed: Precision = { name: "mixed_float16", computeDtype: "float16", variableDtype: "float32" };

const differs = (x: unknown, dtype: Dtype): x is Tensor =>
  x instanceof Tensor && x.dtype !== dtype && x.dtype.startsWith("float");

/** Floating-point values in `dtype`, with their masks; integers stay. The same object where nothing is to be done. */
function castFloats(values: Values, dtype: Dtype): Values {
  if (!leavesOf(values).some((x) => differs(x, dtype))) return values;
  return mapValues(values, (x) => {
    if (!differs(x, dtype)) return x;
    const [result, mask] = [ops.cast(x, dtype), maskOf(x)];
    if (mask) attachMasks([result], mask);
    return result;
  });
}

/** Inputs and weights in what the layer works in, outputs in its compute dtype. */
function call(layer: Layer, values: Values, options: RunOptions): Values {
  const { computeDtype, autocast } = layer;
  const inner = layer.innerDtype ?? computeDtype;
  const outer = autocastVariables(inner === "float16" ? inner : null);
  try {
    const result = layer.call(autocast ? castFloats(values, inner) : values, options);
    return autocast ? castFloats(result, computeDtype) : result;
  } finally {
    autocastVariables(outer);
  }
}

export const mixing: Mixing = {
  mixed,
  call,
  castFloats,
};
