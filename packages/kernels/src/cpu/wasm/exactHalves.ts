/** @file Which steps of scalar code float16 has exactly: rounding them again changes nothing. */
import type { Instr } from "../../ir/kernel.ts";
import type { BodySpec } from "../bodySpec.ts";
import { roundHalf } from "../halfMath.ts";

/** They give operands as they are, with another sign, or rounded to whole numbers. */
export const preserving: ReadonlySet<string> = new Set([
  "max",
  "min",
  "neg",
  "abs",
  "sign",
  "floor",
  "ceil",
  "trunc",
  "round",
]);

type Source = Pick<BodySpec, "code" | "bindings">;

/** By step. */
export function findExactHalves(source: Source): boolean[] {
  const exact: boolean[] = [];
  for (const step of source.code) exact.push(isExact(step, source, exact));
  return exact;
}

/** `known`: of the steps before. */
function isExact(
  { op, dtype, args, value = 0 }: Instr,
  { code, bindings }: Source,
  known: readonly boolean[],
): boolean {
  if (dtype !== "float32") return false;
  if (op === "half") return true;
  if (op === "load") return bindings[value]!.half;
  if (op === "const") return Object.is(roundHalf(value), value);
  if (op === "cast") return code[args[0]!]!.dtype === "bool";
  if (op === "select") return known[args[1]!]! && known[args[2]!]!;
  return preserving.has(op) && args.every((arg) => known[arg]!);
}
