/** @file Scratch memory of a call: areas of cache lines of their own. */

/** Hands out areas in order. */
export class Areas {
  bytes = 0;

  /** The first byte of an area of so many words, or of the first of `count` that lie side by side. */
  take(words: number, count = 1): number {
    const offset = this.bytes;
    this.bytes += areaBytes(words) * count;
    return offset;
  }
}

/** From one area of so many words to the next. */
export function areaBytes(words: number): number {
  return Math.ceil((words * 4) / 64) * 64 + 64;
}
