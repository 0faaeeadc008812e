/** @file Scratch memory of a call: areas of cache lines of their own. */

/** Hands out areas in order. */
export class Areas {
  bytes = 0;

  /** The first byte of an area of so many words. */
  take(words: number): number {
    const offset = this.bytes;
    this.bytes += Math.ceil((words * 4) / 64) * 64 + 64;
    return offset;
  }
}
