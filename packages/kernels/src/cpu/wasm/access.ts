/** @file Loads of four lanes: together where they are neighbours, one by one where they are not. Bytes and halves are widened to words. */
import type { ElementSize } from "../memory.ts";
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import { add, int, max, min, sub } from "./integers.ts";

/** Where a binding lies: `base` is its first byte, `length` counts elements of `size` bytes. */
export interface Place {
  readonly base: Value;
  readonly length: number;
  readonly size: ElementSize;
  /** The sign of a shorter element goes into all upper bits of its word. */
  readonly signed: boolean;
}

/** Lanes from `offset` bytes behind `address` on, each `stride` elements after the one before. */
export interface Lanes {
  readonly address: Local;
  readonly offset: number;
  readonly stride: number;
  /** All of them are known to lie inside. */
  readonly inside: boolean;
}

/** `address` moved to the nearest element of the place. */
function clamped(f: FunctionBuilder, { base, length, size }: Place, address: Value): Value {
  const last = Math.max(length - 1, 0) * size;
  const offset = f.keep("i32", sub(address, base)).get;
  return add(base, max(f.keep("i32", min(offset, int(last))).get, int(0)));
}

/** Pushes one element in all lanes. */
export function loadSplat(f: FunctionBuilder, place: Place, address: Value, inside: boolean): void {
  (inside ? address : clamped(f, place, address))(f);
  if (place.size === 4) {
    f.memory("v128.load32_splat");
    return;
  }
  f.memory(shortLoad(place));
  f.simd("i32x4.splat");
}

function shortLoad({ size, signed }: Place): "i32.load16_s" | "i32.load8_s" | "i32.load8_u" {
  return size === 2 ? "i32.load16_s" : signed ? "i32.load8_s" : "i32.load8_u";
}

/** Pushes the lanes; those from `width` on may hold anything. */
export function loadLanes(f: FunctionBuilder, place: Place, lanes: Lanes, width: 1 | 4): void {
  const { stride, inside } = lanes;
  if (width === 1) loadSplat(f, place, laneAddress(lanes, place.size, 0), inside);
  else if (stride !== 1 || place.length < 4) loadEach(f, place, lanes);
  else if (inside) loadNeighbours(f, place, lanes);
  else {
    const isInside: Value = () => {
      sub(laneAddress(lanes, place.size, 0), place.base)(f);
      f.i32((place.length - 4) * place.size);
      f.plain("i32.le_u");
    };
    f.if(
      isInside,
      () => loadNeighbours(f, place, lanes),
      () => loadEach(f, place, lanes),
      "v128",
    );
  }
}

export function laneAddress({ address, offset, stride }: Lanes, size: number, lane: number): Value {
  const bytes = offset + lane * stride * size;
  return bytes === 0 ? address.get : add(address.get, int(bytes));
}

function loadNeighbours(f: FunctionBuilder, { size, signed }: Place, { address, offset }: Lanes): void {
  address.get(f);
  if (size === 4) {
    f.memory("v128.load", offset);
    return;
  }
  f.memory(size === 2 ? "v128.load64_zero" : "v128.load32_zero", offset);
  if (size === 1) f.simd(signed ? "i16x8.extend_low_i8x16_s" : "i16x8.extend_low_i8x16_u");
  f.simd(signed ? "i32x4.extend_low_i16x8_s" : "i32x4.extend_low_i16x8_u");
}

function loadEach(f: FunctionBuilder, place: Place, lanes: Lanes): void {
  const result = f.local("v128");
  for (let lane = 0; lane < 4; lane++) {
    const at = laneAddress(lanes, place.size, lane);
    loadInto(f, place, result, lane, lanes.inside ? at : (g) => clamped(g, place, at)(g));
  }
  result.get(f);
}

function loadInto(f: FunctionBuilder, place: Place, result: Local, lane: number, address: Value): void {
  f.set(result, () => {
    if (place.size === 4) {
      address(f);
      if (lane > 0) {
        result.get(f);
        f.memoryLane("v128.load32_lane", lane);
      } else f.memory("v128.load32_zero");
      return;
    }
    result.get(f);
    address(f);
    f.memory(shortLoad(place));
    f.lane("i32x4.replace_lane", lane);
  });
}

/** Byte addresses of the elements at a vector of indices, which may lie outside. */
function addressesOf(f: FunctionBuilder, { base, length, size }: Place, index: Value): Value {
  return f.let(() => {
    index(f);
    f.v128([0, 0, 0, 0], true);
    f.simd("i32x4.max_s");
    const last = Math.max(length - 1, 0);
    f.v128([last, last, last, last], true);
    f.simd("i32x4.min_s");
    f.i32(Math.log2(size));
    f.simd("i32x4.shl");
    base(f);
    f.simd("i32x4.splat");
    f.simd("i32x4.add");
  });
}

export function laneOf(vector: Value, lane: number): Value {
  return (f) => {
    vector(f);
    f.lane("i32x4.extract_lane", lane);
  };
}

/** Pushes the elements at a vector of indices, each moved to the nearest inside. */
export function gather(f: FunctionBuilder, place: Place, index: Value, width: 1 | 4): void {
  const addresses = addressesOf(f, place, index);
  if (width === 1) {
    loadSplat(f, place, laneOf(addresses, 0), true);
    return;
  }
  const result = f.local("v128");
  for (let lane = 0; lane < 4; lane++) loadInto(f, place, result, lane, laneOf(addresses, lane));
  result.get(f);
}
