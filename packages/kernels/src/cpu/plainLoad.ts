/** @file Recognises operands that need no code: values that are read where they lie. */
import type { Operand } from "../ir/kernel.ts";
import { type Affine, affineForms, type Params } from "./affine.ts";
import type { MemoryRange } from "./memory.ts";

/** A load of whole words at an affine place. */
export interface PlainLoad {
  readonly range: MemoryRange;
  readonly form: Affine;
}

/** What `code` loads as step `value`; null where it computes, converts packed elements, or looks places up. */
export function plainLoad(
  { code, value }: Pick<Operand, "code" | "value">,
  bindings: readonly MemoryRange[],
  params: Params,
): PlainLoad | null {
  const { op, dtype, args, value: binding = 0 } = code[value]!;
  const range = bindings[binding];
  if (op !== "load" || !range || range.seenAs(dtype).packed) return null;
  const form = affineForms(code, params)[args[0]!];
  return form && form.terms.size === 0 ? { range, form } : null;
}
