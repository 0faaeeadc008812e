/** @file Joining finished calls: independent kernels into one dispatch, isomorphic arena updates into one flat kernel. */
import type { Binding, BindingRange, Call, Kernel, SideKernel } from "@tenrec/kernels";
import { ParamTable } from "./code.ts";
import { finishCall } from "./emitLoop.ts";

/** One dispatch for independent calls, or the calls themselves where their bindings cannot live together. */
export function combineSide(calls: readonly Call[], maxBindings: number): readonly Call[] {
  if (calls.length < 2) return calls;
  const bindings: Binding[] = [];
  const ranges: BindingRange[] = [];
  const bindingMap: number[][] = [];
  for (const call of calls) {
    const map = call.bindings.map((range, i) =>
      sharedBinding(bindings, ranges, call.kernel.bindings[i] as Binding, range),
    );
    if (map.includes(-1)) return calls;
    bindingMap.push(map);
  }
  if (bindings.length > maxBindings) return calls;
  const params = new ParamTable();
  const paramBase: number[] = [];
  for (const call of calls) appendParams(params, paramBase, call);
  for (const call of calls) params.add(call.workgroups, "uint32");
  const kernel: SideKernel = {
    form: "side",
    label: calls.map((call) => call.kernel.label).join("|"),
    parts: calls.map((call) => call.kernel as Exclude<Kernel, SideKernel>),
    bindings,
    bindingMap,
    paramBase,
    numParams: params.words.length,
  };
  return [finishCall(kernel, params, ranges)];
}

function appendParams(params: ParamTable, paramBase: number[], call: Call): void {
  const base = params.words.length;
  paramBase.push(base);
  params.words.push(...call.params);
  params.scalars.push(...call.scalars.map(({ word, scalar }) => ({ word: base + word, scalar })));
}

/** Index of a binding for this range: an equal one, or a new one; -1 where the buffer is already used in a conflicting way. */
function sharedBinding(
  bindings: Binding[],
  ranges: BindingRange[],
  binding: Binding,
  range: BindingRange,
): number {
  for (const [i, other] of ranges.entries()) {
    if (other.buffer !== range.buffer) continue;
    const known = bindings[i] as Binding;
    const equalRange = other.offset === range.offset && other.bytes === range.bytes;
    const equalUse =
      known.access === binding.access && known.vector === binding.vector && known.dtype === binding.dtype;
    if (equalRange && equalUse) return i;
    if (known.access !== "read" || binding.access !== "read") return -1;
  }
  ranges.push(range);
  return bindings.push(binding) - 1;
}

/**
 * Runs of flat updates with one structure whose ranges follow each other in the same buffers become one call over the whole run: the
 * padding between parameters is computed along (it is never read).
 */
export function mergeArenaCalls(calls: readonly Call[]): Call[] {
  const merged: Call[] = [];
  for (const call of calls) {
    const previous = merged.at(-1);
    const joined = previous ? joinFlat(previous, call) : null;
    if (joined) merged[merged.length - 1] = joined;
    else merged.push(call);
  }
  return merged;
}

function joinFlat(a: Call, b: Call): Call | null {
  const { kernel } = a;
  if (a.key !== b.key || kernel.form !== "loop" || kernel.schedule !== "flat" || kernel.rows !== 1)
    return null;
  if (a.scalars.length > 0 || kernel.lanes !== 4) return null;
  const moved = a.bindings.map((range, i) =>
    movement(range, b.bindings[i] as BindingRange, kernel.bindings[i] as Binding),
  );
  const shift = moved.find((by) => by !== 0);
  if (
    typeof shift !== "number" ||
    shift <= 0 ||
    moved.some((by) => by === null || (by !== 0 && by !== shift))
  )
    return null;
  const [sizeA, sizeB] = [a.params[0] as number, b.params[0] as number];
  if (
    Math.ceil((sizeA * 4) / 256) * 256 !== shift ||
    !a.params.every((word, i) => i === 0 || word === b.params[i])
  )
    return null;
  return extended(a, shift / 4 + sizeB, (i) => (moved[i] === 0 ? 0 : shift), b);
}

/** Bytes from a's range to b's; null where they lie in different buffers. A shared scalar stays where it is. */
function movement(a: BindingRange, b: BindingRange, binding: Binding): number | null {
  if (a.buffer !== b.buffer) return null;
  return binding.vector ? b.offset - a.offset : a.offset === b.offset ? 0 : null;
}

function extended(a: Call, size: number, shiftOf: (i: number) => number, b: Call): Call {
  const params = new ParamTable();
  params.words.push(size, ...a.params.slice(1));
  const ranges = a.bindings.map((range, i) => {
    const end = (b.bindings[i] as BindingRange).bytes + (b.bindings[i] as BindingRange).offset;
    return shiftOf(i) === 0 ? range : { ...range, bytes: end - range.offset };
  });
  return finishCall(a.kernel, params, ranges);
}
