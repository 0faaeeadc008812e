/** @file The value that changes no result of a reduction. */
import type { Dtype } from "../graph/node.ts";

export type ReductionName = "sum" | "prod" | "max" | "min";

/** Also the result over nothing. For the extremes the far end of the dtype's range. */
export function identityOf(reduction: ReductionName, dtype: Dtype): number {
  if (reduction === "sum" || reduction === "prod") return Number(reduction === "prod");
  const [low, high] =
    dtype === "float32"
      ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
      : dtype === "int32"
        ? [-(2 ** 31), 2 ** 31 - 1]
        : [0, 2 ** 32 - 1];
  return reduction === "max" ? low : high;
}
