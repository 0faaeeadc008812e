/** @file Generated kernels as WebAssembly functions: which axis runs in lanes, and the loop over rows around it. */
import type { LoopKernel } from "../../ir/kernel.ts";
import { type Affine, affineForms, type Params } from "../affine.ts";
import { type BodySpec, storesOf } from "../bodySpec.ts";
import type { MemoryRange } from "../memory.ts";
import { makeNest, type Nest } from "../nest.ts";
import { chunksFor, type Work, weightOf } from "../threads/work.ts";
import type { FunctionBuilder, Value } from "./assembler.ts";
import { BodyEmitter } from "./body.ts";
import type { Frame } from "./context.ts";
import { type Digit, replaceAxes, splitAxes, splitStores } from "./digits.ts";
import { add, div, int, mul, sub } from "./integers.ts";

/** Words of which no two threads should write some. */
const cacheLine = 16;

/** Emits the kernel for units `begin` to `end`: rows, or where several threads would have too few of them, parts of rows. */
export function emitLoop(
  f: FunctionBuilder,
  kernel: LoopKernel,
  bindings: readonly MemoryRange[],
  params: Params,
  frame: Frame,
  [begin, end]: readonly [Value, Value],
  threaded: boolean,
): Work {
  const { body, rows, cols } = kernel;
  const extents = Array.from(params.words.subarray(0, rows + cols));
  const split = splitAxes(body.code, extents, params);
  const [outer, inner] = [extents.slice(0, rows), extents.slice(rows)].map((list, i) =>
    replaceAxes(
      list.map((_, axis) => axis + i * rows),
      split,
    ),
  ) as [number[], number[]];
  const stores = splitStores(storesOf(body.stores, bindings), split);
  const stages = kernel.stages.map((stage) => ({ ...stage, value: split.idOf(stage.value) }));
  const spec = { code: split.code, stages, stores, bindings, params, accumulator: null };
  const nest = chooseLoops(spec, split.extents, outer, inner);
  const emitter = new BodyEmitter(f, spec, nest, frame, inner);
  emitter.emitStart();
  const cost = costOf(spec, nest);
  const part = threaded ? partOfRow(nest, cost, emitter.lanesOfTurn) : null;
  const parts = part === null ? 1 : Math.ceil(nest.blockExtent / part);
  const unit = f.local("i32");
  f.loop(unit, begin, end, 1, () => {
    const row = part === null ? unit.get : f.keep("i32", div(unit.get, int(parts))).get;
    const indices = decodeRow(f, row, nest);
    const lanes = part === null ? null : lanesOf(f, sub(unit.get, mul(row, int(parts))), part);
    emitter.emitRow((axis) => indices.get(axis)!, lanes);
  });
  return { units: nest.outerExtent * parts, cost };
}

/** In vector operations; 0 where threads would meet in the same words. */
function costOf({ code, stores }: BodySpec, { outerExtent, blockExtent, sequentialExtent }: Nest): number {
  if (stores.some(({ op }) => op === "or")) return 0;
  return outerExtent * sequentialExtent * Math.ceil(blockExtent / 4) * weightOf(code, stores.length);
}

/**
 * How many lanes a unit has, where there are more chunks to be made than rows; null: whole rows. Units are whole turns of the lane loop:
 * what lies in place must not be computed twice.
 */
function partOfRow(
  { outerExtent, blockExtent, lanesInside }: Nest,
  cost: number,
  lanesOfTurn: number,
): number | null {
  const wanted = Math.ceil(chunksFor(cost) / outerExtent);
  if (cost === 0 || lanesInside || wanted < 2) return null;
  const step = lanesOfTurn % cacheLine === 0 ? lanesOfTurn : lanesOfTurn * cacheLine;
  const lanes = Math.ceil(blockExtent / wanted / step) * step;
  return lanes < blockExtent ? lanes : null;
}

/** The lanes of part number `part` of a row; the last part may name more than there are. */
function lanesOf(f: FunctionBuilder, part: Value, lanes: number): readonly [Value, Value] {
  const from = f.keep("i32", mul(part, int(lanes))).get;
  return [from, add(from, int(lanes))];
}

/** The index of each row axis, from the number of the row. */
export function decodeRow(
  f: FunctionBuilder,
  row: Value,
  { outer, extents }: Pick<Nest, "outer" | "extents">,
): Map<number, Value> {
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

/** The index of each digit of an axis. */
export function digitIndices(f: FunctionBuilder, index: Value, digits: readonly Digit[]): Map<number, Value> {
  const outer = digits.map(({ axis }) => axis);
  const extents: number[] = [];
  for (const { axis, extent } of digits) extents[axis] = extent;
  return decodeRow(f, index, { outer, extents });
}

/** Chooses the lane axis by the extents and the strides of loads and stores; `rows` and `cols` are the axes, outer to inner. */
export function chooseLoops(
  spec: Pick<BodySpec, "code" | "stores" | "params">,
  extents: readonly number[],
  rows: readonly number[],
  cols: readonly number[],
): Nest {
  const counts = (axis: number) => extents[axis] !== 1;
  const [outer, inner] = [rows.filter(counts), cols.filter(counts)];
  const without = (list: readonly number[], axis: number) => list.filter((other) => other !== axis);
  const [fromRows, fromInner] = [bestLanes(spec, extents, outer), bestLanes(spec, extents, inner)];
  if (cols.length > 0 && inner.length === 0) return makeNest(extents, outer, cols.slice(0, 1), [], true);
  if (fromInner && (!fromRows || fromInner.gain >= fromRows.gain))
    return makeNest(extents, outer, [fromInner.axis], without(inner, fromInner.axis), true);
  const lane = fromRows && fromRows.gain > 0 ? [fromRows.axis] : [];
  return makeNest(extents, without(outer, lane[0] ?? -1), lane, inner, false);
}

/** Of some axes, the one that runs best in lanes. */
export function bestLanes(
  spec: Pick<BodySpec, "code" | "stores" | "params">,
  extents: readonly number[],
  axes: readonly number[],
): { readonly axis: number; readonly gain: number } | undefined {
  const forms = accessForms(spec);
  return axes
    .map((axis, place) => ({ axis, place, gain: laneGain(forms, axis, extents[axis]!) }))
    .sort((a, b) => b.gain - a.gain || b.place - a.place)[0];
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
function accessForms({
  code,
  stores,
  params,
}: Pick<BodySpec, "code" | "stores" | "params">): (Affine | null)[] {
  const forms = affineForms(code, params);
  const loads = code.filter(({ op }) => op === "load").map(({ args }) => forms[args[0]!] ?? null);
  const full = stores.flatMap(({ level, index }) =>
    level !== "full" ? [] : typeof index === "number" ? [forms[index] ?? null] : [index],
  );
  return [...loads, ...full].map((form) => (form && form.terms.size === 0 ? form : null));
}
