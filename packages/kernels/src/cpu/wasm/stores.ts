/** @file Stores of four lanes: together where they are neighbours, one by one where they are not. A half is the lower 16 bits of its lane. */
import { type Lanes, laneAddress, laneOf, type Place } from "./access.ts";
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import { add, int, shiftLeft } from "./integers.ts";

/** How a lane meets what memory holds. */
export type StoreOp = "set" | "or";

/** What is stored how; `or` goes to words alone. */
export interface Storing {
  readonly op: StoreOp;
  readonly place: Place;
  readonly value: Value;
}

/** Stores one lane at an address. */
export function storeOne(f: FunctionBuilder, { op, place, value }: Storing, address: Value, lane = 0): void {
  address(f);
  if (op === "set") {
    value(f);
    if (place.size === 2) f.memoryLane("v128.store16_lane", lane * 2);
    else f.memoryLane("v128.store32_lane", lane);
    return;
  }
  address(f);
  f.memory("i32.load");
  value(f);
  f.lane("i32x4.extract_lane", lane);
  f.plain("i32.or");
  f.memory("i32.store");
}

export function storeLanes(f: FunctionBuilder, storing: Storing, lanes: Lanes, width: 1 | 4): void {
  const { op, place, value } = storing;
  if (width === 4 && lanes.stride === 1 && op === "set") {
    storeNeighbours(f, place, lanes, value);
    return;
  }
  for (let lane = 0; lane < width; lane++) storeOne(f, storing, laneAddress(lanes, place.size, lane), lane);
}

function storeNeighbours(
  f: FunctionBuilder,
  { size }: Place,
  { address, offset }: Lanes,
  value: Value,
): void {
  address.get(f);
  value(f);
  if (size === 4) {
    f.memory("v128.store", offset);
    return;
  }
  value(f);
  f.simd("i16x8.narrow_i32x4_u");
  f.memoryLane("v128.store64_lane", 0, offset);
}

/** Stores at a vector of indices; those outside write nothing. */
export function scatter(f: FunctionBuilder, storing: Storing, index: Value, width: 1 | 4): void {
  for (let lane = 0; lane < width; lane++) storeAt(f, storing, f.keep("i32", laneOf(index, lane)), lane);
}

/** Stores a lane at an element index, if that is inside. */
export function storeAt(f: FunctionBuilder, storing: Storing, index: Local, lane = 0): void {
  const { base, length, size } = storing.place;
  const isInside: Value = () => {
    index.get(f);
    f.i32(length);
    f.plain("i32.lt_u");
  };
  f.if(isInside, () => {
    storeOne(f, storing, add(base, shiftLeft(index.get, int(Math.log2(size)))), lane);
  });
}
