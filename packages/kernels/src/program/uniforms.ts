/**
 * @file Kernel parameters of one program: written once, and patched where a run's scalars differ from the
 * last run's.
 */
import { counts } from "../device/counters.ts";
import type { BufferPool, GpuBuffer } from "../device/pool.ts";
import { roundUp } from "../device/sizeClass.ts";
import { blocksOf, type FlatCall } from "./flatten.ts";

/** Required alignment of a uniform binding. */
const uniformAlignment = 256;

export class Uniforms {
  readonly #queue: GPUQueue;
  readonly #data: Uint32Array;
  /** Pairs: word of `#data`, index of the scalar that fills it. */
  readonly #patches: Uint32Array;
  /** First and last patched word. */
  readonly #low: number;
  readonly #high: number;
  /** Byte offset of each call's params: of its first block, where repeats give it several. */
  readonly offsets: Uint32Array;
  /** Null where no call has params. */
  readonly buffer: GpuBuffer | null;

  constructor(calls: readonly FlatCall[], pool: BufferPool, queue: GPUQueue, label: string) {
    this.#queue = queue;
    this.offsets = new Uint32Array(calls.length);
    const bytes = placeParams(calls, this.offsets);
    this.#data = new Uint32Array(bytes / 4);
    const patches: number[] = [];
    calls.forEach((flat, i) => {
      for (let block = 0; block < blocksOf(flat); block++) {
        const start = (this.offsets[i]! + block * blockStride(flat)) / 4;
        this.#data.set(flat.call.params, start);
        for (const { word, scalar } of flat.call.scalars) {
          const turn = iterationOf(flat, block, scalar);
          if (turn === null) patches.push(start + word, scalar);
          else this.#data[start + word] = turn;
        }
      }
    });
    this.#patches = Uint32Array.from(patches);
    const words = this.#patches.filter((_, i) => i % 2 === 0);
    this.#low = words.length > 0 ? Math.min(...words) : 0;
    this.#high = words.length > 0 ? Math.max(...words) : 0;
    this.buffer = bytes > 0 ? pool.take(bytes, `uniform ${label}`, "uniform") : null;
    if (this.buffer) this.#write(0, this.#data.length);
  }

  /** Makes the next dispatches see `scalars`: one write of the touched range, none where nothing changed. */
  patch(scalars: Uint32Array): void {
    let changed = false;
    for (let i = 0; i < this.#patches.length; i += 2) {
      const word = this.#patches[i]!;
      const value = scalars[this.#patches[i + 1]!]!;
      if (this.#data[word] === value) continue;
      this.#data[word] = value;
      changed = true;
    }
    if (changed) this.#write(this.#low, this.#high + 1 - this.#low);
  }

  #write(word: number, words: number): void {
    this.#queue.writeBuffer(this.buffer!.physical.gpu, word * 4, this.#data, word, words);
    counts.bytesWritten += words * 4;
  }
}

/** Bytes from one block of a call's params to the next. */
export function blockStride({ call }: FlatCall): number {
  return roundUp(call.params.length * 4, uniformAlignment);
}

/** The iteration number that a scalar is in a block of params, or null for a scalar of the run. */
function iterationOf({ loops }: FlatCall, block: number, scalar: number): number | null {
  let rest = block;
  for (const { count, iteration } of loops.toReversed()) {
    if (iteration === scalar) return rest % count;
    rest = Math.floor(rest / count);
  }
  return null;
}

/**
 * Fills `offsets` and returns the bytes in all. Calls that take scalars of the run lie together, so that
 * patching them is a short write.
 */
function placeParams(calls: readonly FlatCall[], offsets: Uint32Array): number {
  let end = 0;
  for (const patched of [true, false]) {
    calls.forEach((flat, i) => {
      const { params, scalars } = flat.call;
      const isPatched = scalars.some(({ scalar }) => iterationOf(flat, 0, scalar) === null);
      if (isPatched !== patched || params.length === 0) return;
      offsets[i] = end;
      end += blocksOf(flat) * blockStride(flat);
    });
  }
  return end;
}
