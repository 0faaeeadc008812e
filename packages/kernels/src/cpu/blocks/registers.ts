/** @file Registers of the block machine: short typed arrays that every scalar step reads and writes. */
import type { Dtype } from "../../ir/kernel.ts";

/** Elements per block: small enough that the registers of a kernel stay in the first-level cache. */
export const blockSize = 256;

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

function newRegister(kind: Kind): Slot<Words> {
  if (kind === "f") return new Slot(new Float32Array(blockSize));
  return new Slot(kind === "i" ? new Int32Array(blockSize) : new Uint32Array(blockSize));
}

/**
 * Hands out registers. Kernels run one after another, so all of them share the same arrays: the pool is as large as the
 * longest kernel. Constants are interned and filled once.
 */
export class RegisterPool {
  readonly #made: Record<Kind, Slot<Words>[]> = { f: [], i: [], u: [] };
  readonly #used: Record<Kind, number> = { f: 0, i: 0, u: 0 };
  readonly #constants = new Map<string, Slot<Words>>();
  readonly #lanes: Slot<Float64Array>[] = [];
  #usedLanes = 0;

  /** Starts a new kernel: every register may be handed out again. */
  restart(): void {
    this.#used.f = this.#used.i = this.#used.u = this.#usedLanes = 0;
  }

  take(kind: Kind): Slot<Words> {
    const list = this.#made[kind];
    const register = list[this.#used[kind]] ?? newRegister(kind);
    list[this.#used[kind]++] = register;
    return register;
  }

  /** A float64 register: the accumulators of a reduction. */
  takeLanes(): Slot<Float64Array> {
    const register = this.#lanes[this.#usedLanes] ?? new Slot(new Float64Array(blockSize));
    this.#lanes[this.#usedLanes++] = register;
    return register;
  }

  /** A register that holds `value` in every lane and is never written again. */
  constant(kind: Kind, value: number): Slot<Words> {
    const key = `${kind}${Object.is(value, -0) ? "-0" : value}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const made = newRegister(kind);
    made.data.fill(value);
    this.#constants.set(key, made);
    return made;
  }
}
