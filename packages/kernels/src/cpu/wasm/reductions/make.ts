/** @file Which accumulator a reduction has. */
import type { Stage } from "../../../ir/kernel.ts";
import type { FunctionBuilder, Value } from "../assembler.ts";
import { registerOf } from "../scalar.ts";
import type { Accumulator } from "./accumulator.ts";
import { DoubleAccumulator } from "./double.ts";
import { ExtremeAccumulator } from "./extreme.ts";
import { JoinedSum, SettledSum } from "./joined.ts";
import { LaneAccumulator } from "./lane.ts";
import { IndexAccumulator } from "./position.ts";

/**
 * `position`: the numbers of the elements being added, for argmax and argmin. `copies`: vectors that come together, so that an addition need not
 * wait for the one before.
 */
export function makeAccumulator(
  f: FunctionBuilder,
  { op }: Stage,
  dtype: Stage["dtype"],
  inside: boolean,
  position: Value,
  copies: number,
): Accumulator {
  const register = registerOf(dtype);
  if (op === "argmax" || op === "argmin") return new IndexAccumulator(f, op, dtype, inside, position);
  if (register === "f" && (op === "sum" || op === "prod")) {
    const double = new DoubleAccumulator(f, op, inside);
    if (op === "prod") return double;
    return inside ? new JoinedSum(f, double) : new SettledSum(f, double);
  }
  if (register === "f" && (op === "max" || op === "min"))
    return new ExtremeAccumulator(f, op, inside, copies);
  return new LaneAccumulator(f, op, dtype, inside, copies);
}
