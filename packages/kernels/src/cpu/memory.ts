/** @file Memory, a buffer of a plan as kernels see it: slots that follow whatever array backs the buffer in this run. */
import type { Dtype } from "../ir/kernel.ts";
import { bitsOf, kindOf, type Numbers, Slot } from "./slot.ts";

type ArrayView = Exclude<keyof Views, "offset">;

/** All views of one range of memory. */
export interface Views {
  /** Where the range starts in the memory that WebAssembly addresses. */
  readonly offset: number;
  readonly f: Float32Array<ArrayBuffer>;
  readonly i: Int32Array<ArrayBuffer>;
  readonly u: Uint32Array<ArrayBuffer>;
  readonly uint8: Uint8Array<ArrayBuffer>;
  readonly int8: Int8Array<ArrayBuffer>;
  readonly float16: Uint16Array<ArrayBuffer>;
}

/** Views of `bytes` bytes (a multiple of 4) of `buffer` from `offset` on. */
export function viewsOf(buffer: ArrayBuffer, offset = 0, bytes = buffer.byteLength): Views {
  return {
    offset,
    f: new Float32Array(buffer, offset, bytes / 4),
    i: new Int32Array(buffer, offset, bytes / 4),
    u: new Uint32Array(buffer, offset, bytes / 4),
    uint8: new Uint8Array(buffer, offset, bytes),
    int8: new Int8Array(buffer, offset, bytes),
    float16: new Uint16Array(buffer, offset, bytes / 2),
  };
}

const none = /* @__PURE__ */ viewsOf(/* @__PURE__ */ new ArrayBuffer(0));

export class Memory {
  readonly #slots: { readonly slot: Slot; readonly view: ArrayView }[] = [];
  /** What compiled code has to know when the memory lies elsewhere. */
  readonly #followers: ((offset: number) => void)[] = [];
  #bound = none;

  /** Points every slot at `views`. Cheap when nothing changed. */
  bind(views: Views): void {
    if (views === this.#bound) return;
    this.#bound = views;
    for (const follow of this.#followers) follow(views.offset);
    for (const { slot, view } of this.#slots) {
      slot.data = views[view];
      slot.bits = slot.data.BYTES_PER_ELEMENT === 4 ? views.i : bitsOf(slot.data);
    }
  }

  get views(): Views {
    return this.#bound;
  }

  /** Calls `follower` with the offset whenever the memory is bound. */
  follow(follower: (offset: number) => void): void {
    this.#followers.push(follower);
    follower(this.#bound.offset);
  }

  slot(view: ArrayView): Slot<Numbers> {
    const slot = new Slot<Numbers>(this.#bound[view]);
    this.#slots.push({ slot, view });
    return slot;
  }
}

/** Of packed bytes, of float16, and of all others. */
export type ElementSize = 1 | 2 | 4;

/** A bound range of a memory: `first` and `length` in elements of `dtype`. */
export class MemoryRange {
  readonly memory: Memory;
  /** The range as it was bound, of which this is another view. */
  readonly bound: MemoryRange;
  readonly first: number;
  readonly length: number;
  /** Bytes of an element. */
  readonly size: ElementSize;
  readonly #dtype: Dtype;
  readonly #offset: number;
  readonly #bytes: number;

  constructor(memory: Memory, dtype: Dtype, offset: number, bytes: number, bound?: MemoryRange) {
    const size = dtype === "float16" ? 2 : isPacked(dtype) ? 1 : 4;
    this.memory = memory;
    this.bound = bound ?? this;
    this.#dtype = dtype;
    this.#offset = offset;
    this.#bytes = bytes;
    this.size = size;
    this.first = offset / size;
    this.length = Math.floor(bytes / size);
  }

  /** Elements are bytes or halves, widened when loaded. */
  get packed(): boolean {
    return isPacked(this.#dtype);
  }

  /** Of packed bytes. */
  get signed(): boolean {
    return this.#dtype === "int8";
  }

  /** The first byte within the memory. */
  get offset(): number {
    return this.#offset;
  }

  /** Elements are float16: bits that only loads and stores of their own understand. */
  get half(): boolean {
    return this.#dtype === "float16";
  }

  /** The range as a load of `dtype` sees it: packed bytes may lie in a binding of words. */
  seenAs(dtype: Dtype): MemoryRange {
    if (!isPacked(dtype) || this.packed) return this;
    return new MemoryRange(this.memory, dtype, this.#offset, this.#bytes, this.bound);
  }

  /** A slot that reads or writes values of `dtype` here; words of another dtype are reinterpreted. */
  slot(dtype: Dtype): Slot<Numbers> {
    return this.memory.slot(isPacked(this.#dtype) ? this.#dtype : kindOf(dtype));
  }
}

/** Float32 elements in a memory of their own: what a kernel computes on the way. */
export function ownRange(elements: number): MemoryRange {
  return new MemoryRange(new Memory(), "float32", 0, elements * 4);
}

function isPacked(dtype: Dtype): dtype is "uint8" | "int8" | "float16" {
  return dtype === "uint8" || dtype === "int8" || dtype === "float16";
}
