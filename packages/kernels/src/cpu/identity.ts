/** @file What reductions start with. */
import type { ReduceOp } from "../ir/kernel.ts";
import type { Kind } from "./slot.ts";

/** Value of an empty reduction. */
export function identity(op: ReduceOp, kind: Kind): number {
  if (op === "sum") return 0;
  if (op === "prod") return 1;
  const lowest = op === "max" || op === "argmax";
  if (kind === "f") return lowest ? -Infinity : Infinity;
  if (kind === "u") return lowest ? 0 : 0xffffffff;
  return lowest ? -0x80000000 : 0x7fffffff;
}
