/** @file Loads and stores of a body: their addresses, built up loop by loop, and how the lanes meet memory. */
import type { Dtype } from "../../ir/kernel.ts";
import type { Affine } from "../affine.ts";
import { formOf } from "../analysis.ts";
import type { BodyStore } from "../bodySpec.ts";
import type { ElementSize, MemoryRange } from "../memory.ts";
import { gather, type Lanes, loadLanes, loadSplat, type Place } from "./access.ts";
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import type { BodyContext } from "./context.ts";
import { narrowToHalves, widenHalves } from "./halves.ts";
import { add, addScaled, int, sub } from "./integers.ts";
import { type Storing, scatter, storeAt, storeLanes, storeOne } from "./stores.ts";
import { inMemory, scalarOf, stepValue } from "./values.ts";

/** A load or store at an affine place. */
export interface Access {
  readonly range: MemoryRange;
  readonly form: Affine;
}

export function accessOf(
  { facts }: BodyContext,
  binding: MemoryRange,
  index: number | Affine,
  dtype: Dtype,
): Access | null {
  const range = binding.seenAs(dtype);
  const form = formOf(facts, index);
  return form && { range, form };
}

/** The address of an access as far as it is known here: its constant, and the axes and terms of the loops so far. Lanes are left out. */
export function pointerOf(context: BodyContext, access: Access): Value {
  const { f, at, scope } = context;
  const { range, form } = access;
  const { size } = range;
  const key = keyOf(access);
  const known = context.find(({ pointers }) => pointers.get(key));
  const axes = [...form.axes].filter(([axis]) => at.axes.has(axis) && !known?.axes.has(axis));
  const terms = [...form.terms].filter(([id]) => context.isKnown(id) && !known?.terms.has(id));
  if (known && axes.length === 0 && terms.length === 0) return known.value;
  let address = known?.value ?? add(context.frame.base(range), int(form.constant * size));
  for (const [axis, coefficient] of axes)
    address = addScaled(address, at.axes.get(axis)!, coefficient * size);
  for (const [id, coefficient] of terms)
    address = addScaled(address, scalarOf(context, id), coefficient * size);
  const value = f.keep("i32", address).get;
  scope.pointers.set(key, {
    value,
    axes: new Set([...(known?.axes ?? []), ...axes.map(([axis]) => axis)]),
    terms: new Set([...(known?.terms ?? []), ...terms.map(([id]) => id)]),
  });
  return value;
}

/** The lanes of an access that varies along them, of the vector that is meant. */
function lanesOf(context: BodyContext, access: Access, stride: number): Lanes {
  const { f, at, scope } = context;
  const key = keyOf(access);
  const known = context.find(({ lanes }) => lanes.get(key));
  const { size } = access.range;
  const address = known ?? firstLane(f, pointerOf(context, access), at.lane!, stride, size);
  scope.lanes.set(key, address);
  const offset = at.copy * 4 * stride * size;
  return { address, offset, stride, inside: context.isInside(access.form, access.range) };
}

function firstLane(f: FunctionBuilder, outer: Value, lane: Local, stride: number, size: ElementSize): Local {
  // The counter of the lanes counts bytes of words.
  const bytes: Value = () => {
    lane.get(f);
    if (size === 4) return;
    f.i32(2 - Math.log2(size));
    f.plain("i32.shr_u");
  };
  return f.keep("i32", addScaled(outer, bytes, stride));
}

function placeOf({ frame }: BodyContext, range: MemoryRange): Place {
  return {
    base: frame.base(range),
    length: range.length,
    size: range.size,
    signed: range.signed || range.half,
  };
}

/** Pushes what lies at an index: a step, or a place. */
export function loadIndexed(
  context: BodyContext,
  binding: MemoryRange,
  index: number | Affine,
  dtype: Dtype,
): void {
  const { f } = context;
  const words: Value = () => pushWords(context, binding, index, dtype);
  (binding.half ? widenHalves(f, words) : words)(f);
  if (dtype !== "bool") return;
  f.v128([0, 0, 0, 0], true);
  f.simd("i32x4.ne");
}

/** Pushes what memory holds, in words. */
function pushWords(context: BodyContext, binding: MemoryRange, index: number | Affine, dtype: Dtype): void {
  const { f, at, laneAxis } = context;
  const access = accessOf(context, binding, index, dtype);
  const place = placeOf(context, binding.seenAs(dtype));
  const stride = access?.form.axes.get(laneAxis) ?? 0;
  if (!access) gather(f, place, stepValue(context, index as number), at.width);
  else if (stride !== 0) loadLanes(f, place, lanesOf(context, access, stride), at.width);
  else loadSplat(f, place, pointerOf(context, access), context.isInside(access.form, access.range));
}

/** Stores the lanes of the vector that is meant. */
export function storeIndexed(context: BodyContext, store: BodyStore): void {
  const { f, at, laneAxis } = context;
  const { op, value, index, range } = store;
  const access = accessOf(context, range, index, "float32");
  const stored = range.half ? halvesOf(context, value) : inMemory(context, value);
  const storing: Storing = { op, place: placeOf(context, range), value: stored };
  if (!access) {
    scatter(f, storing, stepValue(context, index as number), at.width);
    return;
  }
  const stride = access.form.axes.get(laneAxis) ?? 0;
  const inside = context.isInside(access.form, range);
  const count = stride === 0 && (op === "set" || !context.isVarying(value)) ? 1 : at.width;
  if (!inside) storeGuarded(context, access, storing, stride, count);
  else if (stride === 0)
    for (let lane = 0; lane < count; lane++) storeOne(f, storing, pointerOf(context, access), lane);
  else storeLanes(f, storing, lanesOf(context, access, stride), at.width);
}

/** A value as words of float16. The store rounds, so a step that only rounds is passed over. */
function halvesOf(context: BodyContext, id: number): Value {
  const { op, args } = context.spec.code[id]!;
  return context.f.let(narrowToHalves(context.f, stepValue(context, op === "half" ? args[0]! : id)));
}

/** Element by element, those outside left out. */
function storeGuarded(
  context: BodyContext,
  access: Access,
  storing: Storing,
  stride: number,
  count: number,
): void {
  const { f } = context;
  const { base, size } = storing.place;
  const lanes = stride === 0 ? null : lanesOf(context, access, stride);
  const first = lanes ? add(lanes.address.get, int(lanes.offset)) : pointerOf(context, access);
  for (let lane = 0; lane < count; lane++) {
    const offset = sub(first, base);
    const index = f.keep("i32", () => {
      offset(f);
      f.i32(Math.log2(size));
      f.plain("i32.shr_s");
      f.i32(lane * stride);
      f.plain("i32.add");
    });
    storeAt(f, storing, index, lane);
  }
}

const numbers = new WeakMap<MemoryRange, number>();
let lastNumber = 0;

function keyOf({ range, form }: Access): string {
  const number = numbers.get(range) ?? ++lastNumber;
  numbers.set(range, number);
  return `${number}:${form.constant}:${[...form.axes]}:${[...form.terms]}`;
}
