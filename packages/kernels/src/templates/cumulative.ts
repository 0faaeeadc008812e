/** @file Running sums, products and extremes along rows. */
import type { Template } from "../ir/kernel.ts";

/**
 * Input x, output y, both [rows, length] (param words 0 and 1). Constants: OPERATION (see `cumulativeOperations`), EXCLUSIVE, REVERSE,
 * WALK (an invocation per row instead of a workgroup) and THREADS, which is the workgroup size.
 */
export function cumulativeTemplate(dtype: "float32" | "int32"): Template {
  return {
    name: dtype === "float32" ? "cumulative" : "cumulativeInteger",
    inputs: [{ name: "x", dtype, lanes: 1 }],
    outputs: [{ name: "y", dtype, lanes: 1 }],
  };
}
