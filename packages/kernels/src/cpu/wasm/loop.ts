/** @file Generated kernels as WebAssembly functions: which axis runs in lanes, and the loop over rows around it. */
import type { LoopKernel } from "../../ir/kernel.ts";
import { type Affine, affineForms, type Params } from "../affine.ts";
import { storesOf } from "../bodySpec.ts";
import type { MemoryRange } from "../memory.ts";
import { makeNest, type Nest } from "../nest.ts";
import type { FunctionBuilder, Value } from "./assembler.ts";
import { BodyEmitter, type Frame } from "./body.ts";

/** Emits the kernel for rows `begin` to `end`; returns how many rows there are. */
export function emitLoop(
  f: FunctionBuilder,
  kernel: LoopKernel,
  bindings: readonly MemoryRange[],
  params: Params,
  frame: Frame,
  [begin, end]: readonly [Value, Value],
): number {
  const { body, stages, rows, cols } = kernel;
  const extents = Array.from(params.words.subarray(0, rows + cols));
  const nest = chooseLoops(kernel, extents, params);
  const stores = storesOf(body.stores, bindings);
  const spec = { code: body.code, stages, stores, bindings, params, accumulator: null };
  const emitter = new BodyEmitter(f, spec, nest, frame);
  emitter.emitStart();
  const row = f.local("i32");
  f.loop(row, begin, end, 1, () => {
    const indices = decodeRow(f, row.get, nest);
    emitter.emitRow((axis) => indices.get(axis)!);
  });
  return nest.outerExtent;
}

/** The index of each row axis, from the number of the row. */
function decodeRow(f: FunctionBuilder, row: Value, { outer, extents }: Nest): Map<number, Value> {
  const indices = new Map<number, Value>();
  let rest = row;
  for (const axis of outer.toReversed()) {
    const extent = extents[axis]!;
    if (axis === outer[0]) {
      indices.set(axis, rest);
      continue;
    }
    const whole = rest;
    const quotient = f.keep("i32", () => {
      whole(f);
      f.i32(extent);
      f.plain("i32.div_u");
    }).get;
    const index = f.keep("i32", () => {
      whole(f);
      quotient(f);
      f.i32(extent);
      f.plain("i32.mul");
      f.plain("i32.sub");
    }).get;
    indices.set(axis, index);
    rest = quotient;
  }
  return indices;
}

/** Chooses the lane axis by the extents and the strides of loads and stores. */
export function chooseLoops(
  { body, rows, cols }: LoopKernel,
  extents: readonly number[],
  params: Params,
): Nest {
  const axes = [...extents.keys()].filter((axis) => extents[axis]! !== 1);
  const outer = axes.filter((axis) => axis < rows);
  const inner = axes.filter((axis) => axis >= rows);
  const forms = accessForms(body, params);
  const best = (list: readonly number[]) =>
    list
      .map((axis) => ({ axis, gain: laneGain(forms, axis, extents[axis]!) }))
      .sort((a, b) => b.gain - a.gain || b.axis - a.axis)[0];
  const without = (list: readonly number[], axis: number) => list.filter((other) => other !== axis);
  const fromRows = best(outer);
  const fromInner = cols > 0 ? best(inner) : undefined;
  if (fromInner && (!fromRows || fromInner.gain >= fromRows.gain))
    return makeNest(extents, outer, [fromInner.axis], without(inner, fromInner.axis), true);
  const lane = fromRows && fromRows.gain > 0 ? [fromRows.axis] : [];
  return makeNest(extents, without(outer, lane[0] ?? -1), lane, inner, false);
}

/** How well `axis` would run in lanes: what is contiguous or constant along it, as far as it fills vectors. */
function laneGain(forms: readonly (Affine | null)[], axis: number, extent: number): number {
  const gains = forms.map((form): number => {
    const stride = form?.axes.get(axis) ?? 0;
    return form && stride === 0 ? 2 : form && stride === 1 ? 4 : 1;
  });
  const filled = extent < 4 ? 0.1 : extent / (Math.ceil(extent / 4) + (extent % 4));
  return filled * gains.reduce((sum, gain) => sum + gain, 1);
}

/** The indices of all loads and stores: null where they are not affine. */
function accessForms({ code, stores }: LoopKernel["body"], params: Params): (Affine | null)[] {
  const forms = affineForms(code, params);
  const loads = code.filter(({ op }) => op === "load").map(({ args }) => args[0]!);
  const full = stores.filter(({ level }) => level === "full").map(({ index }) => index);
  return [...loads, ...full].map((index) => {
    const form = forms[index];
    return form && form.terms.size === 0 ? form : null;
  });
}
