/** @file The table of scalar operations for JavaScript: one loop per operation and kind of operand. */
import { internal } from "../../device/errors.ts";
import type { Dtype } from "../../ir/kernel.ts";
import type { ScalarOpName } from "../../ir/scalarOps.ts";
import type { Slot } from "../slot.ts";
import { castLoop } from "./castLoops.ts";
import { floatLoops } from "./floatLoops.ts";
import { boolLoops, intLoops, select, uintLoops } from "./integerLoops.ts";
import { type BlockFunction, copyBits, Step } from "./step.ts";
import { threefryLoops } from "./threefry.ts";

/** Every operation has a loop for some operand, except these: `gt` and `ge` exchange the operands of another. */
type Named = keyof typeof floatLoops | keyof typeof intLoops | keyof typeof threefryLoops;
type Special = "cast" | "select" | "bitcast" | "gt" | "ge";
type Missing = Exclude<ScalarOpName, Named | Special>;

type Table = Readonly<Partial<Record<string, BlockFunction>>>;

const tables: Missing extends never ? Readonly<Record<Dtype, Table>> : never = {
  float32: floatLoops,
  float16: floatLoops,
  int32: intLoops,
  uint32: { ...uintLoops, ...threefryLoops },
  bool: boolLoops,
  uint8: uintLoops,
  int8: intLoops,
};

/** The step that computes `op` with result `dtype` from operands whose first has dtype `operand`. */
export function scalarStep(
  op: ScalarOpName,
  dtype: Dtype,
  operand: Dtype,
  uniform: boolean,
  out: Slot,
  args: readonly Slot[],
): Step {
  if (op === "gt" || op === "ge") {
    return scalarStep(op === "gt" ? "lt" : "le", dtype, operand, uniform, out, args.toReversed());
  }
  return new Step(loopOf(op, dtype, operand), uniform, out, args);
}

function loopOf(op: ScalarOpName, dtype: Dtype, operand: Dtype): BlockFunction {
  if (op === "cast") return castLoop(dtype, operand);
  if (op === "select") return select;
  if (op === "bitcast") return copyBits;
  const loop = tables[operand][op];
  if (!loop) throw internal(`the cpu backend has no loop for ${op} of ${operand}.`);
  return loop;
}
