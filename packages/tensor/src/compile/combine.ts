/** @file Joining finished calls: independent kernels into one dispatch, isomorphic arena updates into one flat kernel. */
import {
  type Binding,
  type BindingRange,
  type Call,
  hasBarriers,
  type Instr,
  type LoopKernel,
  type SideKernel,
  type Target,
  workgroupCounts,
  workgroupSize,
} from "@tenrec/kernels";
import { ParamTable } from "./code.ts";
import { finishCall } from "./emitLoop.ts";

/** What of a device limits the kernels beside each other. */
type SideTarget = Pick<Target, "name" | "maxBindings" | "software">;

/** Independent calls in as few dispatches as bindings and barriers allow, in their order. */
export function combineSide(calls: readonly Call[], target: SideTarget): readonly Call[] {
  const combined: Call[] = [];
  let beside: Call[] = [];
  for (const call of calls) {
    const joined = beside.length > 0 ? sideCall([...beside, call], target) : null;
    if (joined) combined[combined.length - 1] = joined;
    else combined.push(call);
    beside = joined ? [...beside, call] : [call];
  }
  return combined;
}

/** One dispatch for all, or null where their bindings or workgroups cannot live together. */
function sideCall(calls: readonly Call[], target: SideTarget): Call | null {
  const bindings: Binding[] = [];
  const ranges: BindingRange[] = [];
  const bindingMap: number[][] = [];
  for (const call of calls) {
    const map = call.bindings.map((range, i) =>
      sharedBinding(bindings, ranges, call.kernel.bindings[i] as Binding, range),
    );
    if (map.includes(-1)) return null;
    bindingMap.push(map);
  }
  const parts = calls.map((call) => call.kernel as SideKernel["parts"][number]);
  if (bindings.length > target.maxBindings || !agree(parts, target)) return null;
  const params = new ParamTable();
  const paramBase: number[] = [];
  for (const call of calls) appendParams(params, paramBase, call);
  for (const call of calls) params.add(call.workgroups, "uint32");
  const kernel: SideKernel = {
    form: "side",
    label: calls.map((call) => call.kernel.label).join("|"),
    parts,
    bindings,
    bindingMap,
    paramBase,
    numParams: params.words.length,
  };
  // In the workgroups of the largest part loops need fewer of them than alone.
  params.words.splice(-parts.length, parts.length, ...workgroupCounts(kernel, params.toWords()));
  return finishCall(kernel, params, ranges);
}

/**
 * Kernels with barriers run in workgroups of exactly their size. A CPU renderer switches between the subgroups of a workgroup wherever the
 * dispatch has a barrier: there they stay among themselves (two products beside the sum of a column take 94 ms, apart 17; SwiftShader).
 */
function agree(parts: SideKernel["parts"], { name, software }: SideTarget): boolean {
  const size = Math.max(...parts.map(workgroupSize));
  const waiting = parts.filter(hasBarriers);
  const renders = name === "webgpu" && software;
  if (renders && waiting.length > 0 && waiting.length < parts.length) return false;
  return waiting.every((part) => workgroupSize(part) === size);
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
    // Two written ranges of a buffer may live together, but not a written and a read one.
    const isApart = other.offset + other.bytes <= range.offset || range.offset + range.bytes <= other.offset;
    const bothWritten = known.access === "read_write" && binding.access === "read_write";
    const bothRead = known.access === "read" && binding.access === "read";
    if (!bothRead && !(bothWritten && isApart)) return -1;
  }
  ranges.push(range);
  return bindings.push(binding) - 1;
}

/**
 * Independent flat updates of one structure whose ranges follow each other in the same buffers become one call over the whole run: the
 * padding between parameters is computed along (it is never read).
 */
export function mergeArenaCalls(updates: readonly Call[]): Call[] {
  const merged: Call[] = [];
  for (const call of [...updates].sort((a, b) => placeWritten(a) - placeWritten(b))) {
    const at = merged.findLastIndex((other) => other.key === call.key);
    const joined = at < 0 ? null : joinFlat(merged[at] as Call, call);
    if (joined) merged[at] = joined;
    else merged.push(call);
  }
  return merged;
}

function placeWritten({ kernel, bindings }: Call): number {
  const written = kernel.bindings.findIndex(({ access }) => access !== "read");
  return bindings[written]?.offset ?? 0;
}

function joinFlat(a: Call, b: Call): Call | null {
  const { kernel } = a;
  if (a.key !== b.key || kernel.form !== "loop" || kernel.schedule !== "flat" || kernel.rows !== 1)
    return null;
  if (a.scalars.length > 0 || kernel.lanes !== 4) return null;
  // Everything below counts in words.
  if (kernel.bindings.some(({ dtype }) => dtype === "float16")) return null;
  const [sizeA, sizeB] = [a.params[0] as number, b.params[0] as number];
  const shift = Math.ceil((sizeA * 4) / 256) * 256;
  const equalParams = a.params.every((word, i) => i === 0 || word === b.params[i]);
  const movesAlong = a.bindings.every((range, i) => {
    const other = b.bindings[i] as BindingRange;
    if (range.buffer !== other.buffer) return false;
    // Elements move on by the shift; a scalar that all elements share stays where it is.
    const isElementwise = (kernel.bindings[i] as Binding).vector;
    return (
      other.offset - range.offset === (isElementwise ? shift : 0) && (isElementwise || isShared(kernel, i))
    );
  });
  return equalParams && movesAlong ? extended(a, shift, sizeB) : null;
}

/** Every access of the binding is at one place, whatever the element. */
function isShared({ body }: LoopKernel, binding: number): boolean {
  const loads = body.code
    .filter(({ op, value }) => op === "load" && value === binding)
    .map(({ args }) => args[0]);
  const stores = body.stores.filter((store) => store.binding === binding).map(({ index }) => index);
  return [...loads, ...stores].every((id) => !dependsOnAxis(body.code, id as number));
}

function dependsOnAxis(code: readonly Instr[], id: number): boolean {
  const { op, args } = code[id] as Instr;
  return op === "axis" || args.some((arg) => dependsOnAxis(code, arg));
}

/** The call over a's elements, the padding behind them and b's elements. */
function extended(a: Call, shift: number, sizeB: number): Call {
  const params = new ParamTable();
  params.words.push(shift / 4 + sizeB, ...a.params.slice(1));
  const ranges = a.bindings.map((range, i) =>
    a.kernel.bindings[i]?.vector ? { ...range, bytes: shift + Math.ceil(sizeB / 4) * 16 } : range,
  );
  return finishCall(a.kernel, params, ranges);
}
