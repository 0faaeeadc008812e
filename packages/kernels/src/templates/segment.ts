/** @file Sums and extremes of segments of reordered rows. */
import type { Template } from "../ir/kernel.ts";

/**
 * Inputs x [groups, count, columns], order [groups, count] and offsets [groups, segments + 1] (int32), output y [groups, segments, columns]:
 * segment s takes the rows that `order` names from offsets[s] to offsets[s + 1]; an empty one has the operation's identity. Params: groups,
 * count, segments, columns / LANES. Constants: OPERATION (see `cumulativeOperations`), LANES (`lanes`; 4 for sums of float32 only), PARTS (invocations
 * per LANES outputs, a power of two) and THREADS, which is the workgroup size; a workgroup has THREADS / PARTS of them.
 */
export function segmentTemplate(dtype: "float32" | "int32", lanes: 1 | 4 = 1): Template {
  return {
    name: `segmentReduce_${lanes === 4 ? "wide" : dtype}`,
    inputs: [
      { name: "x", dtype, lanes },
      { name: "order", dtype: "int32", lanes: 1 },
      { name: "offsets", dtype: "int32", lanes: 1 },
    ],
    outputs: [{ name: "y", dtype, lanes }],
  };
}
