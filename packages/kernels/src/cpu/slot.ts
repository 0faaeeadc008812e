/** @file Where the values of kernels lie: views of memory, and the registers of the block machine. */
import type { Dtype } from "../ir/kernel.ts";

export type Words = Float32Array | Int32Array | Uint32Array;
export type Numbers = Words | Uint8Array | Int8Array | Uint16Array | Float64Array;

const noBits = /* @__PURE__ */ new Int32Array(0);

/**
 * Where a value lies: lane i is `data[at + i]`, and `bits[at + i]` as an int32 word (empty for bytes). Copies move bits, so that one
 * loop serves all dtypes. Registers have at = 0; memory operands are moved before each block.
 */
export class Slot<T extends Numbers = Numbers> {
  data: T;
  bits: Int32Array;
  at: number;

  constructor(data: T, at = 0) {
    this.data = data;
    this.bits = bitsOf(data);
    this.at = at;
  }
}

export function bitsOf(data: Numbers): Int32Array {
  if (data.BYTES_PER_ELEMENT !== 4) return noBits;
  return new Int32Array(data.buffer, data.byteOffset, data.length);
}

/** How a value of a dtype is held in JavaScript: bool as uint32 0 or 1, packed bytes widened. */
export type Kind = "f" | "i" | "u";

const kinds: Record<Dtype, Kind> = {
  float32: "f",
  float16: "f",
  int32: "i",
  uint32: "u",
  bool: "u",
  uint8: "u",
  int8: "i",
};

export function kindOf(dtype: Dtype): Kind {
  return kinds[dtype];
}
