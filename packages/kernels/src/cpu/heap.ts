/** @file The memory of a cpu device: ranges of one WebAssembly memory, or arrays of their own where there is no WebAssembly. */
import { formatBytes } from "../device/errors.ts";
import { giveMemory, type LinearMemory, takeMemory } from "./linearMemory.ts";
import { type Views, viewsOf } from "./memory.ts";

/** A range of memory. Its contents are undefined. */
export interface Block {
  readonly bytes: number;
  /** Views of the range as it is now: asked for anew after anything was taken, since memory may have grown. */
  readonly views: Views;
}

export interface Heap {
  /** At least `bytes` bytes; throws RangeError where memory is lacking. `fresh`: the range was never used before. */
  take(bytes: number): { readonly block: Block; readonly fresh: boolean };
  give(block: Block): void;
  /** Grows at once by what the next calls of `take` will need. */
  reserve(bytes: number): void;
  dispose(): void;
}

/** Ranges start at multiples of this, so that vectors never straddle cache lines. */
const alignment = 64;
const pageBytes = 65536;

const aligned = (bytes: number): number => Math.max(alignment, Math.ceil(bytes / alignment) * alignment);

class Range implements Block {
  readonly offset: number;
  readonly bytes: number;
  readonly #memory: WebAssembly.Memory;
  #buffer: ArrayBuffer | null = null;
  #views: Views | null = null;

  constructor(memory: WebAssembly.Memory, offset: number, bytes: number) {
    this.#memory = memory;
    this.offset = offset;
    this.bytes = bytes;
  }

  get views(): Views {
    const { buffer } = this.#memory;
    if (this.#views && this.#buffer === buffer) return this.#views;
    this.#buffer = buffer;
    this.#views = viewsOf(buffer, this.offset, this.bytes);
    return this.#views;
  }
}

export class LinearHeap implements Heap {
  readonly memory: WebAssembly.Memory;
  readonly #linear: LinearMemory;
  /** Free ranges by offset; neighbours are merged. */
  readonly #free: { offset: number; bytes: number }[] = [];
  /** First byte that was never given out. */
  #top = alignment;

  constructor(linear = takeMemory()) {
    this.#linear = linear;
    this.memory = linear.memory;
  }

  take(bytes: number): { block: Block; fresh: boolean } {
    const size = aligned(bytes);
    const reused = this.#reuse(size);
    if (reused !== null) return { block: new Range(this.memory, reused, size), fresh: false };
    this.#growTo(this.#top + size);
    const offset = this.#top;
    this.#top += size;
    return { block: new Range(this.memory, offset, size), fresh: true };
  }

  give(block: Block): void {
    const { offset, bytes } = block as Range;
    const free = this.#free;
    let at = free.findIndex((range) => range.offset > offset);
    if (at < 0) at = free.length;
    free.splice(at, 0, { offset, bytes });
    this.#merge(at);
    if (at > 0) this.#merge(at - 1);
  }

  reserve(bytes: number): void {
    if (bytes > 0) this.#growTo(this.#top + aligned(bytes));
  }

  dispose(): void {
    giveMemory(this.#linear);
  }

  /** The smallest free range that is large enough. */
  #reuse(size: number): number | null {
    let best = -1;
    this.#free.forEach(({ bytes }, i) => {
      if (bytes >= size && (best < 0 || bytes < this.#free[best]!.bytes)) best = i;
    });
    const range = this.#free[best];
    if (!range) return null;
    const { offset } = range;
    range.offset += size;
    range.bytes -= size;
    if (range.bytes === 0) this.#free.splice(best, 1);
    return offset;
  }

  #merge(at: number): void {
    const [range, next] = [this.#free[at]!, this.#free[at + 1]];
    if (!next || range.offset + range.bytes !== next.offset) return;
    range.bytes += next.bytes;
    this.#free.splice(at + 1, 1);
  }

  /** Growing detaches all views, so it takes a quarter more than it must. */
  #growTo(bytes: number): void {
    const pages = this.memory.buffer.byteLength / pageBytes;
    // A vector may be read from the last element on.
    const needed = Math.ceil((bytes + alignment) / pageBytes);
    if (needed <= pages) return;
    const { maximum } = this.#linear;
    if (needed > maximum)
      throw new RangeError(`WebAssembly's memory ends at ${formatBytes(maximum * pageBytes)}`);
    const wanted = Math.min(maximum, Math.max(needed, Math.ceil(pages * 1.25)));
    try {
      this.memory.grow(wanted - pages);
    } catch {
      this.memory.grow(needed - pages);
    }
  }
}

/** Freed memory kept for reuse whatever is in use; beyond it, as much as is in use. */
const freeAlways = 64 << 20;

/** Arrays by size, for pages without WebAssembly. */
export class ArrayHeap implements Heap {
  readonly #free = new Map<number, Block[]>();
  #freeBytes = 0;
  #usedBytes = 0;

  take(bytes: number): { block: Block; fresh: boolean } {
    const size = aligned(bytes);
    const known = this.#free.get(size)?.pop();
    if (known) this.#freeBytes -= size;
    const block = known ?? { bytes: size, views: viewsOf(new ArrayBuffer(size), 0, size) };
    this.#usedBytes += size;
    return { block, fresh: !known };
  }

  give(block: Block): void {
    const { bytes } = block;
    this.#usedBytes -= bytes;
    if (this.#freeBytes + bytes > Math.max(freeAlways, this.#usedBytes)) return;
    this.#freeBytes += bytes;
    const same = this.#free.get(bytes);
    if (same) same.push(block);
    else this.#free.set(bytes, [block]);
  }

  reserve(): void {}

  dispose(): void {
    this.#free.clear();
  }
}
